/** What the checks found: how much they looked at, and each breach of a rule with the records that prove it. */
import type { Entry } from "../records.js";

/** Every rule that is checked, in words; docs/rooms-api.md says the same at more length. */
export const RULES = {
  lost: "A publish that was acked is in the log.",
  log: "A room's log has no hole, is the same read either way, and keeps as much as it should.",
  one_place: "A message has one place in its room's log, and a place has one message.",
  content: "A message arrives as it was published, from who published it.",
  publisher_order: "Messages of one publisher are in the log in the order in which they were published.",
  duplicate: "Publishing or sending again gives the first result.",
  gap: "A subscriber gets every message after its join, or is told that some are lost.",
  twice: "A subscriber gets no message twice.",
  order: "A subscriber gets messages in the order of the log.",
  recovery:
    "What a join recovers is complete; it recovers nothing only where something is not kept any more.",
  inbox_lost:
    "A message whose send was acked is processed by every device of its recipient, on one of its connections.",
  inbox_twice: "A client processes no item twice, and a message is put into an inbox once.",
  inbox_order:
    "A client processes the items of its inbox in order, with no gap but what another connection has processed.",
  inbox_cursor: "A device's cursor is what the device has acked, or gave as `since`.",
  receipt: "The sender who asked for it gets one receipt, once the message is processed.",
  signal: "A signal comes to a device once at most, as it was sent, and only in a room that it is in.",
  presence:
    "When all is over, everybody knows who is there: nobody is missing, and nobody there who has gone.",
  presence_change: "A change of who is in a room fits what the client was told before.",
  device:
    "Of two connections of a device the older is told once that the newer has come, and that it has gone.",
  refused: "Faults of the network or the server make no call fail for good, and end no session.",
  readable: "No connection ends because its client cannot read what it was sent.",
  unanswered: "Every publish and every send is acked in the end.",
  server: "The server logs no error, and ends only when it is told to.",
  memory: "The programs of native clients stay as large as they were.",
  settled: "When the faults stop, everything arrives within the deadline.",
  activity: "Enough happened for the checks to mean something.",
} as const;

export type Rule = keyof typeof RULES;

/** A record, and where it stands. */
export interface Witness {
  source: string;
  /** From 1. */
  line: number;
  entry: Entry;
}

export interface Violation {
  rule: Rule;
  message: string;
  proof: Witness[];
}

/** Looks at all records, those of a source in their order, and then judges what only the whole shows. */
export interface Check {
  see(witness: Witness): void;
  finish(): void;
}

/** Breaches of one rule that are kept with their proof; one fault of a server often breaks a rule a thousand times. */
const KEPT_PER_RULE = 10;

export class Findings {
  readonly violations: Violation[] = [];
  readonly #counted = new Map<string, number>();
  readonly #breached = new Map<Rule, number>();

  /** @param what In words: "publishes acked". */
  count(what: string, by = 1): void {
    this.#counted.set(what, (this.#counted.get(what) ?? 0) + by);
  }

  breach(rule: Rule, message: string, ...proof: (Witness | undefined)[]): void {
    const before = this.#breached.get(rule) ?? 0;
    this.#breached.set(rule, before + 1);
    if (before >= KEPT_PER_RULE) return;
    this.violations.push({ rule, message, proof: proof.filter((witness) => witness !== undefined) });
  }

  counts(): ReadonlyMap<string, number> {
    return this.#counted;
  }

  /** How often each rule was broken; the rules that hold are not in it. */
  breaches(): ReadonlyMap<Rule, number> {
    return this.#breached;
  }
}
