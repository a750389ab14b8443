/** Changes every row of a table in one transaction. */
import type { Table } from "./lmdb-file.js";

/** Rows that are read before they are written: a range of LMDB's does not outlast writing. */
const READ_AT_ONCE = 500;

/** Inside a transaction: gives each row the value that `change` makes of the one that it has. */
export function rewriteRows(table: Table, change: (value: Buffer) => Buffer): void {
  let last: Buffer | undefined;
  do {
    // The first of a page is the last of the one before: LMDB has no key after one.
    const range = last === undefined ? { limit: READ_AT_ONCE } : { start: last, limit: READ_AT_ONCE + 1 };
    const rows = [...table.getRange(range)].slice(last === undefined ? 0 : 1);
    for (const { key, value } of rows) void table.put(key, change(value));
    last = rows.at(-1)?.key;
  } while (last !== undefined);
}
