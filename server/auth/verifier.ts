/** From a token to what it says, or to what is wrong with it. */
import {
  decodeJwt,
  decodeProtectedHeader,
  errors,
  jwtVerify,
  UnsecuredJWT,
  type JWTClaimVerificationOptions,
  type JWTPayload,
} from "jose";
import { apiError } from "../api/errors.js";
import type { ApiError } from "../api/types.js";
import { describe } from "../api/describe.js";
import { MAX_TOKEN, userSchema } from "../api/values.js";
import type { KeySource, TokenHeader } from "./keys.js";
import type { Clock } from "../store/store-clock.js";
import { signedPayload } from "./hmac-token.js";
import { GIVEN_LIFETIME, OWN_ISSUERS, type GivenPurpose } from "./issue.js";
import type { OwnKey } from "./own-key.js";

export interface VerifierOptions {
  ownKey: OwnKey;
  /** The operator's. Without any, the operator's tokens too are signed with the server's own key. */
  keys: readonly KeySource[];
  /** What `iss` and `aud` must be, in tokens of the operator's keys. */
  issuer?: string;
  audience?: string;
  /** Milliseconds that the clock of whoever signs may differ from this one's. Default 5,000. */
  clockTolerance?: number;
  /** Milliseconds since the Unix epoch. */
  now: () => number;
  /** By which tokens that this server gave run out, and which knows whether the wall clock was set. */
  clock: Clock;
}

/** Who stands behind a token: the operator, or this server for a guest or for a visitor of the demo. */
export type Backing = keyof typeof OWN_ISSUERS;

export interface VerifiedToken {
  ok: true;
  backing: Backing;
  user: string;
  claims: Readonly<Record<string, unknown>>;
  tokenId?: string;
  /** Milliseconds since the Unix epoch. */
  issuedAt?: number;
  /** When this server gave it, by the store's clock. */
  stamp?: number;
  /** By the wall clock as it is now. */
  expiresAt?: number;
}

type TokenRefusal = { ok: false; error: ApiError };

/** Verifies a token; never fails, whatever it is. Of one that the server has signed itself, the answer is there at once. */
export type VerifyToken = (
  token: string,
) => VerifiedToken | TokenRefusal | Promise<VerifiedToken | TokenRefusal>;

/** How the claims of a genuine token are judged, whoever has verified its signature. */
interface Rules {
  /** What jose is to check. */
  readonly options: JWTClaimVerificationOptions;
  /** What claims that have passed come to. */
  readonly read: (payload: JWTPayload) => VerifiedToken | TokenRefusal;
}

/** In front of claims whose signature was verified, so that jose checks them by the same code as any (RFC 7519, 6). */
const UNSECURED_HEADER = Buffer.from('{"alg":"none"}').toString("base64url");

/** Milliseconds. */
const DEFAULT_CLOCK_TOLERANCE = 5_000;

/** The last second that a Date can hold (ECMA-262, 21.4.1.1). */
const MAX_SECONDS = 8.64e12;

export function createVerifier(options: VerifierOptions): VerifyToken {
  const { ownKey, keys, issuer, audience, now, clock } = options;
  const { clockTolerance = DEFAULT_CLOCK_TOLERANCE } = options;

  /** For one that this server gave, to somebody who only comes back. The clock may have been set since. */
  function rulesOfGiven(purpose: GivenPurpose): Rules {
    // By the date, nothing has run out.
    const options = { issuer: OWN_ISSUERS[purpose], currentDate: new Date(0) };
    const read = (payload: JWTPayload): VerifiedToken | TokenRefusal => {
      const { stamp, exp = 0 } = payload;
      const isOver =
        typeof stamp === "number" ? stamp <= clock.cutoff(GIVEN_LIFETIME[purpose]) : exp * 1_000 <= now();
      if (isOver) return { ok: false, error: apiError("token_expired") };
      const given = readClaims(payload, purpose, Infinity);
      if (!given.ok || typeof stamp !== "number") return given;
      return { ...given, stamp, expiresAt: now() + stamp - clock.cutoff(GIVEN_LIFETIME[purpose]) };
    };
    return { options, read };
  }

  /** @param isOwn Whether it is signed with the server's own key. */
  function rulesOfOperator(isOwn: boolean): Rules {
    const wall = now();
    const even = clock.wall();
    // The clock of this machine made the times of its own tokens: if it was set since, they have not run out for that.
    const judged = isOwn ? Math.min(wall, even) : wall;
    const options = {
      clockTolerance: clockTolerance / 1_000,
      currentDate: new Date(judged),
      ...(isOwn || issuer === undefined ? {} : { issuer }),
      ...(isOwn || audience === undefined ? {} : { audience }),
    };
    const read = (payload: JWTPayload): VerifiedToken | TokenRefusal => {
      if (isOwn && keys.length > 0) {
        return refused(
          "this server takes tokens of the configured keys only; this one is signed with its own",
        );
      }
      const token = readClaims(payload, "operator", Math.max(wall, even) + clockTolerance);
      if (!token.ok || token.expiresAt === undefined) return token;
      return { ...token, expiresAt: token.expiresAt + wall - judged };
    };
    return { options, read };
  }

  function rulesOfOwn(token: string): Rules {
    const backing = backingOf(decodeJwt(token).iss);
    return backing === "operator" ? rulesOfOperator(true) : rulesOfGiven(backing);
  }

  async function check(token: string, key: Parameters<typeof jwtVerify>[1], alg: string, rules: Rules) {
    const { payload } = await jwtVerify(token, key, { algorithms: [alg], ...rules.options });
    return rules.read(payload);
  }

  async function verify(token: string): Promise<VerifiedToken | TokenRefusal> {
    const header = readHeader(token);
    if (header === undefined) return refused("the token is not a signed JWT");
    try {
      if (header.kid === ownKey.id) return await check(token, ownKey.secret, "HS256", rulesOfOwn(token));
      const sources = keys.filter(({ algorithms }) => algorithms.includes(header.alg));
      if (sources.length === 0) return refused(noSource(header, keys));
      let problem = refused(
        "this server has no key for the token: its kid is unknown, or missing where there are several",
      );
      for (const source of sources) {
        const key = await source.find(header);
        if (key === undefined) continue;
        try {
          return await check(token, key, header.alg, rulesOfOperator(false));
        } catch (error) {
          // Another source may have the key.
          if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
          problem = explain(error);
        }
      }
      return problem;
    } catch (error) {
      return explain(error);
    }
  }

  return (token) => {
    if (token === "") return refused("the token is empty");
    if (token.length > MAX_TOKEN) return refused(`the token has more than ${MAX_TOKEN} characters`);
    const payload = signedPayload(ownKey, token);
    if (payload === undefined) return verify(token);
    try {
      const { options, read } = rulesOfOwn(token);
      return read(UnsecuredJWT.decode(`${UNSECURED_HEADER}.${payload}.`, options).payload);
    } catch (error) {
      return explain(error);
    }
  };
}

