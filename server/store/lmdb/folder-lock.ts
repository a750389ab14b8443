/**
 * Locks of the kernel's on files in a data folder. They are their process's for as long as that lives, whatever its pid, its namespaces
 * and the name of its host, and the kernel lets them go when the process ends, however it ends. One is on a file of its own, which
 * says who has it and is there before the data are. The other is on the data file: that cannot be removed without the data, so
 * nobody gets past it.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { ownerHere, type OwnerProcess } from "./owner-process.js";

export const LOCK_FILE = "owner.lock";

/** A byte that no file reaches: where locks keep others from reading, as on Windows, nobody reads it. */
const BEYOND_DATA = 2 ** 52;

/** A lock file may be removed and made anew between its opening and its locking; that is tried this often. */
const TRIES = 10;

/** File systems without locks say one of these. */
const NO_LOCKS = ["ENOLCK", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EINVAL"];

/** What is used of fs-native-extensions 1.5, which has no types: open file description locks on Linux, flock(2) on macOS. */
interface FileLocks {
  /** @param length Bytes from `offset`; 0: all. */
  tryLock(file: number, offset: number, length: number): boolean;
}

export type LockAnswer =
  | { type: "locked"; release: () => void }
  /** By whom, as far as that one has said. */
  | { type: "taken"; by: OwnerProcess | undefined }
  /** This system, or this file system, has no such locks. */
  | { type: "unsupported" };

/** Locks the folder, and says in it who has it. @throws what the file system says. */
export function lockFolder(folder: string): LockAnswer {
  return lock(join(folder, LOCK_FILE), {
    flags: "a+",
    tryLock: (locks, file) => locks.tryLock(file, 0, 0),
    readOwner,
    writeOwner,
  });
}

/** Locks a data file that is there. @throws what the file system says. */
export function lockData(path: string): LockAnswer {
  return lock(path, {
    flags: "r+",
    tryLock: (locks, file) => locks.tryLock(file, BEYOND_DATA, 1),
    readOwner: () => undefined,
    writeOwner: () => undefined,
  });
}

interface LockKind {
  readonly flags: string;
  tryLock(locks: FileLocks, file: number): boolean;
  readOwner(file: number): OwnerProcess | undefined;
  writeOwner(file: number): void;
}

function lock(path: string, kind: LockKind): LockAnswer {
  const locks = fileLocks();
  if (locks === undefined) return { type: "unsupported" };
  for (let tries = 0; tries < TRIES; tries++) {
    const file = openSync(path, kind.flags, 0o600);
    let isKept = false;
    try {
      if (!isFree(() => kind.tryLock(locks, file))) return { type: "taken", by: kind.readOwner(file) };
      if (!isAt(path, file)) continue;
      kind.writeOwner(file);
      isKept = true;
      return { type: "locked", release: () => closeSync(file) };
    } catch (error) {
      if (NO_LOCKS.includes(codeOf(error) ?? "")) return { type: "unsupported" };
      throw error;
    } finally {
      if (!isKept) closeSync(file);
    }
  }
  return { type: "taken", by: undefined };
}

/** Undefined where there is no binary for this system: on Alpine Linux, or a 32-bit ARM. */
function fileLocks(): FileLocks | undefined {
  try {
    return createRequire(import.meta.url)("fs-native-extensions") as FileLocks;
  } catch (error) {
    if (["ADDON_NOT_FOUND", "CANNOT_LOAD"].includes(codeOf(error) ?? "")) return undefined;
    throw error;
  }
}

function isFree(tryLock: () => boolean): boolean {
  try {
    return tryLock();
  } catch (error) {
    if (codeOf(error) === "EACCES") return false; // as POSIX has it for fcntl, beside EAGAIN
    throw error;
  }
}

/** Whether the file is still the one of this path. */
function isAt(path: string, file: number): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  const here = fstatSync(file);
  return there?.ino === here.ino && there.dev === here.dev;
}

function writeOwner(file: number): void {
  ftruncateSync(file);
  writeSync(file, JSON.stringify(ownerHere()));
}

/** For people. The owner may be about to write it. */
function readOwner(file: number): OwnerProcess | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as OwnerProcess;
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
