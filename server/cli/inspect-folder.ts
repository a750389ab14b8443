/** A data folder, as `crossroom inspect` sees it: read only, also while a server has it open. */
import { ConfigError } from "../config/config-error.js";
import { INBOX_PREFIX, ROOM_PREFIX, inboxLog, roomLog } from "../rooms/log-names.js";
import { messageOf } from "../rooms/messages.js";
import { RECEIPTED } from "../store/devices.js";
import { readLmdbStore, type StoreView } from "../store/lmdb/lmdb-store.js";
import type { LogState } from "../store/log.js";
import { StoreError } from "../store/store.js";
import type { InspectSource, LogRow } from "./inspect-source.js";

/** Bytes of the messages that are read at a time. */
const MAX_BYTES = 64 * 1024 * 1024;

export async function inspectFolder(folder: string): Promise<InspectSource> {
  const store = await open(folder);
  const { log, devices } = store;
  return {
    close: () => store.close(),

    async rooms(after, limit) {
      const logs = await log.list(ROOM_PREFIX, after === "" ? "" : roomLog(after), limit);
      return logs.map(({ name, state }) => ({ room: name.slice(ROOM_PREFIX.length), ...rowOf(state) }));
    },

    async inboxes(after, limit) {
      const logs = await log.list(INBOX_PREFIX, after === "" ? "" : inboxLog(after), limit);
      return Promise.all(
        logs.map(async ({ name, state }) => {
          const user = name.slice(INBOX_PREFIX.length);
          const real = (await devices.of(user)).filter(({ device }) => device !== RECEIPTED);
          return { user, ...rowOf(state), devices: real };
        }),
      );
    },

    async room(name, last) {
      const { state, entries } = await log.before(roomLog(name), Infinity, {
        entries: last,
        bytes: MAX_BYTES,
      });
      if (state.last === 0) return undefined;
      const messages = entries.map((entry) => messageOf(name, state.epoch, entry));
      return { room: name, ...rowOf(state), messages };
    },
  };
}

async function open(folder: string): Promise<StoreView> {
  try {
    return await readLmdbStore(folder);
  } catch (error) {
    throw error instanceof StoreError ? new ConfigError(error.message, { cause: error }) : error;
  }
}

function rowOf({ epoch, first, last }: LogState): LogRow {
  return { position: { epoch, offset: last }, first };
}
