/** Tokens and identities for the tests of who may come in and what they may do. */
import { generateKeyPair, SignJWT, type CryptoKey } from "jose";
import { createAuthenticator, type AuthenticatorOptions } from "../../../../server/auth/authenticator.js";
import { newOwnKey } from "../../../../server/auth/own-key.js";
import { MemoryGuestTokens } from "../../../../server/store/memory/memory-guest-tokens.js";
import { Lifetime } from "../../../../server/store/lifetime.js";
import type { Authenticate, AuthOutcome } from "../../../../server/auth/authenticate.js";
import type { Identity } from "../../../../server/rooms/identity.js";

/** The clock of these tests, in milliseconds since the Unix epoch. */
export const NOW = 1_750_000_000_000;
export const NOW_SECONDS = NOW / 1_000;

export const SECRET = "0123456789abcdef0123456789abcdef";

type Key = CryptoKey | Uint8Array;

/** Signs claims as they are, with a user, and an hour to live, unless they say otherwise. */
export async function token(
  key: Key | string,
  claims: Record<string, unknown> = {},
  header: { alg?: string; kid?: string } = {},
): Promise<string> {
  return new SignJWT({ sub: "ada", iat: NOW_SECONDS, exp: NOW_SECONDS + 3_600, ...claims })
    .setProtectedHeader({ alg: "HS256", ...header })
    .sign(typeof key === "string" ? Buffer.from(key) : key);
}

/** A key pair whose halves can be written down. */
export async function pair(algorithm: string) {
  return generateKeyPair(algorithm, { extractable: true });
}

/** An authenticator that takes no guests and knows no key, unless the options say otherwise. */
export function authenticator(options: Partial<AuthenticatorOptions> = {}): Authenticate {
  let ids = 0;
  const { now = () => NOW } = options;
  const clock = { now, cutoff: (age: number) => now() - age, wall: now };
  return createAuthenticator({
    keys: [],
    guests: false,
    demo: false,
    ownKey: newOwnKey(),
    revocations: { has: () => false },
    now,
    clock,
    guestTokens: new MemoryGuestTokens(new Lifetime(), clock),
    guestEnded: () => undefined,
    randomHex: () => (ids++).toString(16).padStart(16, "0"),
    ...options,
  });
}

/** The identity of a verdict that must be good. */
export function identityOf(verdict: AuthOutcome): Identity {
  if (!verdict.ok) throw new Error(`refused: ${verdict.error.code}: ${verdict.error.message}`);
  return verdict.identity;
}

/** The error of a verdict that must be bad, as `code: message`. */
export function errorOf(verdict: AuthOutcome): string {
  if (verdict.ok) throw new Error(`taken: ${JSON.stringify(verdict.identity)}`);
  return `${verdict.error.code}: ${verdict.error.message}`;
}

export function user(id: string, claims: Record<string, unknown> = {}): Identity {
  return { user: id, name: id, guest: false, claims };
}

export function guest(id = "guest-0000000000000000"): Identity {
  return { user: id, name: "Guest", guest: true, claims: {} };
}
