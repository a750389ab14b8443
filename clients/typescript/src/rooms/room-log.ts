/**
 * What a device has of a room's log: each message once, in order, and no gap that is not declared. A state machine with no
 * I/O: each method takes what happened and returns what is to be done, in order. docs/rooms-api.md, 5, is its rule:
 * what is broadcast is a hint, the log is the truth.
 */
import type { Position, RoomMessage } from "./api.js";
import type { HistoryPage, Joined } from "./wire.js";

export type LogEffect =
  | { readonly do: "deliver"; readonly message: RoomMessage }
  /** Read the log after this position. `missing`: how many messages; `failures`, from 0: how often in a row that brought nothing. */
  | { readonly do: "read"; readonly after: Position; readonly missing: number; readonly failures: number }
  /** Join again: the log is another one. */
  | { readonly do: "rejoin" }
  /** All up to `position` was delivered; or, if not `recovered`, what lies between the last message and it is lost. */
  | { readonly do: "joined"; readonly recovered: boolean; readonly position: Position };

export interface LogLimits {
  /** Live messages that wait while the log is read. With one more they are all dropped, and read from the log too. */
  readonly held: number;
  /** Messages that are read from the log in a row. If there are still more then, they are declared lost. */
  readonly repaired: number;
}

export const DEFAULT_LOG_LIMITS: LogLimits = { held: 1_000, repaired: 100_000 };

/** Readings in a row that brought nothing although something is missing, before it is declared lost. */
const MAX_BARREN = 8;

/** "joining" is from the call to its ack; "repairing" is while the log is read. In both, live messages are held. */
type Mode = "away" | "joining" | "repairing" | "live";

export class RoomLog {
  readonly #limits: LogLimits;
  #at: Position | undefined;
  #mode: Mode = "away";
  /** Live messages that cannot be delivered yet, in the order in which they came. */
  #held: RoomMessage[] = [];
  /** The furthest position that the server told of. */
  #heard: Position | undefined;
  /** Where the join was answered to be, until everything up to there is delivered or declared lost. */
  #joinedAt: Position | undefined;
  #repaired = 0;
  #barren = 0;
  #failures = 0;

  constructor(limits: LogLimits = DEFAULT_LOG_LIMITS) {
    this.#limits = limits;
  }

  /** Of the last message that was given out for delivery, or where one joined. */
  get position(): Position | undefined {
    return this.#at;
  }

  /** A stay in the room begins: after `since`, or wherever the log is when the join is answered. */
  begin(since: Position | undefined): void {
    this.away();
    this.#at = since;
  }

