/** What judges a client: the types for whoever writes one. */
import type { ApiError } from "../api/types.js";
import type { Identity } from "../rooms/identity.js";

/** What a client showed when it connected. Anything may be in there. */
export interface Credentials {
  /** The payload of its `connect`. */
  auth: unknown;
  /** The token of the request that opened the connection: of `Authorization: Bearer ...`, or of the query. */
  token?: string;
}

export type AuthOutcome =
  | {
      ok: true;
      identity: Identity;
      /** For a guest: the token to come back with. */
      token?: string;
    }
  | { ok: false; error: ApiError };

/**
 * Judges a client's credentials. Runs at every connect, reconnects included, and at every `refresh`. If it throws or
 * rejects, the client is refused with the error `internal`.
 */
export type Authenticate = (credentials: Credentials) => AuthOutcome | Promise<AuthOutcome>;
