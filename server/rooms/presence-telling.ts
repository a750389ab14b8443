/**
 * How those in a room are told who is there (docs/rooms-api.md, 8): of a room that is named the changes, gathered until the end of the tick;
 * of one that is counted, now and then, how many there are. Knows no socket and owns no timer.
 */
import type { Member, PresenceChange, PresenceEvent } from "../api/types.js";
import type { RoomChange } from "../store/presence.js";
import { merged } from "./merged-changes.js";

export interface PresenceTellingOptions {
  /** Up to how many users a room is named. */
  maxNames: (room: string) => number;
  /** All members of a room that has no more of them than `maxNames`, and how many they are. */
  members: (room: string) => Promise<{ members: Member[]; count: number }>;
  /** Tells everybody in the room who may see it. */
  tell: (event: PresenceEvent) => void;
  /** Whether one connection, and no other, hears who comes and goes in a room. */
  isAlone: (room: string, sid: string) => boolean;
  /** Milliseconds of a clock that nobody sets. */
  uptime: () => number;
  failed: (error: unknown, what: string) => void;
}

/** At this part of `maxNames` a counted room is named again: who comes and goes at the limit must not turn it over each time. */
const NAMED_AGAIN = 4 / 5;

/** Milliseconds of telling in one tick, after which the other rooms wait for the next. */
const SLICE = 8;

/** Milliseconds between two counts of a room, at least. */
const MIN_PAUSE = 1_000;

/** The same for each user who is there: so that of 2,000 or more no more is told in a second than of 2,000. */
const PAUSE_OF_USER = 1 / 2;

/** A room in which somebody is. */
interface ToldRoom {
  readonly name: string;
  /** Users that are there, as was heard last. */
  count: number;
  /**
   * What is not told yet, by user, in the order in which those who came did so. Of a counted room only what happens while its
   * names are read.
   */
  readonly changes: Map<string, PresenceChange[]>;
  /** Not there while the room is named. */
  counted?: CountedState;
}

interface CountedState {
  /** Whether somebody came or went since the count was told. */
  isNew: boolean;
  /** When it was told. */
  toldAt: number;
  /** Whether the names are read, as the room is to be named again. */
  isReading: boolean;
}

export class PresenceTelling {
  readonly #options: PresenceTellingOptions;
  readonly #rooms = new Map<string, ToldRoom>();
  /** Those that something is to be told of. */
  readonly #due = new Set<ToldRoom>();
  /** Counted rooms of which something is to be told after a pause. */
  readonly #waiting = new Set<ToldRoom>();

  constructor(options: PresenceTellingOptions) {
    this.#options = options;
  }

  /** So many users are in a room. To be called in the order in which the store says so. */
  heard(name: string, count: number): void {
    const room = this.#room(name);
    room.count = count;
    if (room.counted !== undefined || count <= this.#options.maxNames(name)) return;
    room.counted = { isNew: true, toldAt: -Infinity, isReading: false };
    room.changes.clear();
    this.#due.add(room);
  }

  /** Something has happened in a room, which is to be told of it from now on. */
  add({ room: name, count, ...change }: RoomChange): void {
    this.heard(name, count);
    const room = this.#room(name);
    this.#due.add(room);
    if (room.counted !== undefined && change.type !== "update") room.counted.isNew = true;
    if (room.counted?.isReading === false) return;
    const { user } = change.member;
    const before = room.changes.get(user) ?? [];
    if (change.type === "join") room.changes.delete(user); // who comes again is the last
    room.changes.set(user, [...before, change]);
  }

  /** Whether those in the room are told how many they are, and no names. */
  isCounted(name: string): boolean {
    return this.#rooms.get(name)?.counted !== undefined;
  }

  /** Tells a room what has happened there, before it hears of something else. */
  tell(name: string): void {
    const room = this.#rooms.get(name);
    if (room !== undefined && (this.#due.has(room) || this.#waiting.has(room))) this.#tell(room);
  }

  /**
   * Tells rooms, as many as a tick has time for: to be called at the end of a tick in which something was added. Returns whether there
   * are more, for which it is to be called in the next tick.
   */
  tellSome(): boolean {
    const { uptime } = this.#options;
    const end = uptime() + SLICE;
    for (const room of this.#due) {
      this.#tell(room);
      if (uptime() >= end) break;
    }
    return this.#due.size > 0;
  }

  /** Has `tellSome` look at the counts that had to wait. To be called now and then. Returns whether there are any. */
  recallCounts(): boolean {
    const isAny = this.#waiting.size > 0;
    for (const room of this.#waiting) this.#due.add(room);
    this.#waiting.clear();
    return isAny;
  }

  #room(name: string): ToldRoom {
    const known = this.#rooms.get(name);
    if (known !== undefined) return known;
    const room = { name, count: 0, changes: new Map<string, PresenceChange[]>() };
    this.#rooms.set(name, room);
    return room;
  }

  #tell(room: ToldRoom): void {
    this.#due.delete(room);
    this.#waiting.delete(room);
    const { counted } = room;
    if (counted === undefined) this.#tellChanges(room);
    else if (counted.isReading) return;
    else if (room.count <= this.#options.maxNames(room.name) * NAMED_AGAIN)
      void this.#nameAgain(room, counted);
    else if (counted.isNew) this.#tellCount(room, counted);
  }

  #tellChanges(room: ToldRoom): void {
    const { name, count, changes } = room;
    if (count === 0) this.#rooms.delete(name);
    if (changes.size === 0) return;
    const all = [...changes.values()].flatMap(merged);
    const isKnown = count === 1 && this.#isOwnComing(room, [...changes.values()].flat());
    changes.clear();
    // The answer to its join has said so to the only one there is to tell it.
    if (!isKnown) this.#options.tell({ room: name, count, changes: all });
  }

  /** Whether nothing has happened but that somebody came with one device, and that one alone would hear of it. */
  #isOwnComing({ name }: ToldRoom, changes: readonly PresenceChange[]): boolean {
    const [change, another] = changes;
    if (change?.type !== "join" || another !== undefined) return false;
    const [device, ...others] = change.member.devices;
    return device !== undefined && others.length === 0 && this.#options.isAlone(name, device.sid);
  }

  #tellCount(room: ToldRoom, counted: CountedState): void {
    const { name, count } = room;
    const { uptime, tell } = this.#options;
    if (uptime() - counted.toldAt < Math.max(MIN_PAUSE, count * PAUSE_OF_USER)) {
      this.#waiting.add(room);
      return;
    }
    counted.isNew = false;
    counted.toldAt = uptime();
    tell({ room: name, count });
  }

  /** Tells who is there, and then what has happened since that was read, or before: it changes nothing to hear it again. */
  async #nameAgain(room: ToldRoom, counted: CountedState): Promise<void> {
    const { name } = room;
    const { maxNames, members: read, tell, failed } = this.#options;
    counted.isReading = true;
    try {
      const { members, count } = await read(name);
      if (Math.max(count, room.count) <= maxNames(name)) {
        delete room.counted;
        tell({ room: name, count, members });
        this.#tellChanges(room);
        return;
      }
    } catch (error) {
      failed(error, "presence: reading who is in a room failed");
    }
    counted.isReading = false;
    counted.isNew = true;
    room.changes.clear();
    this.#waiting.add(room);
  }
}
