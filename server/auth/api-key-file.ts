/**
 * The file of a server's keys. It is no part of the store, which one process has: a key is made by another process while the server runs, and
 * is to be good at once. It has hashes only, so that it may lie in a configuration as well.
 */
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { ConfigError } from "../config/config-error.js";
import { describe } from "../api/describe.js";
import { ownProperties } from "../own-properties/own-properties.js";
import { PatternError } from "../rules/patterns.js";
import { API_KEYS_FILE, makeFolder } from "../store/lmdb/data-folder.js";
import { StoreError } from "../store/store.js";
import { keyPattern, MAX_KEY_ROOMS, SCOPES, type ApiKey, type ApiKeys } from "./api-keys.js";

/** Milliseconds after which a draft was left behind by a process that is gone. */
const STALE = 10_000;
/** Milliseconds to wait for another process that changes the file. */
const PATIENCE = 3_000;

export const keyRoomSchema = z.string("must be a string").superRefine((text, context) => {
  try {
    keyPattern(text);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    context.addIssue({ code: "custom", message: `is no pattern: ${error.message}` });
  }
});

const fileSchema = z.strictObject({
  version: z.literal(1),
  keys: z.array(
    z.strictObject({
      id: z.string().regex(/^[0-9a-f]{12}$/, "must be 12 hexadecimal digits"),
      sha256: z.string().regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal digits"),
      name: z.exactOptional(z.string()),
      scopes: z.array(z.enum(SCOPES)).min(1),
      rooms: z.exactOptional(z.array(keyRoomSchema).min(1).max(MAX_KEY_ROOMS)),
      created: z.int(),
      expires: z.exactOptional(z.int()),
    }),
  ),
});

export class ApiKeyFile implements ApiKeys {
  readonly path: string;
  readonly #onError: (error: unknown) => void;
  #keys: readonly ApiKey[] = [];
  /** Which file was read last. */
  #read: string | undefined;

  /** @param onError Gets what is wrong with the file; the keys that were read before are good until it is right again. */
  constructor(path: string, onError: (error: unknown) => void) {
    this.path = path;
    this.#onError = onError;
  }

  /** Reads the file if it is another one than the last time: looking costs some microseconds. None where there is no file. */
  all(): readonly ApiKey[] {
    const which = whichFile(this.path);
    if (which === this.#read) return this.#keys;
    this.#read = which;
    try {
      this.#keys = readKeys(this.path);
    } catch (error) {
      this.#onError(error);
    }
    return this.#keys;
  }
}

/** Another text for another file, or another content of it. Where it cannot be looked at, reading it says why. */
function whichFile(path: string): string {
  try {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stat === undefined ? "" : [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.mode].join(" ");
  } catch (error) {
    return String(error);
  }
}

/**
 * The keys of a file that `crossroom key create --api-keys FILE` makes, read again when it changes; none while it is not there. Throws a
 * ConfigError where it is there and cannot be used. @param onError Gets what is wrong with it later; the keys that were read before are good until then.
 */
export function apiKeyFile(path: string, onError: (error: unknown) => void = () => undefined): ApiKeys {
  readKeys(path);
  return new ApiKeyFile(path, onError);
}

/** The keys of a file; none where it is not there. Throws a ConfigError that says what is wrong with it. */
export function readKeys(path: string): readonly ApiKey[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
    // Reading it gives nobody a key, but who writes it makes some. Windows has no such bits.
    if (process.platform !== "win32" && (statSync(path).mode & 0o002) !== 0) {
      throw new ConfigError(
        `every user of this machine may write ${path}, the keys of the HTTP API; run: chmod 600 ${path}`,
      );
    }
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    if (isCode(error, "ENOENT")) return [];
    throw new ConfigError(`the keys of the HTTP API cannot be read (${reasonOf(error)})`, { cause: error });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`${path}: this is not JSON (${reasonOf(error)})`, { cause: error });
  }
  const parsed = fileSchema.safeParse(ownProperties(value));
  if (!parsed.success) throw new ConfigError(`${path}: ${describe(parsed.error, "file")}`);
  return parsed.data.keys;
}

/**
 * Changes the file, whole or not at all; folder and file are made if there are none. Two processes that come at the same time come one after
 * the other. Throws a ConfigError.
 */
export async function changeKeys(
  path: string,
  change: (keys: readonly ApiKey[]) => readonly ApiKey[],
): Promise<void> {
  try {
    makeFolder(dirname(path));
    // Whoever has made the draft is the one who changes the file.
    const draft = `${path}.draft`;
    const file = await openDraft(draft);
    try {
      const keys = change(readKeys(path));
      writeFileSync(file, `${JSON.stringify({ version: 1, keys }, null, 2)}\n`);
      fsyncSync(file);
      renameSync(draft, path);
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    // What `change` says is for its own caller.
    if (!(error instanceof Error) || !("code" in error) || error instanceof StoreError) throw error;
    throw new ConfigError(`the keys of the HTTP API in ${path} cannot be changed (${reasonOf(error)})`, {
      cause: error,
    });
  }
}

async function openDraft(path: string): Promise<number> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    try {
      return openSync(path, "wx", 0o600);
    } catch (error) {
      if (!isCode(error, "EEXIST")) throw error;
    }
    const since = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - since > STALE) rmSync(path, { force: true });
    else if (performance.now() > end)
      throw new ConfigError(`another process changes the keys; if none does, remove ${path}`);
    else await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Where the keys are: in the file that is named, or else in the data folder; undefined where there is neither. */
export function apiKeyPath({ apiKeys, data }: { apiKeys?: string; data?: string }): string | undefined {
  return apiKeys ?? (data === undefined ? undefined : join(data, API_KEYS_FILE));
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ");
}
