/**
 * A JWK Set in a file (RFC 7517), as an identity provider publishes it. Whoever renews the file need not tell the server:
 * it looks for a new one now and then, and at a key id that it does not know. Which key is for which token is jose's to say; what is
 * refused at the start, ours.
 */
import { createPublicKey, type KeyObject } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { createLocalJWKSet, errors, type CryptoKey, type JSONWebKeySet, type JWK } from "jose";
import { ConfigError } from "../config/config-error.js";
import { algorithmsOf, type KeySource, type TokenHeader } from "./keys.js";

export interface JwksOptions {
  /** Milliseconds since the Unix epoch. */
  now: () => number;
  /** Told when a changed file cannot be used; the keys before it hold on. */
  warn: (message: string) => void;
}

/** Milliseconds after which the file is looked at again, at the next token. */
const CHECK_EVERY = 10_000;

/** The same for a token whose key id is not known: forged ones must not have the disk read for each. */
const CHECK_EVERY_FOR_UNKNOWN = 1_000;

type JwkSet = ReturnType<typeof createLocalJWKSet>;

/** Reads the file. Throws a ConfigError where it is not there, or has no key to verify with. */
export async function jwksSource(path: string, options: JwksOptions): Promise<KeySource> {
  const file = new JwksFile(path, options);
  await file.load();
  return file;
}

class JwksFile implements KeySource {
  readonly #path: string;
  readonly #options: JwksOptions;
  #keys: JwkSet = createLocalJWKSet({ keys: [] });
  /** What the file was like when it was last read. */
  #stamp = "";
  #checkedAt = -Infinity;
  #checking: Promise<void> | undefined;

  constructor(path: string, options: JwksOptions) {
    this.#path = path;
    this.#options = options;
  }

  /** Those of all keys, so that a renewal of the file can bring others than it had. */
  readonly algorithms = [
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
  ].concat(["EdDSA", "Ed25519"]);

  async load(): Promise<void> {
    this.#checkedAt = this.#options.now();
    this.#stamp = await stampOf(this.#path);
    this.#keys = await readJwks(this.#path);
  }

  async find(header: TokenHeader): Promise<CryptoKey | undefined> {
    await this.#check(CHECK_EVERY);
    const key = await this.#get(header);
    if (key !== undefined) return key;
    await this.#check(CHECK_EVERY_FOR_UNKNOWN);
    return this.#get(header);
  }

  async #get(header: TokenHeader): Promise<CryptoKey | undefined> {
    try {
      return await this.#keys({ ...header });
    } catch (error) {
      if (error instanceof errors.JWKSMultipleMatchingKeys) {
        // Without a key id, only where there is no choice.
        if (header.kid === undefined) return undefined;
        const first = await error[Symbol.asyncIterator]().next();
        return first.done === true ? undefined : first.value;
      }
      if (error instanceof errors.JWKSNoMatchingKey) return undefined;
      throw error;
    }
  }

  /** Reads the file again if it has changed; at most once in `every` milliseconds, and one reading serves all who wait. */
  async #check(every: number): Promise<void> {
    const age = this.#options.now() - this.#checkedAt;
    // A clock that was set back must not stop the looking.
    if (this.#checking === undefined && age >= 0 && age < every) return;
    this.#checking ??= this.#reload().finally(() => (this.#checking = undefined));
    await this.#checking;
  }

  async #reload(): Promise<void> {
    this.#checkedAt = this.#options.now();
    try {
      const stamp = await stampOf(this.#path);
      if (stamp === this.#stamp) return;
      // Before the reading: what cannot be used is told once, and looked at again when it is another.
      this.#stamp = stamp;
      this.#keys = await readJwks(this.#path);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.#options.warn(`${error.message}. The keys that were read before stay in use`);
    }
  }
}

async function stampOf(path: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    return `${mtimeMs} ${size} ${ino}`;
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function readJwks(path: string): Promise<JwkSet> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw unreadable(path, error);
  }
  const keys = keysOf(text, path).filter((jwk, i) => isForSignatures(jwk, `${path}: keys[${i}]`));
  if (keys.length === 0) {
    throw new ConfigError(
      `${path} has no public key that verifies signatures; give one of RSA, EC or Ed25519`,
    );
  }
  return createLocalJWKSet({ keys });
}

function keysOf(text: string, path: string): readonly JWK[] {
  try {
    return createLocalJWKSet(JSON.parse(text) as JSONWebKeySet).jwks().keys;
  } catch (cause) {
    throw new ConfigError(`${path} is not a JWK Set; give a JSON file like {"keys": [{"kty": "RSA", ...}]}`, {
      cause,
    });
  }
}

/** False for a key that is for something else: those are passed over (RFC 7517, 5). */
function isForSignatures(jwk: JWK, from: string): boolean {
  if (jwk.kty === "oct" || "d" in jwk) {
    throw new ConfigError(
      `${from} is a secret or private key; give a set of public keys, or a secret with JWT_SECRET`,
    );
  }
  if (jwk.use !== undefined && jwk.use !== "sig") return false;
  if (jwk.key_ops !== undefined && !(Array.isArray(jwk.key_ops) && jwk.key_ops.includes("verify")))
    return false;
  if (!["RSA", "EC", "OKP"].includes(jwk.kty ?? "")) return false;
  let key: KeyObject;
  try {
    key = createPublicKey({ key: { ...jwk }, format: "jwk" });
  } catch {
    throw new ConfigError(
      `${from} is a key of the type ${String(jwk.kty)} that cannot be read; take it out, or mend it`,
    );
  }
  return algorithmsOf(key, from).length > 0;
}

function unreadable(path: string, error: unknown): ConfigError {
  const reason = error instanceof Error ? error.message : String(error);
  return new ConfigError(`the JWK Set ${path} cannot be read (${reason})`, { cause: error });
}
