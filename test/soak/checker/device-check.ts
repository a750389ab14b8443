/** What the older of two connections of a device was told: that the newer had come, once, and that it had gone. */
import type { Of } from "../records.js";
import type { Check, Findings, Witness } from "./findings.js";

/** One connection of a client. */
interface Stretch {
  witness: Witness;
  from: number;
  to: number;
  told: (Witness & { entry: Of<"device"> })[];
}

/** Another connection of a client's device. */
interface Double {
  of: string;
  begun: number;
  /** Undefined where it never was. */
  connected: Witness | undefined;
  closed: number;
}

/** Milliseconds in which what the server has written arrives, if the connection lives so long: longer than any stall. */
const PATIENCE = 6_000;

export class DeviceCheck implements Check {
  readonly #findings: Findings;
  readonly #stretches = new Map<string, Stretch[]>();
  readonly #doubles = new Map<string, Double>();
  #over = Infinity;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  see(witness: Witness): void {
    const { entry, source } = witness;
    const { t } = entry;
    const current = this.#stretches.get(source)?.at(-1);
    const double = this.#doubles.get(source);
    switch (entry.kind) {
      case "settled":
      case "unsettled":
        this.#over = t;
        break;
      case "client":
        if (entry.doubles === undefined) break;
        this.#doubles.set(source, { of: entry.doubles, begun: t, connected: undefined, closed: Infinity });
        break;
      case "connected": {
        if (double !== undefined) double.connected = witness;
        const begun = { witness, from: t, to: Infinity, told: [] };
        this.#stretches.set(source, [...(this.#stretches.get(source) ?? []), begun]);
        break;
      }
      case "disconnected":
      case "reloaded":
        if (current !== undefined) current.to = Math.min(current.to, t);
        break;
      case "closed":
        if (double !== undefined) double.closed = t;
        break;
      case "device":
        this.#findings.count(entry.taken ? "devices taken" : "devices returned");
        current?.told.push({ ...witness, entry });
        break;
    }
  }

  finish(): void {
    for (const [client, stretches] of this.#stretches) {
      const doubles = [...this.#doubles.values()].filter((one) => one.of === client);
      for (const stretch of stretches) this.#check(client, stretch, doubles);
    }
  }

  #check(client: string, stretch: Stretch, doubles: readonly Double[]): void {
    const { from, told, witness } = stretch;
    const to = Math.min(stretch.to, this.#over);
    const taken = told.filter(({ entry }) => entry.taken);
    if (this.#doubles.has(client)) return; // it is older than its client's next connection only
    const possible = doubles.filter(({ begun, closed }) => begun < to && closed + PATIENCE > from);
    if (taken.length > possible.length) {
      const message = `${client} was told ${taken.length} times that its device was taken, and it was ${possible.length} times`;
      this.#findings.breach("device", message, ...taken);
    }
    for (const { begun, connected } of doubles) {
      if (connected === undefined || begun < from || connected.entry.t + PATIENCE > to) continue;
      if (taken.some(({ entry }) => entry.t >= begun)) continue;
      this.#findings.breach("device", `${client} was not told that its device was taken`, witness, connected);
    }
    const last = told.at(-1);
    const isAlone = doubles.every(({ closed, begun }) => begun > to || closed + PATIENCE < to);
    if (last?.entry.taken === true && isAlone) {
      this.#findings.breach("device", `${client} was not told that it had its device again`, last);
    }
    const [first] = told;
    if (first?.entry.taken === false) {
      this.#findings.breach("device", `${client} was told that it had its device again, and had it`, first);
    }
  }
}
