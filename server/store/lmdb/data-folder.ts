/** The folder of a store: made if it is not there, and for its user alone. */
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { StoreError } from "../store.js";

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** What there is in a data folder. */
export const DATA_FILE = "data.mdb";
export const LMDB_LOCK_FILE = "lock.mdb";
/** The SHA-256 of a copy's data file, as `sha256sum --check` reads it. */
export const CHECKSUM_FILE = "data.mdb.sha256";
/** What guests' tokens are signed with. */
export const SECRET_FILE = "secret";
/** The keys of backends, hashed. */
export const API_KEYS_FILE = "api-keys.json";
/** Not the store's own, but copied with it. */
export const COPIED_FILES = [SECRET_FILE, API_KEYS_FILE];
const OWN_FILES = [DATA_FILE, LMDB_LOCK_FILE, CHECKSUM_FILE, "owner.lock", ...COPIED_FILES];

/**
 * Makes a folder and those above it, where they are not there. `mkdir` of Node with `recursive` never returns for a path that
 * cannot be made below a folder that is there, as in /proc.
 * @throws StoreError "failed", or what the file system says for a reason that it names well.
 */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.unshift(at);
  for (const folder of missing) {
    try {
      mkdirSync(folder, { mode: FOLDER_MODE });
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EEXIST" && isFolder(folder)) continue; // another process was first
      if (code === "EEXIST" && isLink(folder))
        throw cannotBeMade(path, `${folder} is a link to nothing`, error);
      if (code === "ENOENT") throw cannotBeMade(path, `the system makes no folder ${folder}`, error);
      throw error;
    }
  }
}

/** Lets nobody but its user into a folder that holds a store and nothing else, and to the files of the store. */
export function makePrivate(folder: string): void {
  if (process.platform === "win32") return; // has no such bits
  const names = readdirSync(folder);
  for (const name of names) if (OWN_FILES.includes(name)) setMode(join(folder, name), FILE_MODE);
  if (names.every((name) => OWN_FILES.includes(name))) setMode(folder, FOLDER_MODE);
}

/** A sentence for the owner of a folder that others may enter, as `makePrivate` leaves it where there is something else in it. */
export function exposureOf(folder: string): string | undefined {
  if (process.platform === "win32") return undefined;
  const mode = statSync(folder).mode & 0o777;
  if ((mode & 0o007) === 0) return undefined;
  const others = readdirSync(folder).filter((name) => !OWN_FILES.includes(name));
  const why =
    others.length === 0 ? "" : ` It was left so for what else is in it (${others.slice(0, 3).join(", ")}).`;
  return (
    `All users of this machine may enter the data folder ${folder} (mode ${mode.toString(8).padStart(4, "0")}).${why} ` +
    `Run: chmod 700 ${folder}`
  );
}

function setMode(path: string, mode: number): void {
  if ((statSync(path).mode & 0o777) === mode) return;
  try {
    chmodSync(path, mode);
  } catch (error) {
    // Another user's: orchestrators make volumes that the server's group may write.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function cannotBeMade(path: string, why: string, cause: unknown): StoreError {
  return new StoreError(
    "failed",
    `The data folder ${path} cannot be made: ${why}. Name another data folder.`,
    { cause },
  );
}
