/** The newest messages of a room, for somebody who enters it: up to what was announced, so that what comes live follows them. */
import type { JoinedHistory, Position, RoomMessage } from "../api/types.js";
import type { Log, PageLimits } from "../store/log.js";
import { follow, type LiveRoom, positionOf } from "./live-rooms.js";
import { roomLog } from "./log-names.js";
import { messageOf } from "./messages.js";

/** The log is read once, and what is announced from then on is heard. To be used in the tick in which it is asked for. */
export class Newest {
  readonly #log: Log;
  readonly #room: string;
  readonly #limits: PageLimits;
  readonly #until: Position;
  #found: JoinedHistory = { messages: [], more: false };
  #heard: RoomMessage[] = [];
  /** Whether there are older ones than those that were heard, which are not kept. */
  #isFull = false;
  /** Of the log of which something was heard: another one if it was removed meanwhile, as nobody had used it for long. */
  #epoch: string;
  readonly #unfollow: () => void;

  constructor(log: Log, room: LiveRoom, limits: PageLimits) {
    this.#log = log;
    this.#room = room.name;
    this.#limits = limits;
    this.#until = positionOf(room);
    this.#epoch = room.epoch;
    this.#unfollow = follow(room, (message) => this.#hear(message));
  }

  /** Once, before they are asked for. */
  async read(): Promise<void> {
    const { epoch, offset } = this.#until;
    const { state, entries } = await this.#log.before(roomLog(this.#room), offset + 1, this.#limits);
    // Another log by now: what is in it has not been announced, or is heard.
    if (state.epoch !== epoch) return;
    const [oldest] = entries;
    this.#found = {
      messages: entries.map((entry) => messageOf(this.#room, epoch, entry)),
      more: oldest !== undefined && oldest.offset > state.first,
    };
  }

  get found(): JoinedHistory {
    if (this.#isFull) return { messages: this.#heard, more: true };
    if (this.#epoch !== this.#until.epoch) return { messages: this.#heard, more: false };
    const all = [...this.#found.messages, ...this.#heard];
    const messages = all.slice(-this.#limits.entries);
    return { messages, more: this.#found.more || messages.length < all.length };
  }

  /** To be called in the end: it is not told of the room any more. */
  close(): void {
    this.#unfollow();
  }

  #hear(message: RoomMessage): void {
    if (message.position.epoch !== this.#epoch) {
      this.#epoch = message.position.epoch;
      this.#heard = [];
      this.#isFull = false;
    }
    this.#heard.push(message);
    if (this.#heard.length <= this.#limits.entries) return;
    this.#heard.shift();
    this.#isFull = true;
  }
}
