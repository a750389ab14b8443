/** How rooms and inboxes behave, and how they do by default. Imports nothing. */

/** How a room behaves, by its name. Asked often: cheap. */
export interface RoomSettings {
  /** How much of its log is kept. A count of 0: nothing can be recovered, and `history` is empty. */
  history: { count: number; /** Milliseconds. */ age: number };
  /** Whether it is known who is in the room. */
  presence: boolean;
  /** Users that may be in the room at a time. */
  maxMembers: number;
  /** Up to so many users those in the room are told who is there; of more, how many. From 0 to 500. */
  maxNames: number;
}

const DAY = 24 * 60 * 60 * 1_000;

export const DEFAULT_ROOM: RoomSettings = {
  history: { count: 10_000, age: 7 * DAY },
  presence: true,
  maxMembers: 10_000,
  maxNames: 200,
};

/** Milliseconds that an inbox keeps an item, and remembers a device. */
export const DEFAULT_INBOX_AGE = 30 * DAY;

/** Milliseconds that a device whose connection is lost counts as there. */
export const DEFAULT_PRESENCE_GRACE = 10_000;
