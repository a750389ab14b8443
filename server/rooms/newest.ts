/** The newest messages of a room, for somebody who enters it: up to what was announced, so that what comes live follows them. */
import type { JoinedHistory } from "../api/types.js";
import type { Log, PageLimits } from "../store/log.js";
import type { LiveRoom } from "./live-rooms.js";
import { roomLog } from "./log-names.js";
import { messageOf } from "./messages.js";

/** Reads during which more was announced, before it is given up: a client may ask for the history itself. */
const MAX_ROUNDS = 10;

/** More may be announced during each read: to be read until it is not behind any more, and then used in the same tick. */
export class Newest {
  #found: JoinedHistory = { messages: [], more: false };
  readonly #log: Log;
  readonly #room: LiveRoom;
  readonly #limits: PageLimits;
  #readUpTo = 0;
  #rounds = 0;

  constructor(log: Log, room: LiveRoom, limits: PageLimits) {
    this.#log = log;
    this.#room = room;
    this.#limits = limits;
  }

  isBehind(): boolean {
    return this.#readUpTo < this.#room.announced && this.#rounds < MAX_ROUNDS;
  }

  async read(): Promise<void> {
    const { name, epoch, announced } = this.#room;
    this.#rounds++;
    const { state, entries } = await this.#log.before(roomLog(name), announced + 1, this.#limits);
    this.#readUpTo = announced;
    // Another log by now: what is in it has not been announced.
    if (state.epoch !== epoch) return;
    const [oldest] = entries;
    this.#found = {
      messages: entries.map((entry) => messageOf(name, epoch, entry)),
      more: oldest !== undefined && oldest.offset > state.first,
    };
  }

  /** None, where the room was never quiet for as long as a read takes. */
  get found(): JoinedHistory {
    return this.#readUpTo < this.#room.announced ? { messages: [], more: true } : this.#found;
  }
}
