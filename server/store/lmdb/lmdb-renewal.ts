/**
 * New epochs for a copy. A copy is of a moment that clients may be past: what they have seen since is not in it, and its offsets will be
 * given out again. Under the epoch that they know they would be sent what comes now as if nothing were missing. So a copy has a mark, and
 * whoever first opens it to write gives all logs new epochs; the offsets go on.
 */
import type { LmdbFile, Table, Tables } from "./lmdb-file.js";
import { renewCursors } from "./lmdb-devices.js";
import { renewHeads } from "./log-heads.js";

const COPIED = Buffer.from("copied");

/** Inside a transaction. */
export function markCopied(meta: Table): void {
  void meta.put(COPIED, Buffer.of(1));
}

/**
 * Inside a transaction, once the file is of this release's format: where it is a copy, gives its logs new epochs and takes the mark away.
 * The cursors of devices are moved with their logs, so that no device gets what it had processed before the copy was made.
 */
export function renewCopied(file: LmdbFile, { heads, devices }: Tables, newEpoch: () => string): void {
  if (file.meta.get(COPIED) === undefined) return;
  file.begin(file.bytesOf(heads) + file.bytesOf(devices));
  // By the old one: what had the same epoch has the same again, and a cursor of no log's epoch stays so.
  const renewed = new Map<string, string>();
  const renew = (epoch: string): string => {
    const known = renewed.get(epoch) ?? newEpoch();
    renewed.set(epoch, known);
    return known;
  };
  renewHeads(file.meta, heads, renew);
  renewCursors(devices, (epoch) => renewed.get(epoch));
  void file.meta.remove(COPIED);
}
