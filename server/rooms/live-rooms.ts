/** The rooms that somebody is in, on this server: who hears them, and how far their logs were announced. */
import type { Position, RoomMessage } from "../api/types.js";
import type { Rights } from "./policy.js";
import type { Log } from "../store/log.js";
import { roomLog } from "./log-names.js";

/** A room that somebody is in or about to enter. */
export interface LiveRoom {
  readonly name: string;
  epoch: string;
  /**
   * Offset of the newest message that was announced. Whoever enters is answered up to here, and hears all after it; the
   * log itself may be ahead, by what is about to be announced.
   */
  announced: number;
  /** The connections in it, with what they may do there. */
  readonly visitors: Map<string, Rights>;
  /** Who is told of each message in the tick in which it is announced. */
  readonly followers: Set<Follower>;
}

type Follower = (message: RoomMessage) => void;

interface Holding {
  readonly room: Promise<LiveRoom>;
  /** Once it is known how far its log is. */
  opened?: LiveRoom;
  /** Who needs the room: visitors, and calls under way. It is forgotten when nobody does. */
  holders: number;
}

export class LiveRooms {
  readonly #log: Log;
  readonly #rooms = new Map<string, Holding>();
  /** The rooms of each connection, by its socket's id, in the order in which it came. Never empty. */
  readonly #of = new Map<string, Map<string, LiveRoom>>();

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * The room, kept until `release` is called as often. Nobody can publish to a room that is not live, so that what its log
   * holds when it comes to life has been announced.
   */
  async hold(name: string): Promise<LiveRoom> {
    const known = this.#rooms.get(name);
    const holding = known ?? { room: this.#open(name), holders: 0 };
    if (known === undefined) this.#rooms.set(name, holding);
    holding.holders++;
    try {
      return (holding.opened = await holding.room);
    } catch (error) {
      this.release(name);
      throw error;
    }
  }

  release(name: string): void {
    const holding = this.#rooms.get(name);
    if (holding === undefined) throw new Error(`nobody holds the room ${name}`);
    holding.holders--;
    if (holding.holders === 0) this.#rooms.delete(name);
  }

  /** Makes a connection a visitor of a room that the caller holds. The hold is the visitor's from now on. */
  enter(room: LiveRoom, sid: string, rights: Rights): void {
    room.visitors.set(sid, rights);
    const rooms = this.#of.get(sid) ?? new Map<string, LiveRoom>();
    this.#of.set(sid, rooms.set(room.name, room));
  }

  exit(room: LiveRoom, sid: string): void {
    if (!room.visitors.delete(sid)) return;
    const rooms = this.#of.get(sid);
    rooms?.delete(room.name);
    if (rooms?.size === 0) this.#of.delete(sid);
    this.release(room.name);
  }

  /** The room, if the connection is in it. */
  visited(name: string, sid: string): LiveRoom | undefined {
    return this.#of.get(sid)?.get(name);
  }

  /** The rooms that a connection is in. */
  of(sid: string): LiveRoom[] {
    return [...(this.#of.get(sid)?.values() ?? [])];
  }

  /** The connections that are in a room. */
  visitorsOf(name: string): string[] {
    return [...(this.#rooms.get(name)?.opened?.visitors.keys() ?? [])];
  }

  /** All rooms that somebody is in, or a call is about, in no order. */
  names(): string[] {
    return [...this.#rooms.keys()];
  }

  /** How many rooms somebody is in, or about to enter. */
  get size(): number {
    return this.#rooms.size;
  }

  countOf(sid: string): number {
    return this.#of.get(sid)?.size ?? 0;
  }

  async #open(name: string): Promise<LiveRoom> {
    const { epoch, last } = await this.#log.state(roomLog(name));
    return { name, epoch, announced: last, visitors: new Map(), followers: new Set() };
  }
}

/** The next message of the room, in the order of its log: from here on it is what everybody in it has heard. */
export function announce(room: LiveRoom, message: RoomMessage): void {
  // Another epoch if the log was removed meanwhile, as nobody had used it for long.
  room.epoch = message.position.epoch;
  room.announced = message.position.offset;
  for (const follower of room.followers) follower(message);
}

/** @returns Ends it. */
export function follow(room: LiveRoom, follower: Follower): () => void {
  room.followers.add(follower);
  return () => void room.followers.delete(follower);
}

export function positionOf({ epoch, announced }: LiveRoom): Position {
  return { epoch, offset: announced };
}
