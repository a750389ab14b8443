/** What became of signals: each comes once at most to a device, as it was sent, and only to those who are in its room. */
import type { Of, Protocol } from "../records.js";
import type { Check, Findings, Witness } from "./findings.js";

type Sent = Witness & { entry: Of<"signal"> };
type Came = Witness & { entry: Of<"signalled"> };

export class SignalCheck implements Check {
  readonly #findings: Findings;
  readonly #users = new Map<string, string>();
  readonly #protocols = new Map<string, Protocol>();
  readonly #sent = new Map<string, Sent>();
  readonly #came: Came[] = [];
  /** By client: the rooms that its connection has joined. */
  readonly #joined = new Map<string, Set<string>>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  see(witness: Witness): void {
    const { entry, source } = witness;
    switch (entry.kind) {
      case "client":
        this.#users.set(source, entry.user);
        this.#protocols.set(source, entry.protocol);
        break;
      case "connected":
      case "disconnected":
        this.#joined.delete(source);
        break;
      case "members":
        this.#joined.set(source, (this.#joined.get(source) ?? new Set()).add(entry.room));
        break;
      case "signal":
        this.#findings.count("signals");
        this.#sent.set(entry.id, { ...witness, entry });
        break;
      case "signalled":
        this.#findings.count("signals delivered");
        this.#came.push({ ...witness, entry });
        this.#checkJoined({ ...witness, entry });
        break;
    }
  }

  finish(): void {
    const first = new Map<string, Came>();
    for (const came of this.#came) {
      const { entry, source } = came;
      const key = JSON.stringify([source, entry.id]);
      const before = first.get(key);
      if (before !== undefined)
        this.#findings.breach("signal", `${source} got ${entry.id} twice`, before, came);
      else first.set(key, came);
      this.#checkSource(came);
    }
  }

  /** Of the others' records it cannot be seen on which of their connections something came. */
  #checkJoined(came: Came): void {
    const { source, entry } = came;
    if (this.#protocols.get(source) !== "frames" || this.#joined.get(source)?.has(entry.room) === true)
      return;
    this.#findings.breach("signal", `${source} got ${entry.id} before it had joined ${entry.room}`, came);
  }

  #checkSource(came: Came): void {
    const { entry, source } = came;
    const sent = this.#sent.get(entry.id);
    if (sent === undefined) {
      this.#findings.breach("signal", `${source} got ${entry.id}, which nobody has sent`, came);
      return;
    }
    const { room, size, binaries } = sent.entry;
    const isSame =
      entry.room === room &&
      entry.size === size &&
      entry.binaries === binaries &&
      entry.user === this.#users.get(sent.source);
    if (!isSame)
      this.#findings.breach("signal", `${source} got ${entry.id} otherwise than it was sent`, sent, came);
  }
}
