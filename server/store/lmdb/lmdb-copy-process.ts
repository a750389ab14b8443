/** The process that lmdb-copy.ts starts: copies the store of its first argument into its second, and says how that went. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { LMDB_LOCK_FILE } from "./data-folder.js";
import { LOCK_FILE } from "./folder-lock.js";
import type { CopyAnswer } from "./lmdb-copy.js";
import { damaged } from "./lmdb-errors.js";
import { LmdbFile } from "./lmdb-file.js";
import { checkFormat } from "./lmdb-format.js";
import { markCopied } from "./lmdb-renewal.js";
import { StoreError } from "../store.js";

async function copy(from: string, to: string): Promise<void> {
  const source = await LmdbFile.openReadOnly(from);
  try {
    checkFormat(source);
    await source.copyTo(to);
  } finally {
    await source.close();
  }
  const copied = await LmdbFile.open(to);
  try {
    copied.meta.transactionSync(() => {
      // Nobody owns it yet.
      void copied.meta.remove(Buffer.from("owner"));
      markCopied(copied.meta);
    });
    copied.readAll();
  } catch (error) {
    // Nobody has touched the copy: what is wrong with it is wrong with what was copied.
    throw damaged(from, "not all of it can be read", error);
  } finally {
    await copied.close();
  }
  for (const file of [LMDB_LOCK_FILE, LOCK_FILE]) rmSync(join(to, file), { force: true });
}

function say(answer: CopyAnswer): void {
  process.send?.(answer, () => process.disconnect());
}

process.once("disconnect", () => process.exit());
const [, , from = "", to = ""] = process.argv;
copy(from, to).then(
  () => say({ ok: true }),
  (error: unknown) => {
    if (!(error instanceof StoreError)) throw error;
    say({ ok: false, code: error.code, message: error.message });
  },
);
