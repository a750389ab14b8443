/** Who is in which room, as the guarantees of presence.ts have it. Pure; implementations keep its rows. */
import type { Device, Member } from "../../api/types.js";
import type { Change, RoomChange, Seat } from "../presence.js";
import { RoomRows } from "./room-rows.js";
import { TimeQueue } from "./time-queue.js";

/** A device in a room. */
interface Place {
  /** Its connections, in the order in which they came. Never empty; the last one is what others see. */
  connections: Device[];
  /** Not there while the device is connected; else until when it counts as there. */
  awayUntil?: number;
}

/** Connections of one device that are remembered; of more, the oldest are not. */
const MAX_CONNECTIONS = 4;

/** A user in a room. */
export interface Row {
  /** Counts up with every row: its order, and its name for whoever keeps it. */
  readonly serial: number;
  readonly room: string;
  readonly user: string;
  name: string;
  /** By the device's id, in the order in which they came. */
  readonly places: Map<string, Place>;
}

/** What of a row outlasts the process. */
export interface KeptRow {
  serial: number;
  room: string;
  user: string;
  name: string;
  devices: Device[];
}

export class PresenceCore {
  readonly #changed: (row: Row) => void;
  /** By room. None of them is empty. */
  readonly #rooms = new Map<string, RoomRows<Row>>();
  /** Places of devices that are away, by when they are over. Some have come back or gone since, or are away until another time. */
  readonly #away = new TimeQueue<{ place: Place; row: Row }>();
  #serial = 0;

  /** @param changed Told of each row that is new, other than before, or (without places) gone. */
  constructor(changed: (row: Row) => void = () => undefined) {
    this.#changed = changed;
  }

  /** Takes rows that were kept; their devices are away until `restore` says when. */
  load(rows: Iterable<KeptRow>): void {
    for (const { devices, ...kept } of [...rows].sort((a, b) => a.serial - b.serial)) {
      const row = this.#addRow({ ...kept, places: new Map() });
      for (const device of devices) {
        row.places.set(device.id, { connections: [device], awayUntil: Infinity });
      }
      this.#serial = Math.max(this.#serial, row.serial);
    }
  }

  enter({ room, user, name, device }: Seat, limit: number): Change | "full" {
    const known = this.#rooms.get(room)?.get(user);
    const place = known?.places.get(device.id);
    const gone: string[] = [];
    if (known !== undefined && place === undefined && known.places.size >= limit) {
      const away = longestAway(known);
      if (away === undefined) return "full";
      this.#drop(known, away);
      gone.push(shownOf(away).id);
    }
    const row = known ?? this.#addRow({ serial: ++this.#serial, room, user, name, places: new Map() });
    const before = place && shownOf(place);
    const shown = shownOf(this.#connect(row, place, { ...device }));
    const hasNewName = row.name !== name;
    row.name = name;
    if (hasNewName || before?.sid !== shown.sid || before.transport !== shown.transport) this.#changed(row);
    if (known === undefined) return { room, type: "join", member: memberOf(row), count: this.count(room) };
    const devices = before?.transport === shown.transport ? [] : [shown];
    return hasNewName || devices.length > 0 ? this.#updateOf(row, devices, gone) : undefined;
  }

  exit(room: string, user: string, sid: string): Change {
    const row = this.#rooms.get(room)?.get(user);
    const place = row && placeOf(row, sid);
    if (row === undefined || place === undefined) return undefined;
    return place.connections.length > 1 ? this.#disconnect(row, place, sid) : this.#vacate(row, [place]);
  }

  setAway(room: string, user: string, sid: string, until: number): Change {
    const row = this.#rooms.get(room)?.get(user);
    const place = row && placeOf(row, sid);
    if (row === undefined || place === undefined) return undefined;
    if (place.connections.length > 1) return this.#disconnect(row, place, sid);
    place.awayUntil = until;
    this.#away.add(until, { place, row });
    return undefined;
  }

  expire(now: number, limit: number): RoomChange[] {
    const changes: RoomChange[] = [];
    while (changes.length < limit) {
      const due = this.#away.take(now);
      if (due === undefined) break;
      const { place, row } = due.what;
      // Of one that came back the time is not there; of one that is away again it is another.
      if (place.awayUntil !== due.at) continue;
      const over = [...row.places.values()].filter(({ awayUntil }) => (awayUntil ?? Infinity) <= now);
      changes.push(this.#vacate(row, over));
    }
    return changes;
  }

  members(room: string, limit: number, after?: string) {
    const { rows, more } = this.#rooms.get(room)?.page(limit, after) ?? { rows: [], more: false };
    return { members: rows.map(memberOf), count: this.count(room), more };
  }

  count(room: string): number {
    return this.#rooms.get(room)?.size ?? 0;
  }

  has(room: string, user: string): boolean {
    return this.#rooms.get(room)?.get(user) !== undefined;
  }

  restore(until: number): void {
    this.#away.clear();
    for (const rows of this.#rooms.values()) {
      for (const row of rows.values()) {
        for (const place of row.places.values()) {
          place.connections = [shownOf(place)];
          place.awayUntil = until;
          this.#away.add(until, { place, row });
        }
      }
    }
  }

  #addRow(row: Row): Row {
    const rows = this.#rooms.get(row.room) ?? new RoomRows<Row>();
    this.#rooms.set(row.room, rows);
    rows.add(row);
    return row;
  }

  /** The device has a connection that is new, or other than before; whether it was away or not, it is there now. */
  #connect(row: Row, place: Place | undefined, connection: Device): Place {
    if (place === undefined) {
      const added = { connections: [connection] };
      row.places.set(connection.id, added);
      return added;
    }
    if (place.awayUntil !== undefined) {
      delete place.awayUntil;
      place.connections = [connection];
      return place;
    }
    const known = place.connections.findIndex(({ sid }) => sid === connection.sid);
    if (known === -1) place.connections.push(connection);
    else place.connections[known] = connection;
    if (place.connections.length > MAX_CONNECTIONS) place.connections.shift();
    return place;
  }

