/**
 * How many messages or members to read at a time: something on the way may take less than the server gives, and a connection that ends again and
 * again under the answer to a read ends because of it (docs/sdk.md, 4.13). Without this a room could be locked for ever. Pure.
 */
import type { Position } from "./api.js";
import { RoomsError } from "./errors.js";
import type { Ending } from "./suspects.js";
import type { CallName } from "./wire.js";

/** As many as the server gives at a time. */
const WHOLE = 500;

/** A close that says so makes pages smaller at once, and of cuts, which happen by chance too, the second in a row. */
const WEIGHTS: Readonly<Record<Ending, number>> = { too_large: 2, cut: 1, other: 0 };
const ENOUGH_TO_SHRINK = 2;

/** Three closes, or six cuts, under the reading of one message alone. */
const ENOUGH_FOR_ONE = 6;

/** Answers after which pages that cuts have made smaller grow again; twice as many each time. */
const GROW_AFTER = 10;

/** Messages in the answer to a join with `since` (docs/rooms-api.md, 12.3). */
const OF_JOIN = 1_000;

/** Messages or members in a page, unless told otherwise (6.1, 8.6). */
const OF_PAGE = 100;

interface ReadArgument {
  readonly room: string;
  readonly since?: Position;
  readonly history?: number;
  readonly limit?: number;
}

/** A read that is under way. */
interface Reading {
  /** Messages that its answer may have. */
  readonly size: number;
  /** Which messages it asks for. */
  readonly key: string;
}

/** A call as it is to be made. */
export interface Bounded {
  readonly argument: object;
  /** Where its answer has messages. */
  readonly reading?: Reading;
}

export class Pages {
  #most = WHOLE;
  /** What `most` never exceeds again: a close has said so. */
  #ceiling = WHOLE;
  #growAfter = GROW_AFTER;
  #answers = 0;
  /** Of the endings since the last answer. */
  #weight = 0;
  readonly #awaited = new Set<Reading>();
  /** Of single messages under whose reading connections ended. */
  readonly #weights = new Map<string, number>();

  /**
   * The call, so that its answer has no more messages than come through.
   * @throws RoomsError `message_too_large` for the reading of one message that never does.
   */
  bound(name: CallName, argument: object): Bounded {
    if (name === "history" || name === "presence") return this.#boundPage(name, argument as ReadArgument); // as rooms-api.md has it
    if (name === "join") return this.#boundJoin(argument as ReadArgument);
    return { argument };
  }

  asked(reading: Reading): void {
    this.#awaited.add(reading);
  }

  answered(reading: Reading): void {
    this.#awaited.delete(reading);
    this.#weights.delete(reading.key);
    this.#weight = 0;
    if (++this.#answers < this.#growAfter) return;
    this.#answers = 0;
    this.#most = Math.min(this.#most * 2, this.#ceiling);
  }

  /** No answer came in time; the connection may be there still. */
  forgotten(reading: Reading): void {
    this.#awaited.delete(reading);
  }

  /** The connection has ended. Returns whether an answer that was awaited is suspected of it. */
  lost(ending: Ending): boolean {
    const sizes = [...this.#awaited].map(({ size }) => Math.min(size, this.#most));
    const single = [...this.#awaited].filter(({ size }) => size === 1);
    this.#awaited.clear();
    if (sizes.length === 0 || WEIGHTS[ending] === 0) return false;
    for (const { key } of single) this.#weights.set(key, this.#weightOf(key) + WEIGHTS[ending]);
    this.#weight += WEIGHTS[ending];
    if (this.#weight >= ENOUGH_TO_SHRINK) this.#shrink(Math.max(...sizes), ending);
    return true;
  }

  #boundPage(name: CallName, argument: ReadArgument): Bounded {
    const { limit = OF_PAGE } = argument;
    const size = Math.min(limit, this.#most);
    const bounded = size < limit ? { ...argument, limit: size } : argument;
    const key = `${name} ${JSON.stringify(bounded)}`;
    if (size === 1 && this.#weightOf(key) >= ENOUGH_FOR_ONE) {
      const message =
        "The connection was lost again and again under this message: something on the way takes less.";
      throw new RoomsError("message_too_large", message);
    }
    return { argument: bounded, reading: { size, key } };
  }

  /** The answer to a join cannot be bounded: where it may be too large, what was missed is read in pages. */
  #boundJoin(argument: ReadArgument): Bounded {
    const { room, since, history } = argument;
    if (since === undefined && history === undefined) return { argument };
    if (this.#most < WHOLE) return { argument: { room } };
    const size = since === undefined ? (history ?? 0) : OF_JOIN;
    return { argument, reading: { size, key: JSON.stringify(argument) } };
  }

  #shrink(size: number, ending: Ending): void {
    this.#most = Math.max(Math.floor(size / 2), 1);
    if (ending === "too_large") this.#ceiling = this.#most;
    this.#weight = 0;
    this.#answers = 0;
    this.#growAfter *= 2;
  }

  #weightOf(key: string): number {
    return this.#weights.get(key) ?? 0;
  }
}
