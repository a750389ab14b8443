/** Which release's format the data in a file has. */
import { damaged, newerFormat } from "./lmdb-errors.js";
import type { LmdbFile } from "./lmdb-file.js";

/** Of the tables and what is in them. It goes up with each change that an older release would not understand. */
export const FORMAT_VERSION = 1;
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
