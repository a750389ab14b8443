/** The port of who is in which room. One row for each user, with the devices that they are there with. */
import type { Device, Member } from "../events.js";

/** A device in a room, and whose it is. */
export interface Seat {
  room: string;
  user: string;
  name: string;
  device: Device;
}

/**
 * What a change made of the user's row, as others are told: `join` if the user was not there, `leave` (with no devices) if
 * the last device went, `update` if the devices or the name are others than before; undefined if nothing changed.
 */
export type Change = { room: string; type: "join" | "update" | "leave"; member: Member } | undefined;

/**
 * Guarantees, of every implementation:
 * - A user has one row in a room, from the first device's coming to the last one's end; rows are in the order in which
 *   they came; the name is that of the device that came last.
 * - A device that is away still counts as there, until its time is over or `enter` is called for the same user and
 *   `device.id` (whatever its sid): that seat then replaces the one that was away, and `enter` gives `update`, or
 *   undefined if only the sid differs.
 * - After a crash or restart (where rows outlast one), all devices that were there are away, until the time given to
 *   `restore`.
 * Presence is a matter of the moment: changes need not be durable when they resolve, only soon after.
 */
export interface Presence {
  /** The device is in the room now, or has another transport or name than before. */
  enter(seat: Seat): Promise<Change>;
  /** The device is in the room no more. */
  exit(room: string, user: string, sid: string): Promise<Change>;
  /** The device's connection is lost: it counts as there until `until`, by whatever clock `expire` is told of. */
  away(room: string, user: string, sid: string, until: number): Promise<void>;
  /** Ends what was away until `now` or before. */
  expire(now: number): Promise<NonNullable<Change>[]>;
  /** A page of the rows, after that of the user `after` (from the first if left out or not there). */
  members(
    room: string,
    limit: number,
    after?: string,
  ): Promise<{ members: Member[]; count: number; more: boolean }>;
  /** How many users are in the room. */
  count(room: string): Promise<number>;
  has(room: string, user: string): Promise<boolean>;
  /** After opening: every device that is there counts as away until `until`. */
  restore(until: number): Promise<void>;
}
