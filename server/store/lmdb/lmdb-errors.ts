/** What LMDB and the file system say, as errors of a store. */
import { statfsSync } from "node:fs";
import { constants } from "node:os";
import { StoreError } from "../store.js";

/** Less than this many bytes free count as a full disk where LMDB only says that writing failed. */
const NEARLY_FULL = 1024 * 1024;

const { errno } = constants;

/** Codes of LMDB (lmdb.h); lmdb-js gives errors of the system as positive numbers in the same place. */
const MDB_PAGE_NOTFOUND = -30797;
const MDB_CORRUPTED = -30796;
const MDB_VERSION_MISMATCH = -30794;
const MDB_INVALID = -30793;
const MDB_MAP_FULL = -30792;

const FULL: readonly unknown[] = ["ENOSPC", "EDQUOT", "EFBIG", errno.ENOSPC, errno.EDQUOT, errno.EFBIG];
const FORBIDDEN: readonly unknown[] = ["EACCES", "EPERM", "EROFS", errno.EACCES, errno.EPERM, errno.EROFS];
const DAMAGED: readonly unknown[] = [MDB_PAGE_NOTFOUND, MDB_CORRUPTED, MDB_INVALID];
/** What lmdb-js 3.5 says of the same without a code, from a copy. */
const SAYS_DAMAGED = /^MDB_(PAGE_NOTFOUND|CORRUPTED|INVALID|INCOMPATIBLE)\b/;
const NO_FOLDER: readonly unknown[] = ["EEXIST", "ENOTDIR", errno.ENOTDIR];
const ABSENT: readonly unknown[] = ["ENOENT", errno.ENOENT];

export function storeError(error: unknown, folder: string): StoreError {
  if (error instanceof StoreError) return error;
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  if (FULL.includes(code) || code === MDB_MAP_FULL) return fullDisk(folder, error);
  if (FORBIDDEN.includes(code)) return readOnly(folder, error);
  const said = error instanceof Error ? error.message : String(error);
  if (DAMAGED.includes(code) || SAYS_DAMAGED.test(said))
    return damaged(folder, "LMDB finds it inconsistent", error);
  if (code === MDB_VERSION_MISMATCH) return newerFormat(folder, error);
  if (NO_FOLDER.includes(code)) {
    return new StoreError("failed", `${folder} is not a folder. Name a folder for the data.`, {
      cause: error,
    });
  }
  if (ABSENT.includes(code)) {
    return new StoreError("failed", `There is no store in ${folder}. Name the data folder of a server.`, {
      cause: error,
    });
  }
  // A write that got only part of its bytes onto a full disk is EIO to LMDB.
  if (code === errno.EIO && isNearlyFull(folder)) return fullDisk(folder, error);
  return new StoreError("failed", `The data folder ${folder} cannot be used: ${said}`, { cause: error });
}

export function inUse(folder: string, who: string, hint?: string): StoreError {
  const message = `The data folder ${folder} is in use by ${who}. Stop that server, or name another data folder.`;
  return new StoreError("locked", hint === undefined ? message : `${message} ${hint}`);
}

export function fullDisk(folder: string, cause?: unknown): StoreError {
  return new StoreError(
    "full",
    `Nothing was stored: the disk of the data folder ${folder} is full, or the file may not grow. Make room; the ` +
      "server goes on by itself then.",
    { cause },
  );
}

export function fullStore(folder: string, maxBytes: number): StoreError {
  return new StoreError(
    "full",
    `Nothing was stored: the data in ${folder} has reached the ${maxBytes} bytes that it may have. Allow more, or ` +
      "keep less history.",
  );
}

export function readOnly(path: string, cause?: unknown): StoreError {
  return new StoreError(
    "read_only",
    `${path} cannot be written. Give this user the right to write there, or name another data folder.`,
    { cause },
  );
}

export function removed(folder: string): StoreError {
  return new StoreError(
    "failed",
    `Nothing was stored: the data file in ${folder} was removed while the server ran. Restart the server.`,
  );
}

export function damaged(folder: string, how: string, cause?: unknown): StoreError {
  return new StoreError(
    "damaged",
    `The data in ${folder} is damaged: ${how}. Put back a backup, or move the folder away to start with an empty one.`,
    { cause },
  );
}

export function newerFormat(folder: string, cause?: unknown): StoreError {
  return new StoreError(
    "newer_format",
    `The data in ${folder} was written by a newer release. Run that release, or name another data folder.`,
    { cause },
  );
}

function isNearlyFull(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize < NEARLY_FULL;
  } catch {
    return false; // not known, and so not said
  }
}
