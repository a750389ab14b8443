/** The data file of a store: opening it without harm, its tables, and how much room there is in it. */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  realpathSync,
  rmSync,
  statSync,
  truncateSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { open, type Database, type RootDatabase } from "lmdb";
import { CHECKSUM_FILE, DATA_FILE, LMDB_LOCK_FILE, makeFolder, makePrivate } from "./data-folder.js";
import { lockData, lockFolder, LOCK_FILE, type LockAnswer } from "./folder-lock.js";
import { damaged, fullStore, inUse, newerFormat, readOnly, removed, storeError } from "./lmdb-errors.js";
import { faultOf, type HeaderFault } from "./lmdb-header.js";
import { nameOf } from "./owner-process.js";

export type Table = Database<Buffer, Buffer>;

const TABLES = ["heads", "entries", "ids", "devices", "presence", "revocations", "guests"] as const;

/** Those that only the first format has. */
export const FIRST_TABLES = ["keys", "keyTimes"] as const;

type TableName = (typeof TABLES | typeof FIRST_TABLES)[number];

export type Tables = Record<(typeof TABLES)[number], Table>;

const ENCODING = { keyEncoding: "binary", encoding: "binary" } as const;
const OPTIONS = { ...ENCODING, noSubdir: false, maxDbs: 16 };

/** Bytes by which the file is kept longer than what is used of it: no batch grows it by more, values apart. */
const SLACK = 16 * 1024 * 1024;

/** Another process may just be creating the file; it is looked at this often, this many milliseconds apart. */
const LOOKS = 10;
const LOOK_INTERVAL = 20;

const FAULTS = {
  empty: "the file is empty",
  foreign: "the file is not an LMDB file",
  truncated: "the file is shorter than what it says it holds",
} as const satisfies Partial<Record<HeaderFault, string>>;

/**
 * Folders that this process has open to write. Opening one again would wait, on the event loop, for the end of a transaction
 * that itself waits for the event loop.
 */
const ownFolders = new Set<string>();

export class LmdbFile {
  readonly #root: RootDatabase<Buffer, Buffer>;
  readonly #maxBytes: number;
  readonly #closed: () => void;
  /** Bytes that this batch may still write. */
  #room = Infinity;
  /** Whether what is free inside the file counts in them. */
  #isCounted = false;

  private constructor(
    readonly folder: string,
    root: RootDatabase<Buffer, Buffer>,
    /** What is known of the store as a whole. Not one of the tables, since it tells whether those may be touched. */
    readonly meta: Table,
    /** Whether the kernel keeps others out for as long as it is open. */
    readonly isLocked = false,
    maxBytes = Infinity,
    closed: () => void = () => undefined,
  ) {
    this.#root = root;
    this.#maxBytes = maxBytes;
    this.#closed = closed;
  }

  /**
   * Opens the file for one who will own it, and creates it where there is none. Another process that owns it keeps this one
   * out before LMDB sees the file: it takes two processes with one pid, of two containers, for one.
   * @throws StoreError.
   */
  static async open(folder: string, maxBytes = Infinity): Promise<LmdbFile> {
    return await attempt(folder, async () => {
      makeFolder(folder);
      const path = realpathSync(folder);
      if (ownFolders.has(path)) throw inUse(folder, `this process, ${process.pid}`);
      ownFolders.add(path);
      const unlocks: (() => void)[] = [];
      const closed = () => {
        for (const unlock of unlocks) unlock();
        ownFolders.delete(path);
      };
      const hold = (lock: LockAnswer): void => {
        if (lock.type === "taken") throw inUse(folder, lock.by ? nameOf(lock.by) : "another process");
        if (lock.type === "locked") unlocks.push(lock.release);
      };
      try {
        for (const file of ["", DATA_FILE, LMDB_LOCK_FILE, LOCK_FILE]) checkWritable(join(folder, file));
        hold(lockFolder(folder));
        const isNew = !existsSync(dataPath(folder));
        if (!isNew) {
          hold(lockData(dataPath(folder)));
          await checkHeader(folder);
        }
        // overlappingSync would make commits visible before they are on disk.
        const options = { ...OPTIONS, overlappingSync: false, eventTurnBatching: false };
        const root = open<Buffer, Buffer>(folder, options);
        const meta = await metaOf(root, folder);
        if (isNew) {
          syncFolder(folder);
          hold(lockData(dataPath(folder)));
        }
        // It is that of the copy as it was made.
        rmSync(join(folder, CHECKSUM_FILE), { force: true });
        makePrivate(folder);
        return new LmdbFile(folder, root, meta, unlocks.length === 2, maxBytes, closed);
      } catch (error) {
        closed();
        throw error;
      }
    });
  }

  /** Opens the file to read it, whether or not a process owns it. @throws StoreError. */
  static async openReadOnly(folder: string): Promise<LmdbFile> {
    return await attempt(folder, async () => {
      await checkHeader(folder);
      const root = open<Buffer, Buffer>(folder, { ...OPTIONS, readOnly: true });
      return new LmdbFile(folder, root, await metaOf(root, folder));
    });
  }

