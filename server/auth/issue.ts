/** Tokens that this server signs itself: for guests, for the demo, and at the operator's command line. */
import type { Clock } from "../store/store-clock.js";
import { signClaims, type HmacKey } from "./hmac-token.js";
import type { OwnKey } from "./own-key.js";

/** The claim `iss` of tokens of the server's own key: it says what they may be used for. */
export const OWN_ISSUERS = {
  /** Made by the operator, who has the key's file. */
  operator: "crossroom",
  /** Given to a guest, to come back as the same. */
  guests: "crossroom:guests",
  /** Given to a visitor of the demo page, who has only named themselves. */
  demo: "crossroom:demo",
} as const;

/** What this server gives out by itself. */
export type GivenPurpose = Exclude<keyof typeof OWN_ISSUERS, "operator">;

const DAY = 24 * 60 * 60 * 1_000;

/** Milliseconds for which a token is good to come back with. Each time that a guest comes back, it is a new one. */
export const GIVEN_LIFETIME: Readonly<Record<GivenPurpose, number>> = { guests: 30 * DAY, demo: DAY };

export interface TokenClaims {
  /** The claim `sub`. */
  user: string;
  /** The claim `jti`: what the token can be revoked by. */
  id: string;
  issuer?: string;
  audience?: string;
  name?: string;
  /** Claims beside these. */
  claims?: Readonly<Record<string, unknown>>;
  /** Milliseconds since the Unix epoch. */
  issuedAt: number;
  /** Milliseconds since the Unix epoch; without it the token never runs out. */
  expiresAt?: number;
}

/** Signs with HMAC and SHA-256. The times of a token are whole seconds, rounded down (RFC 7519, 2: NumericDate). */
export function signToken(
  key: HmacKey,
  { user, id, issuer, audience, name, claims, issuedAt, expiresAt }: TokenClaims,
): string {
  return signClaims(key, {
    ...claims,
    ...(name === undefined ? {} : { name }),
    sub: user,
    jti: id,
    iat: seconds(issuedAt),
    ...(issuer === undefined ? {} : { iss: issuer }),
    ...(audience === undefined ? {} : { aud: audience }),
    ...(expiresAt === undefined ? {} : { exp: seconds(expiresAt) }),
  });
}

/** Signs with the server's own key, for one of its own purposes. */
export function signOwnToken(
  key: OwnKey,
  purpose: keyof typeof OWN_ISSUERS,
  claims: Omit<TokenClaims, "issuer" | "audience">,
): string {
  return signToken(key, { ...claims, issuer: OWN_ISSUERS[purpose] });
}

/**
 * A token to come back with. Beside the times of the wall clock it has the stamp of the store's, by which it runs out: a clock that
 * is set takes nobody's identity.
 */
export function giveToken(
  key: OwnKey,
  purpose: GivenPurpose,
  { now, clock }: { now: () => number; clock: Clock },
  { claims, ...facts }: Omit<TokenClaims, "issuer" | "audience" | "issuedAt" | "expiresAt">,
): string {
  const issuedAt = now();
  const expiresAt = issuedAt + GIVEN_LIFETIME[purpose];
  return signOwnToken(key, purpose, {
    ...facts,
    claims: { ...claims, stamp: clock.now() },
    ...{ issuedAt, expiresAt },
  });
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1_000);
}
