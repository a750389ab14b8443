/** What the operator sees of a running server: its rooms and inboxes, as they are in the store and in memory. */
import type { RoomSummary } from "../backend/backend.js";
import type { AdminSource } from "./admin.js";
import { INBOX_PREFIX, ROOM_PREFIX, roomLog } from "../rooms/log-names.js";
import { messageOf } from "../rooms/messages.js";
import type { Rooms } from "../rooms/rooms.js";
import { RECEIPTED } from "../store/devices.js";
import type { LogState } from "../store/log.js";
import type { Store } from "../store/store.js";

/** Members that are shown of one room. */
const MAX_MEMBERS = 500;

export function createAdminSource(store: Store, rooms: Rooms, revoke: AdminSource["revoke"]): AdminSource {
  const { log, presence, devices } = store;
  const roomSummary = async (room: string, { epoch, first, last }: LogState): Promise<RoomSummary> => ({
    room,
    position: { epoch, offset: last },
    first,
    members: await presence.count(room),
  });
  return {
    revoke,

    async rooms(after, limit) {
      const kept = await log.list(ROOM_PREFIX, roomLog(after), limit);
      const names = new Set(kept.map(({ name }) => name.slice(ROOM_PREFIX.length)));
      // One that nobody has published to yet has no log, but it may have members.
      for (const room of rooms.live()) if (room > after) names.add(room);
      const page = [...names].sort((a, b) => (a < b ? -1 : 1)).slice(0, limit);
      return Promise.all(page.map(async (room) => roomSummary(room, await log.state(roomLog(room)))));
    },

    async inboxes(after, limit) {
      const kept = await log.list(INBOX_PREFIX, INBOX_PREFIX + after, limit);
      return Promise.all(
        kept.map(async ({ name, state: { epoch, first, last } }) => {
          const user = name.slice(INBOX_PREFIX.length);
          const real = (await devices.of(user)).filter(({ device }) => device !== RECEIPTED);
          return { user, position: { epoch, offset: last }, first, devices: real };
        }),
      );
    },

    async room(name, last) {
      const limits = { entries: last, bytes: 1024 * 1024 };
      const { state, entries } = await log.before(roomLog(name), Infinity, limits);
      const { members } = await presence.members(name, MAX_MEMBERS);
      const messages = entries.map((entry) => messageOf(name, state.epoch, entry));
      return { ...(await roomSummary(name, state)), messages, present: members };
    },
  };
}
