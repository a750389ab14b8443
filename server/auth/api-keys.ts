/** Keys of backends: what they look like, what is kept of them, and what they allow. Pure, but for the randomness that it is given. */
import { createHash, timingSafeEqual } from "node:crypto";
import { Pattern, PatternError } from "../rules/patterns.js";

/** What a key may be good for. */
export const SCOPES = ["publish", "publish:as", "read", "moderate", "tokens", "ops"] as const;
export type Scope = (typeof SCOPES)[number];

/** Room patterns that one key may have. */
export const MAX_KEY_ROOMS = 100;

/** What is kept of a key: enough to know it again, and not to make it. */
export interface ApiKey {
  /** Public: it is in logs. */
  readonly id: string;
  /** Of the whole key, in hexadecimal. A key has 256 random bits, so that nobody finds it from this. */
  readonly sha256: string;
  /** For people. */
  readonly name?: string;
  readonly scopes: readonly Scope[];
  /** Patterns of the rooms that it is good for; left out: everything. */
  readonly rooms?: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly created: number;
  /** From when on it is good no more; left out: never. */
  readonly expires?: number;
}

/** Where the keys are found. */
export interface ApiKeys {
  /** All of them, as they are now. */
  all(): readonly ApiKey[];
}

const KEY = /^crk_([0-9a-f]{12})_[0-9A-Za-z]{43}$/;
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SECRET_BYTES = 32;
const SECRET_LENGTH = 43;
const ID_BYTES = 6;

/** How every key begins, and nothing else that is shown as a token. */
export const KEY_PREFIX = "crk_";

/** A new key's text, to be shown once, and what is to be kept of it. */
export function newApiKey(
  { name, scopes, rooms, created, expires }: Omit<ApiKey, "id" | "sha256">,
  random: (bytes: number) => Buffer,
): { text: string; key: ApiKey } {
  const id = random(ID_BYTES).toString("hex");
  const text = `${KEY_PREFIX}${id}_${letters(random(SECRET_BYTES))}`;
  return {
    text,
    key: {
      id,
      sha256: sha256(text).toString("hex"),
      ...(name === undefined ? {} : { name }),
      scopes,
      ...(rooms === undefined ? {} : { rooms }),
      created,
      ...(expires === undefined ? {} : { expires }),
    },
  };
}

/** The id of what looks like a key. Whoever shows it chose it: it proves nothing. */
export function keyId(text: string): string | undefined {
  return KEY.exec(text)?.[1];
}

/** The key with this text, whether or not it has expired. One that is not known is compared all the same, so that the time tells nothing. */
export function findKey(keys: readonly ApiKey[], text: string): ApiKey | undefined {
  const id = keyId(text);
  const key = keys.find((one) => one.id === id);
  const isSame = timingSafeEqual(sha256(text), key === undefined ? NO_KEY : Buffer.from(key.sha256, "hex"));
  return isSame ? key : undefined;
}

/** Whether it is good no more at a time, in milliseconds since the Unix epoch. */
export function hasExpired({ expires }: ApiKey, now: number): boolean {
  return expires !== undefined && expires <= now;
}

/** Pattern of a key's rooms. It stands for no user, so that it may not have `{user}` or a claim in it. @throws PatternError */
export function keyPattern(text: string): Pattern {
  const pattern = Pattern.parse(text);
  // One with such a place in it does not cover itself: its rooms are others for each user.
  if (!pattern.covers(pattern)) {
    throw new PatternError(`a key belongs to no user: ${text} must not have {user} or a claim in it`);
  }
  return pattern;
}

/** What no key has. */
const NO_KEY = sha256("");

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** All bits of them, as letters and digits, which a double click takes as one word. */
function letters(bytes: Buffer): string {
  let rest = BigInt(`0x${bytes.toString("hex")}`);
  let text = "";
  for (; text.length < SECRET_LENGTH; rest /= 62n) text = ALPHABET.charAt(Number(rest % 62n)) + text;
  return text;
}
