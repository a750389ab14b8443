/** The store in a data folder: everything on disk when it resolves, in one file of LMDB. */
import { LmdbClock } from "./lmdb-clock.js";
import { LmdbDevices, StoredDevices } from "./lmdb-devices.js";
import { LmdbGuestTokens } from "./lmdb-guest-tokens.js";
import type { DeviceCursor, Devices } from "../devices.js";
import { Lifetime } from "../lifetime.js";
import { storeError } from "./lmdb-errors.js";
import { LmdbFile } from "./lmdb-file.js";
import { checkFormat, upgradeFrom } from "./lmdb-format.js";
import { LmdbOwner } from "./lmdb-owner.js";
import { timeSource } from "../machine-clock.js";
import { LmdbWriter } from "./lmdb-writer.js";
import type { Log } from "../log.js";
import { LogEntries } from "./log-entries.js";
import { StoredHeads } from "./log-heads.js";
import { LogReading } from "./log-reading.js";
import { LmdbLog } from "./lmdb-log.js";
import { copyStore } from "./lmdb-backup.js";
import { renewCopied } from "./lmdb-renewal.js";
import { COPIED_FILES } from "./data-folder.js";
import { LmdbPresence } from "./lmdb-presence.js";
import { LmdbRevocations } from "./lmdb-revocations.js";
import type { Store, StoreOptions } from "../store.js";

/** Milliseconds between two looks at whether the owner has been quiet for long. */
const LOOK_INTERVAL = 1_000;

export interface LmdbStoreOptions extends StoreOptions {
  /** Bytes that the data may take on disk; the file may be somewhat longer. Default: as many as the disk has. */
  maxBytes?: number;
}

/** The devices of a store that another process may have open. */
export interface DevicesView extends Pick<Devices, "of"> {
  /** Users and their devices, after the user `after` ("" for the first), in an order that stays. */
  list(after: string, limit: number): Promise<{ user: string; devices: DeviceCursor[] }[]>;
}

/** What there is to see of a store that another process may have open. */
export interface StoreView {
  readonly log: Pick<Log, "list" | "state" | "after" | "before">;
  readonly devices: DevicesView;
  close(): Promise<void>;
}

/**
 * Opens the store in a folder, which is created if it is not there. One process can have it open.
 * @throws StoreError
 */
export async function openLmdbStore(folder: string, options: LmdbStoreOptions): Promise<Store> {
  const file = await LmdbFile.open(folder, options.maxBytes);
  try {
    return openParts(file, options);
  } catch (error) {
    await file.close();
    throw storeError(error, folder);
  }
}

/**
 * Reads a folder that a server may have open. What a server has let go by its age, but not deleted yet, is seen too.
 * @throws StoreError
 */
export async function readLmdbStore(folder: string): Promise<StoreView> {
  const file = await LmdbFile.openReadOnly(folder);
  const lifetime = new Lifetime();
  let closing: Promise<void> | undefined;
  try {
    checkFormat(file);
    const tables = file.openTables(["heads", "entries", "devices"]);
    const clock = { now: () => 0, cutoff: () => -Infinity, wall: () => 0 };
    const everything = { retention: () => ({ count: Infinity, age: Infinity }), clock };
    return {
      log: new LogReading(
        new StoredHeads(file.meta, tables.heads),
        new LogEntries(tables.entries),
        everything,
        (read) => lifetime.run(() => file.read(read)),
      ),
      devices: new StoredDevices(file, tables.devices, lifetime),
      close: () => {
        lifetime.end();
        return (closing ??= file.close());
      },
    };
  } catch (error) {
    await file.close();
    throw storeError(error, folder);
  }
}

function openParts(file: LmdbFile, options: StoreOptions): Store {
  const owner = new LmdbOwner(file, options.now);
  const lifetime = new Lifetime();
  const writer = new LmdbWriter(file, (bytes) => {
    owner.check();
    file.begin(bytes);
  });
  // One transaction, so that of two processes one finds the folder taken, and nothing of its own done.
  const version = file.meta.transactionSync(() => {
    const format = checkFormat(file);
    owner.claim();
    return format;
  });
  const tables = file.openTables();
  const upgrade = upgradeFrom(version, file);
  const parts = file.meta.transactionSync(() => {
    owner.check();
    upgrade(tables);
    renewCopied(file, tables, options.newEpoch);
    const clock = new LmdbClock(file.meta, timeSource(options), writer);
    return {
      clock,
      log: new LmdbLog(file, tables, writer, { ...options, clock }, lifetime),
      presence: new LmdbPresence(lifetime, tables.presence, writer),
      devices: new LmdbDevices(file, tables.devices, lifetime, writer),
      guestTokens: new LmdbGuestTokens(tables.guests, lifetime, writer, clock),
      revocations: new LmdbRevocations(tables.revocations, writer, lifetime, clock),
    };
  });
  const beats = setInterval(() => {
    if (owner.isQuiet()) writer.wake();
  }, LOOK_INTERVAL).unref();
  const close = async () => {
    lifetime.end();
    clearInterval(beats);
    try {
      await writer.submit(() => {
        parts.clock.writeNow();
        owner.release();
      });
    } finally {
      await file.close();
    }
  };
  let closing: Promise<void> | undefined;
  return {
    ...parts,
    stats: {
      commits: writer.commits,
      bytes: () => (lifetime.isOpen ? file.usedBytes() : 0),
      isFailing: () => writer.isFailing,
    },
    backup: (to) => lifetime.run(() => copyStore(file.folder, to, COPIED_FILES)),
    close: () => (closing ??= close()),
  };
}
