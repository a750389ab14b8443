/** Copies of a data folder that are whole, whether or not a server has it open. */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DATA_FILE, LMDB_LOCK_FILE, makeFolder } from "./data-folder.js";
import { LOCK_FILE } from "./folder-lock.js";
import { storeError } from "./lmdb-errors.js";
import { LmdbFile } from "./lmdb-file.js";
import { checkFormat } from "./lmdb-format.js";
import { StoreError } from "./store.js";

/**
 * Copies the store of one folder into another, which must be empty or not there, with the further files that are named.
 * The copy is that of one moment: of a running server's folder it has all that was acked before it began. The other folder is there
 * when it is whole and on disk, and not before.
 * @throws StoreError
 */
export async function copyStore(from: string, to: string, files: readonly string[]): Promise<void> {
  const target = resolve(to);
  const draft = `${target}.partial-${randomBytes(4).toString("hex")}`;
  try {
    if (existsSync(target) && readdirSync(target).length > 0) {
      throw new StoreError("failed", `${to} is not empty. Name a folder that is empty or not there.`);
    }
    const source = await LmdbFile.openReadOnly(from);
    try {
      checkFormat(source);
      makeFolder(draft);
      await source.copyTo(draft);
    } finally {
      await source.close();
    }
    for (const file of files) {
      if (existsSync(join(from, file))) copyFileSync(join(from, file), join(draft, file));
    }
    await checkCopy(draft);
    for (const file of readdirSync(draft)) {
      chmodSync(join(draft, file), 0o600);
      sync(join(draft, file));
    }
    sync(draft);
    renameSync(draft, target);
    sync(dirname(target));
  } catch (error) {
    throw storeError(error, from);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Opens the copy, which nobody owns yet. */
async function checkCopy(folder: string): Promise<void> {
  const copy = await LmdbFile.open(folder);
  try {
    copy.meta.transactionSync(() => void copy.meta.remove(Buffer.from("owner")));
    copy.openTables();
  } finally {
    await copy.close();
  }
  for (const file of [LMDB_LOCK_FILE, LOCK_FILE]) rmSync(join(folder, file), { force: true });
  if (!existsSync(join(folder, DATA_FILE))) throw new StoreError("failed", "The copy was removed meanwhile.");
}

function sync(path: string): void {
  if (process.platform === "win32") return; // cannot sync a folder
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