function readHeader(token: string): TokenHeader | undefined {
  try {
    const { alg, kid } = decodeProtectedHeader(token);
    if (typeof alg !== "string" || (kid !== undefined && typeof kid !== "string")) return undefined;
    return { alg, ...(kid === undefined ? {} : { kid }) };
  } catch {
    return undefined; // the caller says what is wrong
  }
}

function noSource({ alg }: TokenHeader, keys: readonly KeySource[]): string {
  if (keys.length === 0)
    return "this server takes only tokens that are signed with its own key, and this one is not";
  // A stranger's text: shown only if it can be an algorithm's name.
  const name = /^[A-Za-z0-9-]{1,16}$/.test(alg) ? alg : "this algorithm";
  const taken = [...new Set(keys.flatMap(({ algorithms }) => algorithms))];
  return `this server takes no tokens with ${name}; sign with ${taken.join(", ")}`;
}

function backingOf(issuer: string | undefined): Backing {
  if (issuer === OWN_ISSUERS.guests) return "guests";
  return issuer === OWN_ISSUERS.demo ? "demo" : "operator";
}

/** @param latest The last moment at which the token may have been issued, in milliseconds since the Unix epoch. */
function readClaims(claims: JWTPayload, backing: Backing, latest: number): VerifiedToken | TokenRefusal {
  const { sub, jti, iat, exp } = claims;
  if (sub === undefined) return refused('the token has no claim "sub", which is to name its user');
  const user = userSchema.safeParse(sub);
  if (!user.success) return refused(describe(user.error, 'the token\'s claim "sub"'));
  if (jti !== undefined && typeof jti !== "string")
    return refused('the token\'s claim "jti" must be a string');
  for (const [name, time] of Object.entries({ iat, exp })) {
    if (time !== undefined && !(time >= 0 && time <= MAX_SECONDS)) {
      return refused(`the token's claim "${name}" is no time in seconds since 1970`);
    }
  }
  // Else such a token would outlive every revocation that names a time.
  if (iat !== undefined && iat * 1_000 > latest) {
    return refused('the token\'s claim "iat" lies in the future; set the clocks right');
  }
  return {
    ok: true,
    backing,
    user: user.data,
    claims,
    ...(jti === undefined ? {} : { tokenId: jti }),
    ...(iat === undefined ? {} : { issuedAt: Math.floor(iat * 1_000) }),
    ...(exp === undefined ? {} : { expiresAt: Math.floor(exp * 1_000) }),
  };
}

function explain(error: unknown): TokenRefusal {
  if (error instanceof errors.JWTExpired) return { ok: false, error: apiError("token_expired") };
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return refused("the token's signature is not of this server's key");
  }
  if (error instanceof errors.JWTClaimValidationFailed) return refused(explainClaim(error));
  if (error instanceof errors.JOSEError) return refused("the token is not a signed JWT");
  throw error;
}

function explainClaim({ claim, reason }: errors.JWTClaimValidationFailed): string {
  if (reason === "missing") return `the token has no claim "${claim}", which this server asks for`;
  if (reason === "invalid") return `the token's claim "${claim}" has the wrong type`;
  if (claim === "nbf") return 'the token is not valid yet: see its claim "nbf", and the clocks';
  return `the token's claim "${claim}" is not what this server asks for`;
}

export function refused(message: string): TokenRefusal {
  return { ok: false, error: apiError("unauthorized", message) };
}
