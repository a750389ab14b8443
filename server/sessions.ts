/** How long each session may last: until its token runs out, is revoked, or is replaced by a new one. */
import type { ApiErrorCode } from "./errors.js";
import type { Identity } from "./identity.js";
import type { Revocation, Revocations } from "./store/revocations.js";

/** Milliseconds before the end of a token at which its client is warned. */
export const EXPIRY_WARNING = 60_000;

/** setTimeout's longest delay, in milliseconds. */
const MAX_DELAY = 2 ** 31 - 1;

/** A connection whose time is watched. */
export interface Session {
  readonly identity: Identity;
  /** Its token runs out soon. */
  warn(expiresAt: number): void;
  /** Its time is over. */
  end(why: Extract<ApiErrorCode, "token_expired" | "token_revoked">): void;
}

interface Watched {
  session: Session;
  isWarned: boolean;
  timer: NodeJS.Timeout | undefined;
}

export class Sessions {
  readonly #now: () => number;
  readonly #revocations: Pick<Revocations, "has">;
  /** By socket id. */
  readonly #watched = new Map<string, Watched>();

  constructor(now: () => number, revocations: Pick<Revocations, "has">) {
    this.#now = now;
    this.#revocations = revocations;
  }

  /** Watches a session, in place of an earlier one under the same id. */
  watch(sid: string, session: Session): void {
    this.forget(sid);
    const watched: Watched = { session, isWarned: false, timer: undefined };
    this.#watched.set(sid, watched);
    // Once more, as it may have been revoked while its token was judged.
    const { user, tokenId: id, issuedAt } = session.identity;
    const token = {
      user,
      ...(id === undefined ? {} : { id }),
      ...(issuedAt === undefined ? {} : { issuedAt }),
    };
    if (this.#revocations.has(token)) session.end("token_revoked");
    else this.#look(watched);
  }

  /** The connection is gone. */
  forget(sid: string): void {
    clearTimeout(this.#watched.get(sid)?.timer);
    this.#watched.delete(sid);
  }

  /** Ends the sessions whose tokens are revoked. */
  revoke(revocation: Revocation): void {
    for (const { session } of [...this.#watched.values()]) {
      if (isRevoked(session.identity, revocation)) session.end("token_revoked");
    }
  }

  /** Warns or ends if it is time to, or comes back when it is. */
  #look(watched: Watched): void {
    const { session } = watched;
    const { expiresAt } = session.identity;
    if (expiresAt === undefined) return;
    const left = expiresAt - this.#now();
    if (left <= 0) return session.end("token_expired");
    if (!watched.isWarned && left <= EXPIRY_WARNING) {
      watched.isWarned = true;
      session.warn(expiresAt);
    }
    const wait = watched.isWarned ? left : left - EXPIRY_WARNING;
    watched.timer = setTimeout(() => this.#look(watched), Math.min(wait, MAX_DELAY));
    watched.timer.unref();
  }
}

function isRevoked({ user, tokenId, issuedAt = 0 }: Identity, revocation: Revocation): boolean {
  return revocation.type === "token"
    ? tokenId === revocation.id
    : user === revocation.user && issuedAt < revocation.issuedBefore;
}
