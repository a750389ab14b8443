/** Deletes rows of a table that are past their time, a few in a transaction, so that nobody waits for it. */
import { setImmediate as nextTick } from "node:timers/promises";
import type { Lifetime } from "../lifetime.js";
import type { Table } from "./lmdb-file.js";
import type { LmdbWriter } from "./lmdb-writer.js";

/** Rows that are looked at before others have their turn. */
const LOOK_AT = 500;

export async function sweepRows(
  table: Table,
  lifetime: Lifetime,
  writer: LmdbWriter,
  isOver: (value: Buffer) => boolean,
): Promise<void> {
  let start: Buffer | undefined;
  do {
    lifetime.check();
    // The first of a page is the last of the one before: LMDB has no key after one.
    const rows = [...table.getRange({ ...(start === undefined ? {} : { start }), limit: LOOK_AT })];
    const over = rows.filter(({ value }) => isOver(value)).map(({ key }) => key);
    if (over.length > 0) {
      await writer.submit(() => {
        for (const key of over) {
          const value = table.get(key);
          if (value !== undefined && isOver(value)) void table.remove(key);
        }
      });
    }
    const last = rows.at(-1)?.key;
    start = rows.length < LOOK_AT ? undefined : last;
    await nextTick();
  } while (start !== undefined);
}
