/** What the calls of a backend are made of, and what becomes of their failures. */
import type { RoomsSocket } from "../connections/rooms-io.js";
import type { Inboxes } from "../inbox/inboxes.js";
import type { Limiter } from "../limits/limiter.js";
import type { Perform } from "../rooms/outcome.js";
import type { RoomSettings } from "../rooms/room-settings.js";
import type { Rooms } from "../rooms/rooms.js";
import type { Revocation } from "../store/revocations.js";
import { StoreError, type Store } from "../store/store.js";
import { deviceOf } from "./connected-client.js";
import type { EventSource } from "./events.js";
import { RoomsError } from "../api/rooms-error.js";

export interface BackendDeps {
  store: Store;
  rooms: Rooms;
  inboxes: Inboxes;
  settings: (room: string) => RoomSettings;
  limiter: Pick<Limiter, "size">;
  perform: Perform;
  /** The connections that are open, by their ids. */
  sockets: () => ReadonlyMap<string, RoomsSocket>;
  /** Sends away a client that is not to come back by itself. */
  end: (socket: RoomsSocket) => void;
  revoke: (revocation: Revocation) => Promise<void>;
  /** Milliseconds since the Unix epoch. */
  now: () => number;
  /** Does something between the calls of a connection; undefined where that is not there any more. */
  inTurn: <Result>(sid: string, work: () => Promise<Result>) => Promise<Result | undefined>;
  events: EventSource;
  /** Told of what is the server's own fault. */
  failed: (error: unknown, what: string) => void;
}

/** Whatever goes wrong in a call is a RoomsError. */
export async function answer<Result>(
  { failed }: BackendDeps,
  name: string,
  work: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RoomsError) throw error;
    if (error instanceof StoreError) throw new RoomsError("unavailable", undefined, { cause: error });
    failed(error, `a backend's call failed: ${name}`);
    throw new RoomsError("internal", undefined, { cause: error });
  }
}

/** The connections of a user, of a device of theirs, in a room, or all of that together. */
export function socketsOf(
  { sockets, rooms }: BackendDeps,
  {
    user,
    device,
    room,
  }: { user?: string | undefined; device?: string | undefined; room?: string | undefined },
): RoomsSocket[] {
  const inRoom = room === undefined ? undefined : new Set(rooms.visitorsOf(room));
  return [...sockets().values()].filter(
    (socket) =>
      (user === undefined || socket.data.user === user) &&
      (device === undefined || deviceOf(socket) === device) &&
      (inRoom === undefined || inRoom.has(socket.id)),
  );
}
