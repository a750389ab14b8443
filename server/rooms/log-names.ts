/** The names of the logs, and how much of each is kept. */
import type { RoomSettings } from "./room-settings.js";
import type { Retention } from "../store/log.js";

export const ROOM_PREFIX = "room:";
export const INBOX_PREFIX = "inbox:";

export function roomLog(room: string): string {
  return ROOM_PREFIX + room;
}

export function inboxLog(user: string): string {
  return INBOX_PREFIX + user;
}

/**
 * The retention that a store for a rooms server needs.
 * @param inboxAge Milliseconds that an inbox keeps an item for a device that does not come.
 */
export function retentionOf(
  settings: (room: string) => RoomSettings,
  inboxAge: number,
): (name: string) => Retention {
  // A full inbox refuses: it drops nothing for the number of its items.
  const inbox = { count: Infinity, age: inboxAge };
  return (name) => (name.startsWith(ROOM_PREFIX) ? settings(name.slice(ROOM_PREFIX.length)).history : inbox);
}
