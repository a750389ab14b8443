/** What `crossroom inspect` looks at: a data folder, or a running server. */
import type { DeviceCursor } from "../store/devices.js";
import type { Position, RoomMessage } from "../api/types.js";

export interface LogRow {
  /** Of the newest entry. */
  position: Position;
  /** Offset of the oldest entry that is kept; one more than the position's where none is. */
  first: number;
}

export interface RoomRow extends LogRow {
  room: string;
  /** Users in the room; a folder does not tell. */
  members?: number;
}

export interface InboxRow extends LogRow {
  user: string;
  devices: DeviceCursor[];
}

export interface RoomDetail extends RoomRow {
  messages: RoomMessage[];
}

/** Rejects with an error for the user. */
export interface InspectSource {
  /** At most `limit`, in the order of their names, after one. */
  rooms(after: string, limit: number): Promise<RoomRow[]>;
  inboxes(after: string, limit: number): Promise<InboxRow[]>;
  /** The room with at most `last` of its newest messages, oldest first; undefined if there is nothing of it. */
  room(name: string, last: number): Promise<RoomDetail | undefined>;
  close(): Promise<void>;
}
