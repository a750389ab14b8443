/**
 * Which process owns a data folder. The kernel's lock on the folder says so (folder-lock.ts). Beside it the owner's record lies in
 * the store itself and is looked at inside transactions, of which LMDB lets one be at a time, whatever process it is of: for
 * systems that have no such lock, and should somebody remove the lock's file.
 */
import { randomUUID } from "node:crypto";
import { inUse } from "./lmdb-errors.js";
import type { LmdbFile } from "./lmdb-file.js";
import { markCopied } from "./lmdb-renewal.js";
import { isNear, isRunning, nameOf, ownerHere, type OwnerProcess } from "./owner-process.js";
import { StoreError } from "../store.js";

const OWNER = Buffer.from("owner");

/** Milliseconds after which an owner that cannot be looked for counts as dead, and how often an owner says that it is not. */
const SILENCE = 15_000;
const BEAT_INTERVAL = 5_000;

interface OwnerRecord extends OwnerProcess {
  token: string;
  /** Whether it had the lock. Then whoever has it later knows that it is gone. */
  locked?: boolean;
  /** Of its data file, with the device. One who finds the record in another file has a copy. */
  inode?: string;
  /** When it was last heard of, in milliseconds since the Unix epoch. */
  beat: number;
}

export class LmdbOwner {
  readonly #file: LmdbFile;
  readonly #now: () => number;
  readonly #token = randomUUID();
  readonly #inode: string;
  #beat = -Infinity;
  #written = Buffer.alloc(0);

  constructor(file: LmdbFile, now: () => number) {
    this.#file = file;
    this.#now = now;
    this.#inode = file.inode;
  }

  /** Inside a transaction: takes the folder. @throws StoreError "locked" if another process has it. */
  claim(): void {
    const bytes = this.#file.meta.get(OWNER);
    if (bytes !== undefined) {
      const owner = JSON.parse(bytes.toString()) as OwnerRecord;
      const isGone = this.#file.isLocked && owner.locked === true;
      // One that has ended has perhaps only been moved: to another disk, after a crash.
      if (this.#isElsewhere(owner)) markCopied(this.#file.meta);
      else if (!isGone && isAlive(owner, this.#now())) throw locked(this.#file.folder, owner);
    }
    this.#write();
  }

  /** Inside each transaction: it is still ours. @throws StoreError "locked". */
  check(): void {
    const bytes = this.#file.meta.get(OWNER);
    if (bytes === undefined || !this.#written.equals(bytes)) {
      const owner = bytes && (JSON.parse(bytes.toString()) as OwnerRecord);
      if (owner?.token !== this.#token) throw lost(this.#file.folder, owner);
    }
    if (this.isQuiet()) this.#write();
  }

  /** Whether it is time for a transaction, so that others hear of this owner. */
  isQuiet(): boolean {
    return Math.abs(this.#now() - this.#beat) >= BEAT_INTERVAL;
  }

  /** Inside the last transaction. */
  release(): void {
    void this.#file.meta.remove(OWNER);
  }

  /** Whether the owner runs, and with the file that this one was copied from. */
  #isElsewhere(owner: OwnerRecord): boolean {
    const isOfOther = owner.inode !== undefined && owner.inode !== this.#inode;
    return isOfOther && isNear(owner) && isRunning(owner);
  }

  #write(): void {
    this.#beat = this.#now();
    const record: OwnerRecord = {
      ...ownerHere(),
      token: this.#token,
      locked: this.#file.isLocked,
      inode: this.#inode,
      beat: this.#beat,
    };
    this.#written = Buffer.from(JSON.stringify(record));
    void this.#file.meta.put(OWNER, this.#written);
  }
}

function isAlive(owner: OwnerRecord, now: number): boolean {
  return isNear(owner) ? isRunning(owner) : Math.abs(now - owner.beat) < SILENCE;
}

function locked(folder: string, owner: OwnerRecord): StoreError {
  const seconds = SILENCE / 1000;
  const hint = `If it has ended, or this is a copy of its folder, try again in ${seconds} seconds.`;
  return inUse(folder, nameOf(owner), isNear(owner) ? undefined : hint);
}

function lost(folder: string, owner: OwnerRecord | undefined): StoreError {
  const who = owner === undefined ? "was taken away from this process" : `was taken over by ${nameOf(owner)}`;
  return new StoreError(
    "locked",
    `The data folder ${folder} ${who}, and nothing was stored. Restart this server, with a folder of its own.`,
  );
}