  /** Opens the tables; where the file is not open for reading only, it creates those that are not there. */
  openTables<Name extends TableName = keyof Tables>(
    names: readonly Name[] = TABLES as readonly TableName[] as readonly Name[],
  ): Record<Name, Table> {
    const entries = names.map((name): [string, Table] => {
      const table = tableOf(this.#root, name);
      if (table === undefined) throw damaged(this.folder, `its table ${name} is missing`);
      return [name, table];
    });
    return Object.fromEntries(entries) as Record<Name, Table>;
  }

  /**
   * Called inside a transaction before it grows the file: makes the file long enough. So it is never shorter than its
   * header says (LMDB itself leaves out free pages at the end), which is how a truncated file is told.
   * @param bytes Of the values that are about to be written.
   * @throws what the file system says.
   */
  begin(bytes: number): void {
    const used = this.usedBytes();
    this.#room = this.#maxBytes - used;
    this.#isCounted = false;
    const needed = used + SLACK + 2 * bytes;
    const path = dataPath(this.folder);
    const { size } = statSync(path, { throwIfNoEntry: false }) ?? {};
    if (size === undefined) throw removed(this.folder);
    if (size < needed) truncateSync(path, needed + SLACK);
  }

  /**
   * After `begin`. @throws StoreError "full" if this many bytes more are more than the store may have.
   * @param reserve The part of what it may have that must be left: as of `Draft`.
   */
  takeRoom(tables: Tables, bytes: number, reserve = 0): void {
    if (this.#maxBytes === Infinity) return;
    const left = this.#maxBytes * reserve;
    if (this.#room - bytes < left && !this.#isCounted) this.#count(tables);
    if (this.#room - bytes < left) throw fullStore(this.folder, this.#maxBytes - left);
    this.#room -= bytes;
  }

  /** The file is as long as it may be. What is free inside it takes longer to find out, and is found out once for a batch. */
  #count(tables: Tables): void {
    this.#isCounted = true;
    const kept = Object.values(tables).map((table) => {
      const { treeBranchPageCount, treeLeafPageCount, overflowPages, pageSize } = table.getStats() as Stats;
      return (treeBranchPageCount + treeLeafPageCount + overflowPages) * pageSize;
    });
    this.#room = this.#maxBytes - kept.reduce((sum, size) => sum + size, 0);
  }

  /** Writes the file, as it is at this moment, into another folder. Beside it, others go on writing. @throws StoreError. */
  async copyTo(folder: string): Promise<void> {
    try {
      await this.#root.backup(folder, true);
    } catch (error) {
      const ofCopy = storeError(error, folder);
      throw ["full", "read_only"].includes(ofCopy.code) ? ofCopy : storeError(error, this.folder);
    }
  }

  /** Reads all that is in the file. A page that is damaged may end the process. @throws what LMDB says. */
  readAll(): void {
    const tables = this.openTables([...TABLES, ...FIRST_TABLES]);
    for (const table of [this.meta, ...Object.values(tables)]) {
      let entries = 0;
      for (const { key, value } of table.getRange()) if (key.length + value.length > 0) entries++;
      const { entryCount } = table.getStats() as Stats;
      if (entries !== entryCount) throw damaged(this.folder, "some of its entries cannot be found");
    }
  }

  /** Runs what reads. @throws StoreError for whatever it throws. */
  read<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw storeError(error, this.folder);
    }
  }

  /** @throws what LMDB says, if it will not write any more. */
  probe(): void {
    this.meta.transactionSync(() => void this.meta.put(Buffer.from("probe"), Buffer.alloc(1)));
  }

  async close(): Promise<void> {
    await this.#root.close();
    this.#closed();
  }

  /** How much of the file is in use. */
  usedBytes(): number {
    const { lastPageNumber, pageSize } = this.#root.getStats() as Stats;
    return (lastPageNumber + 1) * pageSize;
  }
}

/** What lmdb-js 3.5 gives as statistics; its types say `{}`. */
interface Stats {
  pageSize: number;
  treeBranchPageCount: number;
  treeLeafPageCount: number;
  overflowPages: number;
  lastPageNumber: number;
  entryCount: number;
}

function dataPath(folder: string): string {
  return join(folder, DATA_FILE);
}

async function attempt<T>(folder: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw storeError(error, folder);
  }
}

/** Of a file that is open for reading only, a table that is not there is undefined, which the types do not say. */
function tableOf(root: RootDatabase<Buffer, Buffer>, name: string): Table | undefined {
  return root.openDB<Buffer, Buffer>({ name, ...ENCODING });
}

async function metaOf(root: RootDatabase<Buffer, Buffer>, folder: string): Promise<Table> {
  try {
    const meta = tableOf(root, "meta");
    if (meta === undefined) throw damaged(folder, "it is not data of a rooms server");
    return meta;
  } catch (error) {
    await root.close();
    throw error;
  }
}

function checkWritable(path: string): void {
  if (!existsSync(path)) return;
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw readOnly(path, error);
  }
}

/** Makes the new file's name durable: syncing the file does not. */
function syncFolder(folder: string): void {
  if (process.platform === "win32") return; // cannot sync a folder, and need not
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

async function checkHeader(folder: string): Promise<void> {
  let fault = faultOf(dataPath(folder));
  for (let look = 1; look < LOOKS && fault !== undefined; look++) {
    await delay(LOOK_INTERVAL);
    fault = faultOf(dataPath(folder));
  }
  if (fault === "other_version") throw newerFormat(folder);
  if (fault !== undefined) throw damaged(folder, FAULTS[fault]);
}
