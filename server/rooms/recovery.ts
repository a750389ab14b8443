/** What somebody missed in a room: all of it, or the word that it is not to be had. */
import type { Position, RoomMessage } from "../api/types.js";
import type { Log, PageLimits } from "../store/log.js";
import type { LiveRoom } from "./live-rooms.js";
import { roomLog } from "./log-names.js";
import { messageOf } from "./messages.js";

/** What fits into the ack of a join. */
const RECOVERY: PageLimits = { entries: 1_000, bytes: 1024 * 1024 };

/** Reads of what was announced meanwhile, before it is given up: a client may page through the history at its own pace. */
const MAX_ROUNDS = 10;

/**
 * The messages after a position, up to what was announced. More may be announced during each read: to be read until it is
 * not behind any more, and then used in the same tick.
 */
export class Recovery {
  /** Undefined once it is known that they are not all there, or are more than go into an ack. */
  messages: RoomMessage[] | undefined = [];
  readonly #log: Log;
  readonly #room: LiveRoom;
  #offset: number;
  #rounds = 0;

  constructor(log: Log, room: LiveRoom, since: Position) {
    this.#log = log;
    this.#room = room;
    this.#offset = since.offset;
    if (since.epoch !== room.epoch || since.offset > room.announced) this.messages = undefined;
  }

  isBehind(): boolean {
    return this.messages !== undefined && this.#offset < this.#room.announced;
  }

  async read(): Promise<void> {
    const { name, epoch, announced: target } = this.#room;
    const { state, entries } = await this.#log.after(roomLog(name), this.#offset, RECOVERY);
    for (const entry of entries) {
      if (entry.offset > this.#room.announced) break; // it is told to the room when its turn has come
      // Something between was trimmed, or the log is another one.
      if (entry.offset !== this.#offset + 1 || state.epoch !== epoch) break;
      this.messages?.push(messageOf(name, epoch, entry));
      this.#offset = entry.offset;
    }
    const isTooMuch = ++this.#rounds === MAX_ROUNDS || (this.messages?.length ?? 0) > RECOVERY.entries;
    if (this.#offset < target || (isTooMuch && this.isBehind())) this.messages = undefined;
  }
}
