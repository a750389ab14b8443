/** Who is in which room, on which devices. Plain state in memory: no input or output. */
import type { Device, Member } from "../events.js";

/** A connected device, and whose it is. */
export interface Attendee {
  user: string;
  name: string;
  device: Device;
}

interface Seat {
  name: string;
  /** By socket id, in the order in which they came. Never empty. */
  devices: Map<string, Device>;
}

export class Presence {
  /** Room, then user. No room and no user is kept without a device. */
  readonly #rooms = new Map<string, Map<string, Seat>>();
  /** The rooms of each device, by socket id: never an empty set. */
  readonly #roomsOf = new Map<string, Set<string>>();

  has(room: string, sid: string): boolean {
    return this.#roomsOf.get(sid)?.has(room) ?? false;
  }

  /** The rooms that a device is in, in the order in which it joined them. */
  roomsOf(sid: string): string[] {
    return [...(this.#roomsOf.get(sid) ?? [])];
  }

  countOf(sid: string): number {
    return this.#roomsOf.get(sid)?.size ?? 0;
  }

  /** Puts a device into a room, or replaces what is known of it there. A user has the name of the latest device. */
  add(room: string, { user, name, device }: Attendee): void {
    const seats = getOrAdd(this.#rooms, room, () => new Map<string, Seat>());
    const seat = getOrAdd(seats, user, () => ({ name, devices: new Map<string, Device>() }));
    seat.name = name;
    seat.devices.set(device.sid, device);
    getOrAdd(this.#roomsOf, device.sid, () => new Set<string>()).add(room);
  }

  remove(room: string, { user, device: { sid } }: Attendee): void {
    const seats = this.#rooms.get(room);
    const devices = seats?.get(user)?.devices;
    if (seats === undefined || devices === undefined || !devices.delete(sid)) return;
    if (devices.size === 0) seats.delete(user);
    if (seats.size === 0) this.#rooms.delete(room);
    const rooms = this.#roomsOf.get(sid);
    rooms?.delete(room);
    if (rooms?.size === 0) this.#roomsOf.delete(sid);
  }

  /** The users in a room, each once, in the order in which they came. Safe to keep: a copy. */
  members(room: string): Member[] {
    return [...(this.#rooms.get(room) ?? [])].map(([user, { name, devices }]) => ({
      user,
      name,
      devices: [...devices.values()],
    }));
  }
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
