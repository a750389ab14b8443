/**
 * The server's own key: what it signs guests' tokens with, and where the operator has configured no other, everybody's.
 * It lies in the data folder, so that guests stay who they are over a restart.
 */
import { createHash, randomBytes } from "node:crypto";
import { link, open, readFile, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "../config/config-error.js";
import { makeFolder, SECRET_FILE } from "../store/lmdb/data-folder.js";
import { StoreError } from "../store/store.js";

export interface OwnKey {
  /** For HMAC with SHA-256. */
  readonly secret: Uint8Array;
  /** The `kid` of tokens that are signed with it; says nothing about the secret. */
  readonly id: string;
}

/** Bytes of the key: those of the hash, as RFC 7518, 3.2 asks for. */
const KEY_BYTES = 32;

/** A key that lasts as long as the process. */
export function newOwnKey(random: (bytes: number) => Uint8Array = randomBytes): OwnKey {
  return ownKey(random(KEY_BYTES));
}

/**
 * The key of a data folder; folder and key are made if there are none. Two processes that come at the same time get the same
 * key. Throws a ConfigError where it cannot be read or made, or where others may read it.
 */
export async function loadOwnKey(
  folder: string,
  random: (bytes: number) => Uint8Array = randomBytes,
): Promise<OwnKey> {
  const path = join(folder, SECRET_FILE);
  try {
    const found = await readKey(path);
    if (found !== undefined) return ownKey(found);
    makeFolder(folder);
    await writeNew(path, random(KEY_BYTES));
    // What is there now: another process may have been first.
    return ownKey((await readKey(path)) ?? failed(`${path}: the server's key was removed while it was read`));
  } catch (error) {
    if (error instanceof ConfigError || error instanceof StoreError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(
      `the server's key ${path} cannot be read or made (${reason}); ` +
        `let this user read and write the folder, or give another with --data`,
      { cause: error },
    );
  }
}

async function readKey(path: string): Promise<Uint8Array | undefined> {
  const bytes = await readFile(path).catch((error: unknown) => {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  });
  if (bytes === undefined) return undefined;
  if (bytes.length !== KEY_BYTES) {
    failed(
      `${path} is not a server's key: it has ${bytes.length} bytes, not ${KEY_BYTES}. Put the right file back, ` +
        `or remove it: a new one is made, and tokens that were signed with the old one are worth nothing`,
    );
  }
  // Not the group's bits: some orchestrators set them on every file of a volume. Windows has no such bits.
  if (process.platform !== "win32" && ((await stat(path)).mode & 0o007) !== 0) {
    failed(`every user of this machine may read ${path}, the server's key; run: chmod 600 ${path}`);
  }
  return bytes;
}

/** Whole or not at all, and never over one that is there: another process may have signed with it already. */
async function writeNew(path: string, key: Uint8Array): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  const file = await open(draft, "wx", 0o600);
  try {
    await file.writeFile(key);
    await file.sync();
    await link(draft, path).catch((error: unknown) => {
      if (!isCode(error, "EEXIST")) throw error;
    });
  } finally {
    await file.close();
    await unlink(draft);
  }
}

function ownKey(secret: Uint8Array): OwnKey {
  const hash = createHash("sha256").update("crossroom key id").update(secret).digest("base64url");
  return { secret, id: `crossroom-${hash.slice(0, 16)}` };
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function failed(message: string): never {
  throw new ConfigError(message);
}
