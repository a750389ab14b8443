/** Who a connection is. Guests for now; a verifier of tokens is another Authenticate, passed in at the same place. */
import type { ApiError } from "./events.js";
import { apiError } from "./errors.js";
import { describe, nameSchema } from "./schemas.js";

export interface Identity {
  /** Stable for as long as the identity is: for a guest, one connection. */
  user: string;
  /** For people to see; not unique. */
  name: string;
}

export type Verdict = { ok: true; identity: Identity } | { ok: false; error: ApiError };

/**
 * Judges what a client sent as `auth` when it connected. Anything may be in there. Runs at every connect, reconnects
 * included. If it throws or rejects, the client is refused with the error `internal`.
 */
export type Authenticate = (auth: unknown) => Verdict | Promise<Verdict>;

/** Lets everybody in as a guest, under the `name` of their `auth` if it has one. `newId` gives a new guest's id. */
export function guests(newId: () => string): Authenticate {
  return (auth) => {
    const id = newId();
    const given = typeof auth === "object" && auth !== null && "name" in auth ? auth.name : undefined;
    if (given === undefined || given === null) {
      return { ok: true, identity: { user: `guest-${id}`, name: `Guest ${id.slice(0, 4)}` } };
    }
    const name = nameSchema.safeParse(given);
    if (!name.success) {
      return { ok: false, error: apiError("invalid_argument", describe(name.error, "auth.name")) };
    }
    return { ok: true, identity: { user: `guest-${id}`, name: name.data } };
  };
}