  /** `join` is called, with `since` the position. */
  joining(): void {
    if (this.#mode === "joining") return;
    this.away();
    this.#mode = "joining";
  }

  /** The connection is lost, or the room was left. What was held comes again with the next join. */
  away(): void {
    this.#mode = "away";
    this.#held = [];
    this.#heard = undefined;
    this.#joinedAt = undefined;
    this.#startCounting();
  }

  /** The call was answered. */
  joined({ position, recovered, messages = [] }: Omit<Joined, "members" | "count">): LogEffect[] {
    if (this.#mode !== "joining") return [];
    this.#mode = "repairing";
    this.#joinedAt = position;
    // What is of another log than the one that was joined is old news.
    this.#held = this.#held.filter(isOf(position));
    this.#hear(position);
    this.#at ??= position;
    if (this.#at.epoch !== position.epoch || this.#at.offset > position.offset) return this.#skip();
    return [...this.#arrive(), ...this.#take(recovered === true ? messages : []), ...this.#goOn()];
  }

  /** A message was broadcast. */
  received(message: RoomMessage): LogEffect[] {
    if (this.#mode === "away") return [];
    if (this.#held.length >= this.#limits.held) this.#held = [];
    this.#held.push(message);
    this.#hear(message.position);
    return this.#mode === "live" ? this.#goOn() : [];
  }

  /** The reading that was asked for brought this. */
  page({ messages, more }: Omit<HistoryPage, "position">): LogEffect[] {
    if (this.#mode !== "repairing") return [];
    const taken = this.#take(messages);
    this.#repaired += messages.length;
    const isEmptyPage = !taken.some((effect) => effect.do === "deliver");
    this.#barren = isEmptyPage ? this.#barren + 1 : 0;
    this.#failures = isEmptyPage ? this.#failures + 1 : 0;
    const isTooMuch = more && this.#repaired >= this.#limits.repaired;
    return [...taken, ...(isTooMuch || this.#barren > MAX_BARREN ? this.#skip() : this.#goOn())];
  }

  /** The reading that was asked for failed; it may be tried again. */
  readingFailed(): LogEffect[] {
    if (this.#mode !== "repairing") return [];
    this.#failures++;
    return this.#goOn();
  }

  /** What was asked for cannot be read any more. */
  unreadable(): LogEffect[] {
    return this.#mode === "repairing" ? this.#skip() : [];
  }

  /** The next message that was asked for cannot be read, ever; those after it may be. */
  nextUnreadable(): LogEffect[] {
    const at = this.#at;
    if (this.#mode !== "repairing" || at === undefined) return [];
    const position = { epoch: at.epoch, offset: at.offset + 1 };
    this.#at = position;
    if (this.#joinedAt !== undefined && this.#hasReached(this.#joinedAt)) this.#joinedAt = undefined;
    this.#startCounting();
    return [{ do: "joined", recovered: false, position }, ...this.#goOn()];
  }

  #hear(position: Position): void {
    const isFurther = position.epoch !== this.#heard?.epoch || position.offset > this.#heard.offset;
    if (isFurther) this.#heard = position;
  }

  /** Delivers messages of the log, as far as they are the next ones. */
  #take(messages: readonly RoomMessage[]): LogEffect[] {
    const effects: LogEffect[] = [];
    for (const message of messages) {
      if (!this.#isNext(message.position)) break;
      this.#at = message.position;
      effects.push({ do: "deliver", message }, ...this.#arrive());
    }
    return effects;
  }

  #isNext({ epoch, offset }: Position): boolean {
    return epoch === this.#at?.epoch && offset === this.#at.offset + 1;
  }

  /** Says that the join is complete, once everything up to its position is delivered. */
  #arrive(): LogEffect[] {
    const position = this.#joinedAt;
    if (position === undefined || !this.#hasReached(position)) return [];
    this.#joinedAt = undefined;
    return [{ do: "joined", recovered: true, position }];
  }

  #hasReached({ epoch, offset }: Position): boolean {
    return epoch === this.#at?.epoch && this.#at.offset >= offset;
  }

  /** Delivers what is held as far as it is in order, and has the rest read. */
  #goOn(): LogEffect[] {
    const effects: LogEffect[] = [];
    let done = 0;
    for (const message of this.#held) {
      if (!this.#hasReached(message.position) && !this.#isNext(message.position)) break;
      effects.push(...this.#take([message]));
      done++;
    }
    this.#held.splice(0, done);
    return [...effects, ...this.#next()];
  }

  #next(): LogEffect[] {
    const at = this.#at;
    const heard = this.#heard;
    const failures = this.#failures;
    if (at === undefined || heard === undefined) return [];
    const heldEpoch = this.#held[0]?.position.epoch ?? at.epoch;
    if (heard.epoch !== at.epoch || heldEpoch !== at.epoch) {
      this.#mode = "joining"; // and not `joining()`: what is held may be after the position that the join gives
      return [{ do: "rejoin" }];
    }
    const isComplete = at.offset >= heard.offset;
    this.#mode = isComplete ? "live" : "repairing";
    if (!isComplete) return [{ do: "read", after: at, missing: heard.offset - at.offset, failures }];
    this.#startCounting();
    return [];
  }

  /** Gives up what is missing: up to where one joined, or else up to the first message that is held. */
  #skip(): LogEffect[] {
    const position = this.#joinedAt ?? this.#beforeHeld();
    // Nothing is missing that anybody knows of.
    if (position === undefined) return this.#goOn();
    this.#at = position;
    this.#joinedAt = undefined;
    this.#startCounting();
    return [{ do: "joined", recovered: false, position }, ...this.#goOn()];
  }

  #beforeHeld(): Position | undefined {
    const at = this.#at;
    const heard = this.#heard;
    const isMissing = (position: Position): boolean => !this.#hasReached(position);
    const ofThisLog = at === undefined ? [] : this.#held.filter(isOf(at));
    // Not one that has come from the log meanwhile: the position must not go back.
    const first = ofThisLog.map(({ position }) => position).find(isMissing);
    if (first !== undefined && !this.#isNext(first)) return { epoch: first.epoch, offset: first.offset - 1 };
    if (first !== undefined) return undefined;
    return heard !== undefined && isMissing(heard) ? heard : undefined;
  }

  #startCounting(): void {
    this.#repaired = 0;
    this.#barren = 0;
    this.#failures = 0;
  }
}

const isOf =
  ({ epoch }: Position) =>
  ({ position }: RoomMessage): boolean =>
    position.epoch === epoch;
