/** What a backend does to rooms and to who is connected. */
import { CLOSE_CODES, closeWith } from "@crossroom/bridge";
import { revocationOf } from "../auth/revocation-of.js";
import { callerOf } from "../connections/caller.js";
import type { RoomsSocket } from "../connections/rooms-io.js";
import { roomLog } from "../rooms/log-names.js";
import { checked } from "./arguments.js";
import type { Backend, DisconnectTarget } from "./backend.js";
import { answer, socketsOf, type BackendDeps } from "./deps.js";

export function createActing(deps: BackendDeps): Pick<Backend, "kick" | "disconnect" | "revoke" | "clear"> {
  const { store, rooms, revoke, now } = deps;

  const socketsAt = (target: DisconnectTarget): RoomsSocket[] => {
    const found = checked("disconnect", target);
    if (!("sid" in found)) return socketsOf(deps, found);
    const socket = deps.sockets().get(found.sid);
    return socket === undefined ? [] : [socket];
  };

  return {
    kick: (target) =>
      answer(deps, "kick", async () => {
        const { user, room } = checked("kick", target);
        // All of the user's, since one may be about to enter; and in turn, so that none is half in the room meanwhile.
        const left = socketsOf(deps, { user }).map((socket) =>
          deps.inTurn(socket.id, () => rooms.expel(callerOf(socket), room)),
        );
        return (await Promise.all(left)).filter(Boolean).length;
      }),

    disconnect: (target, options = {}) =>
      answer(deps, "disconnect", () => {
        const { reconnect } = checked("disconnectOptions", options);
        const found = socketsAt(target);
        for (const socket of found) {
          if (!reconnect) deps.end(socket);
          // Clients of Socket.IO come back by themselves where the connection ends, and not where a namespace does.
          else if (!closeWith(socket, CLOSE_CODES.forcedClose)) socket.conn.close();
        }
        return found.length;
      }),

    revoke: (target) =>
      answer(deps, "revoke", () => {
        const given = checked("revoke", target);
        return revoke("type" in given ? given : revocationOf(given, now(), store.clock));
      }),

    clear: (room, options = {}) =>
      answer(deps, "clear", async () => {
        const { through = Infinity } = checked("clear", { ...options, room });
        const { last } = await store.log.state(roomLog(room));
        await store.log.trim(roomLog(room), Math.min(through, last));
      }),
  };
}
