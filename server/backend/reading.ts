/** What a backend sees: rooms and who is there, connections, inboxes. */
import { callerOf } from "../connections/caller.js";
import type { RoomsSocket } from "../connections/rooms-io.js";
import { inboxLog, ROOM_PREFIX, roomLog } from "../rooms/log-names.js";
import { readHistory } from "../rooms/read-history.js";
import { RECEIPTED } from "../store/devices.js";
import type { LogState } from "../store/log.js";
import { checked } from "./arguments.js";
import type { Backend, ConnectionInfo, LogSummary, RoomSummary } from "./backend.js";
import { clientOf } from "./connected-client.js";
import { answer, socketsOf, type BackendDeps } from "./deps.js";
import { RoomsError } from "../api/rooms-error.js";

const NOT_KEPT = "What follows this position is not kept any more. Read without it: the newest is there.";

export function createReading(
  deps: BackendDeps,
): Pick<Backend, "history" | "members" | "rooms" | "room" | "connections" | "inbox"> {
  const { store, rooms, settings } = deps;
  const { log, presence, devices } = store;

  const summary = async (room: string): Promise<RoomSummary> => {
    const state = await log.state(roomLog(room));
    return { room, ...summaryOf(state), members: await presence.count(room) };
  };

  return {
    history: (room, options = {}) =>
      answer(deps, "history", async () => {
        const range = checked("history", { ...options, room });
        // A page has a bound in bytes already.
        const read = await readHistory(log, room, range, (messages) => ({ messages, bytes: 0 }));
        if (!read.ok) throw new RoomsError(read.error, NOT_KEPT);
        return read.result;
      }),

    members: (room, options = {}) =>
      answer(deps, "members", async () => {
        const { limit, after } = checked("members", { ...options, room });
        if (!settings(room).presence)
          throw new RoomsError("invalid_argument", "who is in this room is not kept: its presence is off");
        return { room, ...(await presence.members(room, limit, after)) };
      }),

    rooms: (options = {}) =>
      answer(deps, "rooms", async () => {
        const { prefix, live, after, limit } = checked("rooms", options);
        const isWanted = (name: string): boolean =>
          name.startsWith(prefix) && name > after && rooms.visitorsOf(name).length > 0;
        // One that nobody has published to yet has no log, but it may have members.
        const names = new Set(rooms.live().filter(isWanted));
        const kept = live ? [] : await log.list(ROOM_PREFIX + prefix, roomLog(after), limit + 1);
        for (const { name } of kept) names.add(name.slice(ROOM_PREFIX.length));
        const sorted = [...names].sort((a, b) => (a < b ? -1 : 1));
        const page = await Promise.all(sorted.slice(0, limit).map(summary));
        return { rooms: page, more: sorted.length > limit };
      }),

    room: (name) => answer(deps, "room", () => summary(checked("room", { room: name }).room)),

    connections: (options = {}) =>
      answer(deps, "connections", () => {
        const { user, room, after, limit } = checked("connections", options);
        // By their ids, so that a page can follow one whose last connection has gone since.
        const rest = socketsOf(deps, { user, room })
          .filter(({ id }) => after === undefined || id > after)
          .sort((a, b) => (a.id < b.id ? -1 : 1));
        const page = rest.slice(0, limit).map((socket) => infoOf(socket, rooms.roomsOf(socket.id)));
        return { connections: page, more: rest.length > limit };
      }),

    inbox: (user) =>
      answer(deps, "inbox", async () => {
        checked("inbox", { user });
        const state = await log.state(inboxLog(user));
        const real = (await devices.of(user)).filter(({ device }) => device !== RECEIPTED);
        const shown = real.map(({ device, cursor, seen }) => ({ device, cursor, seen }));
        return { user, ...summaryOf(state), devices: shown };
      }),
  };
}

function summaryOf({ epoch, first, last }: LogState): LogSummary {
  return { position: { epoch, offset: last }, first };
}

function infoOf(socket: RoomsSocket, rooms: string[]): ConnectionInfo {
  const { address } = callerOf(socket);
  return { ...clientOf(socket), address, since: socket.handshake.issued, rooms };
}
