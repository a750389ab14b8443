/** Who is in which room, as the guarantees of presence.ts have it. Pure; implementations keep its rows. */
import type { Device, Member } from "../events.js";
import type { Change, Seat } from "./presence.js";

interface Place {
  device: Device;
  /** Not there while the device is connected; else until when it counts as there. */
  awayUntil?: number;
}

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
  /** By room, then by user, in the order in which they came. */
  private readonly rooms = new Map<string, Map<string, Row>>();
  /** The places of devices that are away, with their rows. */
  private readonly away = new Map<Place, Row>();
  private serial = 0;

  /** @param changed Told of each row that is new, other than before, or (without places) gone. */
  constructor(private readonly changed: (row: Row) => void = () => undefined) {}

  /** Takes rows that were kept; their devices are away until `restore` says when. */
  load(rows: Iterable<KeptRow>): void {
    for (const { devices, ...kept } of [...rows].sort((a, b) => a.serial - b.serial)) {
      const row = this.addRow({ ...kept, places: new Map() });
      for (const device of devices) {
        const place = { device, awayUntil: Infinity };
        row.places.set(device.id, place);
        this.away.set(place, row);
      }
      this.serial = Math.max(this.serial, row.serial);
    }
  }

  enter({ room, user, name, device }: Seat): Change {
    const known = this.rooms.get(room)?.get(user);
    const row = known ?? this.addRow({ serial: ++this.serial, room, user, name, places: new Map() });
    const before = row.places.get(device.id);
    if (before !== undefined) this.away.delete(before);
    const sameToOthers = before?.device.transport === device.transport && row.name === name;
    const same = sameToOthers && before.device.sid === device.sid;
    row.name = name;
    row.places.set(device.id, { device: { ...device } });
    if (!same) this.changed(row);
    if (known === undefined) return { room, type: "join", member: memberOf(row) };
    return sameToOthers ? undefined : { room, type: "update", member: memberOf(row) };
  }

  exit(room: string, user: string, sid: string): Change {
    const row = this.rooms.get(room)?.get(user);
    const place = row && placeOf(row, sid);
    return row && place && this.vacate(row, [place]);
  }

  setAway(room: string, user: string, sid: string, until: number): void {
    const row = this.rooms.get(room)?.get(user);
    const place = row && placeOf(row, sid);
    if (row === undefined || place === undefined) return;
    place.awayUntil = until;
    this.away.set(place, row);
  }

  expire(now: number): NonNullable<Change>[] {
    const over = new Map<Row, Place[]>();
    for (const [place, row] of this.away) {
      if ((place.awayUntil ?? Infinity) > now) continue;
      const places = over.get(row);
      if (places === undefined) over.set(row, [place]);
      else places.push(place);
    }
    return [...over].map(([row, places]) => this.vacate(row, places));
  }

  members(room: string, limit: number, after?: string) {
    const rows = this.rooms.get(room) ?? new Map<string, Row>();
    const found: Row[] = [];
    let more = false;
    let started = after === undefined || !rows.has(after);
    for (const row of rows.values()) {
      if (started && found.length >= limit) {
        more = true;
        break;
      }
      if (started) found.push(row);
      else started = row.user === after;
    }
    return { members: found.map(memberOf), count: rows.size, more };
  }

  count(room: string): number {
    return this.rooms.get(room)?.size ?? 0;
  }

  has(room: string, user: string): boolean {
    return this.rooms.get(room)?.has(user) ?? false;
  }

  restore(until: number): void {
    for (const rows of this.rooms.values()) {
      for (const row of rows.values()) {
        for (const place of row.places.values()) {
          place.awayUntil = until;
          this.away.set(place, row);
        }
      }
    }
  }

  private addRow(row: Row): Row {
    const rows = this.rooms.get(row.room);
    if (rows === undefined) this.rooms.set(row.room, new Map([[row.user, row]]));
    else rows.set(row.user, row);
    return row;
  }

  private vacate(row: Row, places: Place[]): NonNullable<Change> {
    for (const place of places) {
      row.places.delete(place.device.id);
      this.away.delete(place);
    }
    this.changed(row);
    const { room, user } = row;
    if (row.places.size > 0) return { room, type: "update", member: memberOf(row) };
    const rows = this.rooms.get(room);
    rows?.delete(user);
    if (rows?.size === 0) this.rooms.delete(room);
    return { room, type: "leave", member: memberOf(row) };
  }
}

/** The row as it is kept, or undefined if it is gone. */
export function keptRow({ serial, room, user, name, places }: Row): KeptRow | undefined {
  if (places.size === 0) return undefined;
  return { serial, room, user, name, devices: [...places.values()].map(({ device }) => device) };
}

function memberOf({ user, name, places }: Row): Member {
  return { user, name, devices: [...places.values()].map(({ device }) => ({ ...device })) };
}

function placeOf(row: Row, sid: string): Place | undefined {
  for (const place of row.places.values()) if (place.device.sid === sid) return place;
  return undefined;
}