  /** One connection of several ends. */
  #disconnect(row: Row, place: Place, sid: string): Change {
    const before = shownOf(place);
    place.connections = place.connections.filter((connection) => connection.sid !== sid);
    const shown = shownOf(place);
    if (shown.sid !== before.sid) this.#changed(row);
    return shown.transport === before.transport ? undefined : this.#updateOf(row, [shown], []);
  }

  #vacate(row: Row, places: Place[]): RoomChange {
    for (const place of places) this.#drop(row, place);
    this.#changed(row);
    const { room, user } = row;
    if (row.places.size > 0) {
      return this.#updateOf(
        row,
        [],
        places.map((place) => shownOf(place).id),
      );
    }
    const rows = this.#rooms.get(room);
    rows?.delete(user);
    if (rows?.size === 0) this.#rooms.delete(room);
    return { room, type: "leave", member: memberOf(row), count: this.count(room) };
  }

  #updateOf({ room, user, name }: Row, devices: Device[], gone: string[]): RoomChange {
    const member = { user, name, devices: devices.map((device) => ({ ...device })) };
    return { room, type: "update", member, ...(gone.length > 0 ? { gone } : {}), count: this.count(room) };
  }

  #drop(row: Row, place: Place): void {
    row.places.delete(shownOf(place).id);
    delete place.awayUntil;
  }
}

/** The row as it is kept, or undefined if it is gone. */
export function keptRow({ serial, room, user, name, places }: Row): KeptRow | undefined {
  if (places.size === 0) return undefined;
  return { serial, room, user, name, devices: [...places.values()].map(shownOf) };
}

function memberOf({ user, name, places }: Row): Member {
  return { user, name, devices: [...places.values()].map((place) => ({ ...shownOf(place) })) };
}

function shownOf({ connections }: Place): Device {
  const shown = connections.at(-1);
  if (shown === undefined) throw new Error("a device without a connection is in a room");
  return shown;
}

function placeOf(row: Row, sid: string): Place | undefined {
  for (const place of row.places.values()) {
    if (place.connections.some((connection) => connection.sid === sid)) return place;
  }
  return undefined;
}

function longestAway(row: Row): Place | undefined {
  const away = [...row.places.values()].filter(({ awayUntil }) => awayUntil !== undefined);
  return away.toSorted((one, other) => (one.awayUntil ?? 0) - (other.awayUntil ?? 0))[0];
}
