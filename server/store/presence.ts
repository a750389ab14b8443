/** The port of who is in which room. One row for each user, with the devices that they are there with. */
import type { Device, Member, PresenceChange } from "../api/types.js";

/** A device in a room, and whose it is. */
export interface Seat {
  room: string;
  user: string;
  name: string;
  device: Device;
}

/**
 * What a change made of the user's row, as others are told (docs/rooms-api.md, 8.4): `join` if the user was not there, `leave` if the
 * last device went, `update` with the devices that are new, changed or gone, or with the name; undefined if nothing changed.
 */
export type Change = RoomChange | undefined;

export interface RoomChange extends PresenceChange {
  room: string;
  /** Users that are in the room after it. */
  count: number;
}

/**
 * Guarantees, of every implementation:
 * - A user has one row in a room, from the first device's coming to the last one's end; rows are in the order in which
 *   they came; the name is that of the device that came last.
 * - A device that is there with several connections is shown once, with the newest of them, and goes with the last of them. Of more
 *   than four, the oldest may be forgotten.
 * - A device that is away still counts as there, until its time is over or `enter` is called for the same user and
 *   `device.id` (whatever its sid): that seat then replaces the one that was away, and `enter` gives `update`, or
 *   undefined if only the sid differs.
 * - After a crash or restart (where rows outlast one), all devices that were there are away, until the time given to
 *   `restore`.
 * Presence is a matter of the moment: changes need not be durable when they resolve, only soon after.
 */
export interface Presence {
  /**
   * The device is in the room now, or has another transport or name than before.
   * @param limit Devices that the user may be there with. For one more, a device that is away makes room; "full" where none is.
   */
  enter(seat: Seat, limit: number): Promise<Change | "full">;
  /** A connection is in the room no more, and with the last one the device. */
  exit(room: string, user: string, sid: string): Promise<Change>;
  /**
   * A connection is lost: the device counts as there until `until`, by whatever clock `expire` is told of, where it has no other
   * one; else nothing changed, or what others see of the device.
   */
  away(room: string, user: string, sid: string, until: number): Promise<Change>;
  /**
   * Ends what was away until `now` or before, of at most `limit` rows: those that were over first. Fewer changes than that say that
   * nothing more is over. What it costs grows with them, and not with how many are away.
   */
  expire(now: number, limit: number): Promise<RoomChange[]>;
  /**
   * A page of the rows, after that of the user `after` (from the first if left out or not there). What it costs grows with the
   * page, and not with what is before it.
   */
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
