/** A room's messages as one device has them: in the order of the log, each once, older pages before newer ones. Pure. */
import type { Position, RoomMessage } from "@crossroom/client/rooms";

export type Entry =
  | { kind: "message"; key: string; message: RoomMessage }
  /** What follows came while the device was away: `count` messages of others. */
  | { kind: "away"; key: string; count: number }
  | { kind: "note"; key: string; text: string; trouble: boolean };

/** Entries that are kept where nobody looks at the older ones; those can be loaded again. */
const LIMIT = 600;

export class Timeline {
  /** Whether the log has more before the first message; undefined until a page was seen. */
  more: boolean | undefined;
  #entries: Entry[] = [];
  #made = 0;
  #away: Extract<Entry, { kind: "away" }> | "none yet" | undefined;

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** Of the oldest message that is here: what to load before. */
  get first(): Position | undefined {
    return this.#entries.find(isMessage)?.message.position;
  }

  get last(): Position | undefined {
    return this.#entries.findLast(isMessage)?.message.position;
  }

  /** From now on messages count as missed, until `back`. */
  left(): void {
    this.#away ??= "none yet";
  }

  back(): void {
    this.#away = undefined;
  }

  /** A message that came from the room. Returns false if it was here before. */
  arrived(message: RoomMessage, own: boolean): boolean {
    const { last } = this;
    if (last?.epoch === message.position.epoch && message.position.offset <= last.offset) return false;
    if (!own) this.#countMissed();
    this.#entries.push(entryOf(message));
    return true;
  }

  /** A page of what was before. */
  loaded(messages: readonly RoomMessage[], more: boolean): void {
    const { first } = this;
    // The newest page may reach into what has arrived meanwhile.
    const older =
      first === undefined ? messages : messages.filter(({ position }) => position.offset < first.offset);
    this.#entries.unshift(...older.map(entryOf));
    this.more = more;
  }

  note(text: string, trouble = false): void {
    this.#entries.push({ kind: "note", key: `note ${++this.#made}`, text, trouble });
  }

  /** Drops all: what is to come does not follow it. */
  reset(): void {
    this.#entries = [];
    this.more = undefined;
    this.#away = undefined;
  }

  /** Drops the oldest entries beyond the limit. */
  trim(): void {
    if (this.#entries.length <= LIMIT) return;
    this.#entries = this.#entries.slice(-LIMIT / 2);
    this.more = true;
  }

  #countMissed(): void {
    if (this.#away === undefined) return;
    if (this.#away === "none yet") {
      this.#away = { kind: "away", key: `away ${++this.#made}`, count: 0 };
      this.#entries.push(this.#away);
    }
    this.#away.count++;
  }
}

function isMessage(entry: Entry): entry is Extract<Entry, { kind: "message" }> {
  return entry.kind === "message";
}

function entryOf(message: RoomMessage): Entry {
  const { epoch, offset } = message.position;
  return { kind: "message", key: `message ${epoch} ${offset}`, message };
}
