/** What somebody missed in a room: all of it, or the word that it is not to be had. */
import type { Position, RoomMessage } from "../api/types.js";
import type { Log, PageLimits } from "../store/log.js";
import { follow, type LiveRoom, positionOf } from "./live-rooms.js";
import { roomLog } from "./log-names.js";
import { messageOf } from "./messages.js";

/** What fits into the ack of a join. */
const RECOVERY: PageLimits = { entries: 1_000, bytes: 1024 * 1024 };

/**
 * The messages after a position, up to what was announced. The log is read up to where it was announced at the beginning, and what is
 * announced from then on is heard: so it is whole at any moment, however busy the room is. To be used in the tick in which it is asked for.
 */
export class Recovery {
  readonly #log: Log;
  readonly #room: string;
  readonly #since: Position;
  readonly #until: Position;
  /** Undefined once it is known that they are not all there, or are more than go into an ack. */
  #messages: RoomMessage[] | undefined = [];
  #heard: RoomMessage[] | undefined = [];
  #isRead = false;
  readonly #unfollow: () => void;

  constructor(log: Log, room: LiveRoom, since: Position) {
    this.#log = log;
    this.#room = room.name;
    this.#since = since;
    this.#until = positionOf(room);
    if (since.epoch !== this.#until.epoch || since.offset > this.#until.offset) this.#messages = undefined;
    this.#unfollow = follow(room, (message) => this.#hear(message));
  }

  /** Whether the messages may be asked for. */
  get isRead(): boolean {
    return this.#isRead;
  }

  async read(): Promise<void> {
    this.#isRead = true;
    const { epoch, offset: target } = this.#until;
    if (this.#messages === undefined || this.#since.offset === target) return;
    const { state, entries } = await this.#log.after(roomLog(this.#room), this.#since.offset, RECOVERY);
    // What is behind it is heard when its turn has come.
    const missed = entries.filter(({ offset }) => offset <= target);
    // Less: something between was trimmed, or is too much. Or the log is another one.
    const isWhole = state.epoch === epoch && missed.length === target - this.#since.offset;
    this.#messages = isWhole ? missed.map((entry) => messageOf(this.#room, epoch, entry)) : undefined;
  }

  get messages(): RoomMessage[] | undefined {
    if (this.#messages === undefined || this.#heard === undefined) return undefined;
    const all = [...this.#messages, ...this.#heard];
    return all.length > RECOVERY.entries ? undefined : all;
  }

  /** To be called in the end: it is not told of the room any more. */
  close(): void {
    this.#unfollow();
  }

  #hear(message: RoomMessage): void {
    const isSameLog = message.position.epoch === this.#until.epoch;
    if (!isSameLog || this.#heard?.length === RECOVERY.entries) this.#heard = undefined;
    this.#heard?.push(message);
  }
}
