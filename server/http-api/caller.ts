/** Who calls: a key, or a token whose claim says what it is good for. */
import type { IncomingMessage } from "node:http";
import { decodeJwt } from "jose";
import { z } from "zod";
import { describe } from "../api/describe.js";
import { keyRoomSchema } from "../auth/api-key-file.js";
import {
  findKey,
  hasExpired,
  KEY_PREFIX,
  keyId,
  keyPattern,
  MAX_KEY_ROOMS,
  SCOPES,
  type ApiKeys,
  type Scope,
} from "../auth/api-keys.js";
import type { Authenticate } from "../auth/authenticate.js";
import { bearerToken } from "../auth/request-token.js";
import { ownProperties } from "../own-properties/own-properties.js";
import { MAX_PATTERN, Pattern } from "../rules/patterns.js";
import { Problem, type ProblemCode } from "./problem.js";

export interface Caller {
  /** For logs: a key's id, or the user of a token. */
  readonly id: string;
  readonly scopes: readonly Scope[];
  /** Patterns of the rooms that it may name; left out: everything. */
  readonly rooms?: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly expires?: number;
}

export interface CallerOptions {
  keys: ApiKeys;
  authenticate: Authenticate;
  /** Milliseconds since the Unix epoch. */
  now: () => number;
}

/** The claim of a token that says what it is good for here, and the older one that says everything. */
export const API_CLAIM = "crossroom_api";
const ADMIN_CLAIM = "crossroom_admin";

const claimSchema = z.strictObject({
  scope: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length),
  rooms: z.exactOptional(z.array(keyRoomSchema).min(1).max(MAX_KEY_ROOMS)),
});

/** Who shows this request's key or token. Throws a Problem: 401, or 403 for a token that is good for something else. */
export async function callerOf(
  request: IncomingMessage,
  { keys, authenticate, now }: CallerOptions,
): Promise<Caller> {
  const text = bearerToken(request) ?? "";
  if (text === "")
    throw unauthorized("Send Authorization: Bearer with a key of crossroom key create.", "Bearer");
  if (text.startsWith(KEY_PREFIX)) {
    const key = findKey(keys.all(), text);
    if (key === undefined) throw unauthorized("There is no such key. It may have been revoked.");
    if (hasExpired(key, now()))
      throw unauthorized(`The key ${key.id} has expired. Make another.`, undefined, "token_expired");
    return key;
  }
  // Asked about, a guest's token would count as shown, and its guest be given another.
  if (!mayHaveClaim(text)) throw withoutClaim();
  const outcome = await authenticate({ auth: undefined, token: text });
  if (!outcome.ok) {
    const { code, message } = outcome.error;
    throw unauthorized(
      message,
      undefined,
      code === "token_expired" || code === "token_revoked" ? code : "unauthorized",
    );
  }
  const { user, guest, claims, expiresAt } = outcome.identity;
  if (guest) throw withoutClaim();
  const rights = rightsOf(claims);
  return { id: `user:${user}`, ...rights, ...(expiresAt === undefined ? {} : { expires: expiresAt }) };
}

/** Throws a Problem, 403, where the caller has not a scope. */
export function requireScope({ scopes }: Caller, scope: Scope): void {
  if (scopes.includes(scope)) return;
  throw forbidden(`This key has not the scope ${scope}; it has ${scopes.join(", ")}.`, scope);
}

/** Throws a Problem, 403, where the caller may not name a room. */
export function requireRoom({ rooms }: Caller, room: string): void {
  if (rooms === undefined || patternsOf(rooms).some((pattern) => pattern.matchesForAnyone(room))) return;
  throw forbidden(`This key is for rooms like ${rooms.join(", ")} alone.`);
}

/** Throws a Problem, 403, where the caller may not see all rooms whose names begin so. */
export function requireRooms({ rooms }: Caller, prefix = ""): void {
  if (rooms === undefined) return;
  const all = `${prefix.replace(/[\\*{]/g, "\\$&")}*`;
  // A name of so many stars is no pattern of a key's either.
  if (all.length <= MAX_PATTERN && patternsOf(rooms).some((pattern) => pattern.covers(Pattern.parse(all))))
    return;
  throw forbidden(
    `This key is for rooms like ${rooms.join(", ")} alone: give a prefix that all of these have.`,
  );
}

/** Throws a Problem, 403, for a caller that is bound to rooms: what is asked for is of none. */
export function requireAllRooms({ rooms }: Caller): void {
  if (rooms === undefined) return;
  throw forbidden(`This key is for rooms like ${rooms.join(", ")} alone, and this is about more than rooms.`);
}

/** By the list that they are of: a batch asks a thousand times. */
const PARSED = new WeakMap<readonly string[], readonly Pattern[]>();

function patternsOf(rooms: readonly string[]): readonly Pattern[] {
  const parsed = PARSED.get(rooms) ?? rooms.map(keyPattern);
  PARSED.set(rooms, parsed);
  return parsed;
}

function rightsOf(claims: Readonly<Record<string, unknown>>): Pick<Caller, "scopes" | "rooms"> {
  if (Object.hasOwn(claims, API_CLAIM)) {
    const parsed = claimSchema.safeParse(ownProperties(claims[API_CLAIM]));
    if (!parsed.success)
      throw forbidden(`The token's claim is not valid: ${describe(parsed.error, API_CLAIM)}.`);
    const { scope, rooms } = parsed.data;
    return { scopes: scope, ...(rooms === undefined ? {} : { rooms }) };
  }
  if (Object.hasOwn(claims, ADMIN_CLAIM) && claims[ADMIN_CLAIM] === true) return { scopes: SCOPES };
  throw withoutClaim();
}

/** Whether a token that nobody has verified yet says that it is for this. What cannot be read is somebody's own kind. */
function mayHaveClaim(token: string): boolean {
  try {
    const claims = decodeJwt(token);
    return Object.hasOwn(claims, API_CLAIM) || Object.hasOwn(claims, ADMIN_CLAIM);
  } catch {
    return true;
  }
}

function unauthorized(
  detail: string,
  challenge = 'Bearer error="invalid_token"',
  code: ProblemCode = "unauthorized",
): Problem {
  return new Problem(code, detail, { headers: { "www-authenticate": challenge } });
}

/** RFC 6750, 3.1. */
function forbidden(detail: string, scope?: Scope): Problem {
  const challenge = `Bearer error="insufficient_scope"${scope === undefined ? "" : `, scope="${scope}"`}`;
  return new Problem("forbidden", detail, { headers: { "www-authenticate": challenge } });
}

function withoutClaim(): Problem {
  return forbidden(
    `The token has no claim ${API_CLAIM}, so that it is for clients. Use a key of crossroom key create.`,
  );
}

/** The id of the key that a request shows, for a line of the log; it proves nothing. */
export function shownKeyId(request: IncomingMessage): string | undefined {
  return keyId(bearerToken(request) ?? "");
}
