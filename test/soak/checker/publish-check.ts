/** Whether what was acked to publishers is so, held against the rooms' logs as they were read at the end. */
import type { Of, Position } from "../records.js";
import type { Check, Findings, Witness } from "./findings.js";

type Ack = Witness & { entry: Of<"published"> };
type Kept = Witness & { entry: Of<"kept"> };

/** A room's log as it was read at the end. */
interface Reading {
  log: Witness & { entry: Of<"log"> };
  before: Map<number, Kept>;
  after: Map<number, Kept>;
}

export class PublishCheck implements Check {
  readonly #findings: Findings;
  readonly #acks = new Map<string, Ack>();
  readonly #unanswered = new Map<string, Witness & { entry: Of<"publish"> }>();
  readonly #kept: Kept[] = [];
  readonly #readings = new Map<string, Reading>();
  readonly #keeps = new Map<string, number>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  see(witness: Witness): void {
    const { entry } = witness;
    switch (entry.kind) {
      case "run":
        for (const { room, keeps } of entry.rooms) this.#keeps.set(room, keeps);
        break;
      case "publish":
        this.#findings.count(entry.again ? "publishes made again on purpose" : "publishes");
        this.#unanswered.set(callKey(witness, entry), { ...witness, entry });
        break;
      case "published":
        this.#unanswered.delete(callKey(witness, entry));
        this.#ack({ ...witness, entry });
        break;
      case "kept":
        this.#kept.push({ ...witness, entry });
        break;
      case "log":
        this.#readings.set(entry.room, { log: { ...witness, entry }, before: new Map(), after: new Map() });
        break;
    }
  }

  finish(): void {
    for (const call of this.#unanswered.values()) {
      this.#findings.breach("unanswered", `${call.entry.id} in ${call.entry.room} was never acked`, call);
    }
    this.#readLogs();
    for (const ack of this.#acks.values()) this.#checkKept(ack);
  }

  #ack(ack: Ack): void {
    const { room, id, position, duplicate } = ack.entry;
    const at = JSON.stringify([room, id]);
    const first = this.#acks.get(at);
    if (first === undefined) {
      this.#findings.count("publishes acked");
      this.#acks.set(at, ack);
      return;
    }
    this.#findings.count("publishes acked again");
    const { position: given } = first.entry;
    if (given.epoch !== position.epoch || given.offset !== position.offset) {
      const offsets = `${given.offset}, and then ${position.offset}`;
      this.#findings.breach("duplicate", `${id} in ${room} was acked at ${offsets}`, first, ack);
    } else if (duplicate === false) {
      this.#findings.breach("duplicate", `${id} in ${room} was acked twice as new`, first, ack);
    }
  }

  #readLogs(): void {
    for (const kept of this.#kept) {
      const { room, way, position } = kept.entry;
      this.#readings.get(room)?.[way].set(position.offset, kept);
    }
    for (const [room, reading] of this.#readings) this.#checkWhole(room, reading);
  }

  /** Every offset from the oldest kept to the last is there, read from either end, and no fewer than are to be kept. */
  #checkWhole(room: string, { log, before, after }: Reading): void {
    const { first, last } = log.entry;
    this.#findings.count("messages in the logs at the end", last - first + 1);
    for (let offset = first; offset <= last; offset++) {
      const one = before.get(offset);
      const other = after.get(offset);
      if (one === undefined || other === undefined) {
        const ways = `backward ${one === undefined ? "no" : "yes"}, forward ${other === undefined ? "no" : "yes"}`;
        this.#findings.breach("log", `${room} at ${offset}: ${ways}`, log, one ?? other);
      }
    }
    const keeps = this.#keeps.get(room) ?? 0;
    if (first > 1 && last - first + 1 < keeps) {
      const message = `${room} should keep ${keeps} messages and has ${last - first + 1} of ${last}`;
      this.#findings.breach("log", message, log);
    }
  }

  #checkKept(ack: Ack): void {
    const { room, id, position } = ack.entry;
    const reading = this.#readings.get(room);
    if (reading === undefined) {
      this.#findings.breach("lost", `${id} was acked, and nobody could read the log of ${room}`, ack);
      return;
    }
    const { first, last, epoch } = reading.log.entry;
    const where = `${room} ${position.epoch}/${position.offset}`;
    if (epoch !== position.epoch || position.offset > last) {
      const message = `${id} was acked at ${where}, and the log ends at ${epoch}/${last}`;
      this.#findings.breach("lost", message, ack, reading.log);
    } else if (position.offset >= first) {
      this.#checkPlace(ack, position, reading);
    }
  }

  #checkPlace(ack: Ack, position: Position, reading: Reading): void {
    const found = reading.before.get(position.offset) ?? reading.after.get(position.offset);
    this.#findings.count("acked publishes found in the log at the end");
    if (found?.entry.id === ack.entry.id) return;
    const what = found === undefined ? "nothing" : found.entry.id;
    const message = `${ack.entry.id} was acked at offset ${position.offset}, where the log has ${what}`;
    this.#findings.breach("lost", message, ack, found ?? reading.log);
  }
}

/** A call of one client; a call that is made again is another one with the same key, answered by any ack for it. */
function callKey({ source }: Witness, { room, id }: { room: string; id: string }): string {
  return JSON.stringify([source, room, id]);
}
