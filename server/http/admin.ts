/** `/admin/...`: what the operator may see and do over HTTP, with a token that says so. */
import type { IncomingMessage } from "node:http";
import { z } from "zod";
import { ownProperties } from "../own-properties/own-properties.js";
import { bearerToken } from "../auth/request-token.js";
import type { Member, RoomMessage } from "../api/types.js";
import { HttpError, jsonHandler, readObject, requireMethod, type HttpHandler } from "./http-json.js";
import type { Authenticate } from "../auth/authenticate.js";
import type { InboxSummary, RoomSummary } from "../backend/backend.js";
import { describe } from "../api/describe.js";
import { revocationOf } from "../auth/revocation-of.js";
import { MAX_PAGE, userSchema } from "../api/values.js";
import type { Revocation } from "../store/revocations.js";
import type { Clock } from "../store/store-clock.js";

/** What the rooms server shows of itself. */
export interface AdminSource {
  /** Rooms that have or had messages or have members, in the order of their names, after one. */
  rooms(after: string, limit: number): Promise<RoomSummary[]>;
  /** Inboxes, in the order of their users' ids, after one. */
  inboxes(after: string, limit: number): Promise<InboxSummary[]>;
  /** A room's members, and the last of its messages. */
  room(name: string, last: number): Promise<RoomSummary & { messages: RoomMessage[]; present: Member[] }>;
  /** Ends the sessions whose tokens are revoked, and takes them no more. Resolves when that is durable. */
  revoke(revocation: Revocation): Promise<void>;
}

export interface AdminOptions {
  authenticate: Authenticate;
  source: AdminSource;
  /** Milliseconds since the Unix epoch. */
  now: () => number;
  /** Of the store. */
  clock: Pick<Clock, "now" | "wall">;
  onError: (error: unknown) => void;
}

/** The claim that lets a token's user in; it must be `true`. */
export const ADMIN_CLAIM = "crossroom_admin";

/** Bytes of the body of a revocation. */
const MAX_REVOCATION = 16 * 1024;

const revokeSchema = z.union([
  z.strictObject({ tokenId: z.string().min(1) }),
  z.strictObject({ user: userSchema }),
]);

const whole = (most: number) => z.coerce.number("must be a number").pipe(z.int().min(1).max(most));

const inspectSchema = z.strictObject({
  room: z.string().min(1).optional(),
  last: whole(MAX_PAGE).default(20),
  roomsAfter: z.string().default(""),
  inboxesAfter: z.string().default(""),
  limit: whole(1_000).default(1_000),
});

/**
 * `GET /admin/inspect`: `{"rooms", "inboxes"}`, at most `limit` of each after `roomsAfter` and `inboxesAfter`; with `room`, that
 * room alone and the `last` of its messages. `POST /admin/revoke` with `{"tokenId"}` or `{"user"}`: takes that token no more, or
 * none of the user's that was issued until now.
 *
 * The token must be in the header: one in a URL ends up in logs.
 */
export function createAdminHandler({ authenticate, source, now, clock, onError }: AdminOptions): HttpHandler {
  return jsonHandler(async (request) => {
    // By hand, as `new URL` throws on some request targets that Node lets through.
    const [pathname = "", query = ""] = (request.url ?? "").split("?", 2);
    if (pathname !== "/admin/inspect" && pathname !== "/admin/revoke") {
      throw new HttpError(404, "not_found", "There are /admin/inspect and /admin/revoke.");
    }
    await requireAdmin(request, authenticate);
    if (pathname === "/admin/inspect") {
      requireMethod(request, "GET");
      return inspect(source, Object.fromEntries(new URLSearchParams(query)));
    }
    requireMethod(request, "POST");
    const revocation = parseRevocation(await readObject(request, MAX_REVOCATION), now(), clock);
    await source.revoke(revocation);
    return { revoked: revocation };
  }, onError);
}

/** Throws an HttpError for a request without a token that has the claim. */
export async function requireAdmin(request: IncomingMessage, authenticate: Authenticate): Promise<void> {
  const token = bearerToken(request);
  const challenge = { "www-authenticate": "Bearer" };
  if (token === undefined) {
    const message = `Send Authorization: Bearer with a token whose claim "${ADMIN_CLAIM}" is true.`;
    throw new HttpError(401, "unauthorized", message, challenge);
  }
  const outcome = await authenticate({ auth: undefined, token });
  if (!outcome.ok) throw new HttpError(401, outcome.error.code, outcome.error.message, challenge);
  const { guest, claims } = outcome.identity;
  if (guest || claims[ADMIN_CLAIM] !== true) {
    throw new HttpError(403, "forbidden", `The token is good, but its claim "${ADMIN_CLAIM}" is not true.`);
  }
}

async function inspect(source: AdminSource, query: Record<string, string>): Promise<object> {
  const parsed = inspectSchema.safeParse(ownProperties(query));
  if (!parsed.success) throw new HttpError(400, "invalid_argument", `${describe(parsed.error, "query")}.`);
  const { room, last, roomsAfter, inboxesAfter, limit } = parsed.data;
  if (room !== undefined) return source.room(room, last);
  const [rooms, inboxes] = await Promise.all([
    source.rooms(roomsAfter, limit),
    source.inboxes(inboxesAfter, limit),
  ]);
  return { rooms, inboxes };
}

function parseRevocation(body: object, now: number, clock: AdminOptions["clock"]): Revocation {
  const parsed = revokeSchema.safeParse(ownProperties(body));
  if (!parsed.success) {
    const message = 'The body must be {"tokenId": ID} or {"user": ID}: one of them, a text.';
    throw new HttpError(400, "invalid_argument", message);
  }
  return revocationOf(parsed.data, now, clock);
}
