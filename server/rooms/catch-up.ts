/** What a join is answered with from the room's log: what was missed since a position, and where that is not to be had the newest messages. */
import type { CheckedCall } from "../api/calls.js";
import type { Joined, RoomMessage } from "../api/types.js";
import type { Log } from "../store/log.js";
import { fitting } from "./fitting.js";
import type { LiveRoom } from "./live-rooms.js";
import { Newest } from "./newest.js";
import type { Caller } from "./outcome.js";
import { Recovery } from "./recovery.js";

/** Bytes of the newest messages. */
const NEWEST_BYTES = 1024 * 1024;

export class CatchUp {
  readonly #log: Log;
  readonly #room: LiveRoom;
  readonly #who: Caller;
  readonly #call: CheckedCall<"join">;
  readonly #mayRead: boolean;
  readonly #recovery: Recovery | undefined;
  #newest: Newest | undefined;

  /** @param mayRead Whether this one may read the history. It is answered as if there was none, where not. */
  constructor(log: Log, room: LiveRoom, who: Caller, call: CheckedCall<"join">, mayRead: boolean) {
    this.#log = log;
    this.#room = room;
    this.#who = who;
    this.#call = call;
    this.#mayRead = mayRead;
    if (mayRead && call.since !== undefined) this.#recovery = new Recovery(log, room, call.since);
  }

  /** To be read until it is. It may cease to be so while something else is awaited: where more was announced than goes into an answer. */
  get isRead(): boolean {
    if (this.#recovery?.isRead === false) return false;
    return (
      !this.#mayRead || this.#call.history === undefined || this.#newest !== undefined || this.#isRecovered
    );
  }

  async read(): Promise<void> {
    if (this.#recovery?.isRead === false) await this.#recovery.read();
    const { history } = this.#call;
    if (this.isRead || history === undefined) return;
    this.#newest = new Newest(this.#log, this.#room, { entries: history, bytes: NEWEST_BYTES });
    await this.#newest.read();
  }

  /** Up to what is announced in this tick, and about how many bytes it has. */
  answer(): { part: Pick<Joined, "recovered" | "messages" | "history">; bytes: number } {
    const { since, history } = this.#call;
    const missed = this.#missed();
    const recovered = since && { recovered: missed !== undefined, messages: missed?.messages ?? [] };
    const found = history === undefined || missed !== undefined ? undefined : this.#newestThatFit();
    const newest = found && { history: { messages: found.messages, more: found.more } };
    return { part: { ...recovered, ...newest }, bytes: (missed?.bytes ?? 0) + (found?.bytes ?? 0) };
  }

  /** To be called in the end: it is not told of the room any more. */
  close(): void {
    this.#recovery?.close();
    this.#newest?.close();
  }

  get #isRecovered(): boolean {
    return this.#missed() !== undefined;
  }

  /** All that was missed, where it fits into one answer. */
  #missed(): { messages: RoomMessage[]; bytes: number } | undefined {
    const messages = this.#recovery?.messages;
    if (messages === undefined) return undefined;
    const found = fitting(messages, this.#who, false);
    return found.messages.length === messages.length ? found : undefined;
  }

  #newestThatFit(): { messages: RoomMessage[]; bytes: number; more: boolean } {
    const { messages, more } = this.#newest?.found ?? { messages: [], more: false };
    const found = fitting(messages, this.#who, true);
    return { ...found, more: more || found.messages.length < messages.length };
  }
}
