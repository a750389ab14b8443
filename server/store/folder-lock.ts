/**
 * A lock of the kernel's on a file in a data folder. It is its process's for as long as that lives, whatever its pid, its namespaces
 * and the name of its host, and the kernel lets it go when the process ends, however it ends.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { ownerHere, type OwnerProcess } from "./owner-process.js";

export const LOCK_FILE = "owner.lock";

/** A lock file may be removed and made anew between its opening and its locking; that is tried this often. */
const TRIES = 10;

/** File systems without locks say one of these. */
const NO_LOCKS = ["ENOLCK", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EINVAL"];

/** What is used of fs-native-extensions 1.5, which has no types: open file description locks on Linux, flock(2) on macOS. */
interface FileLocks {
  tryLock(file: number): boolean;
}

export type LockAnswer =
  | { type: "locked"; release: () => void }
  /** By whom, as far as that one has said. */
  | { type: "taken"; by: OwnerProcess | undefined }
  /** This system, or this file system, has no such locks. */
  | { type: "unsupported" };

/** @throws what the file system says. */
export function lockFolder(folder: string): LockAnswer {
  const locks = fileLocks();
  if (locks === undefined) return { type: "unsupported" };
  const path = join(folder, LOCK_FILE);
  for (let tries = 0; tries < TRIES; tries++) {
    const file = openSync(path, "a+", 0o600);
    let isKept = false;
    try {
      if (!tryLock(locks, file)) return { type: "taken", by: readOwner(file) };
      if (!isAt(path, file)) continue;
      writeOwner(file);
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

function tryLock(locks: FileLocks, file: number): boolean {
  try {
    return locks.tryLock(file);
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
