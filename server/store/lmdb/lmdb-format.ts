/**
 * Which release's format the data in a file has.
 *
 * 1. Keys of appends twice: `keys` by log and key, `keyTimes` by time.
 * 2. Keys of appends once, in `ids`. A file of either format may be marked as a copy, and heads may list earlier epochs: format 1's release
 *    ignores the one and keeps the other.
 */
import { damaged, newerFormat } from "./lmdb-errors.js";
import { FIRST_TABLES, type LmdbFile, type Tables } from "./lmdb-file.js";
import { takeOverKeys } from "./log-keys.js";

/** Of the tables and what is in them. It goes up with each change that an older release would not understand. */
export const FORMAT_VERSION = 2;
export const FORMAT = Buffer.from("format");

/** The version of the format; undefined in a file that is new. @throws StoreError "newer_format". */
export function checkFormat(file: LmdbFile): number | undefined {
  const bytes = file.meta.get(FORMAT);
  if (bytes === undefined) return undefined;
  const version = bytes[0] ?? 0;
  if (version > FORMAT_VERSION) throw newerFormat(file.folder);
  if (version < 1) throw damaged(file.folder, "its format has no version");
  return version;
}

/** What is done when a file is opened to write, once its tables are open; inside a transaction. */
export type Upgrade = (tables: Tables) => void;

/** Brings a file to this release's format. Outside of a transaction, as it opens tables. */
export function upgradeFrom(version: number | undefined, file: LmdbFile): Upgrade {
  if (version === FORMAT_VERSION) return () => undefined;
  const old = version === 1 ? file.openTables(FIRST_TABLES) : undefined;
  return ({ ids }) => {
    if (old !== undefined) takeOverKeys(old, ids);
    void file.meta.put(FORMAT, Buffer.of(FORMAT_VERSION));
  };
}
