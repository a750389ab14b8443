/** How long each session may last: until its token runs out, is revoked, or is replaced by a new one. */
import type { ApiErrorCode } from "../api/errors.js";
import type { TokenRenewed } from "../api/types.js";
import type { Identity } from "../rooms/identity.js";
import type { Revocation, Revocations } from "../store/revocations.js";

/** Milliseconds before the end of a token at which its client is warned. */
export const EXPIRY_WARNING = 60_000;

/** setTimeout's longest delay, in milliseconds. */
const MAX_DELAY = 2 ** 31 - 1;

/** Users who are remembered as ended, while one of their tokens may still be judged. */
const MAX_ENDED = 1_000;

/** The connection that a guest's newer token was given to. */
type NewerConnection = Omit<TokenRenewed, "token">;

/** A connection whose time is watched. */
export interface WatchedConnection {
  readonly identity: Identity;
  /** Its token runs out soon. */
  warn(expiresAt: number): void;
  /** The user has a newer token, which another connection came to. */
  renew(token: string, by: NewerConnection): void;
  /** Its time is over. @param message In place of that of the code. */
  end(why: Extract<ApiErrorCode, "token_expired" | "token_revoked">, message?: string): void;
}

interface Watched {
  session: WatchedConnection;
  isWarned: boolean;
  /** When its token runs out, by the clock that nobody sets. */
  endsAt: number;
  timer: NodeJS.Timeout | undefined;
}

export interface SessionsOptions {
  /** Milliseconds since the Unix epoch. */
  now: () => number;
  /** Milliseconds of a clock that nobody sets. */
  uptime: () => number;
  revocations: Pick<Revocations, "has">;
}

export class TokenExpiry {
  readonly #options: SessionsOptions;
  /** By socket id. */
  readonly #watched = new Map<string, Watched>();
  /** Those of the map above, by user. */
  readonly #byUser = new Map<string, Set<Watched>>();
  /** Users whose sessions were ended of late, and with what message. */
  readonly #ended = new Map<string, string>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Users who have a session. */
  get userCount(): number {
    return this.#byUser.size;
  }

  /** Watches a session, in place of an earlier one under the same id. */
  watch(sid: string, session: WatchedConnection): void {
    this.forget(sid);
    const { now, uptime, revocations } = this.#options;
    const { expiresAt = Infinity } = session.identity;
    const endsAt = uptime() + expiresAt - now();
    const watched: Watched = { session, isWarned: false, endsAt, timer: undefined };
    this.#watched.set(sid, watched);
    // Once more, as it may have been revoked while its token was judged.
    const { user, tokenId: id, issuedAt, stamp } = session.identity;
    this.#byUser.set(user, (this.#byUser.get(user) ?? new Set()).add(watched));
    const token = {
      user,
      ...(id === undefined ? {} : { id }),
      ...(issuedAt === undefined ? {} : { issuedAt }),
      ...(stamp === undefined ? {} : { stamp }),
    };
    const ended = this.#ended.get(user);
    if (ended !== undefined) session.end("token_revoked", ended);
    else if (revocations.has(token)) session.end("token_revoked");
    else this.#look(watched);
  }

  /** The connection is gone. */
  forget(sid: string): void {
    const watched = this.#watched.get(sid);
    if (watched === undefined) return;
    clearTimeout(watched.timer);
    this.#watched.delete(sid);
    const { user } = watched.session.identity;
    const sessions = this.#byUser.get(user);
    sessions?.delete(watched);
    if (sessions?.size === 0) this.#byUser.delete(user);
  }

  /** Gives the user's other sessions the token that one of them came to. */
  renew(user: string, token: string, by: NewerConnection): void {
    const own = this.#watched.get(by.sid);
    for (const watched of this.#byUser.get(user) ?? []) if (watched !== own) watched.session.renew(token, by);
  }

  /** Ends the user's sessions, those too whose tokens are being judged now. */
  endUser(user: string, message: string): void {
    this.#ended.set(user, message);
    if (this.#ended.size > MAX_ENDED) {
      for (const oldest of this.#ended.keys()) {
        this.#ended.delete(oldest);
        break;
      }
    }
    for (const { session } of [...(this.#byUser.get(user) ?? [])]) session.end("token_revoked", message);
  }

  /** Ends the sessions whose tokens are revoked. */
  revoke(revocation: Revocation): void {
    for (const { session } of [...this.#watched.values()]) {
      if (isRevoked(session.identity, revocation, this.#options.now())) session.end("token_revoked");
    }
  }

  /** Warns or ends if it is time to, or comes back when it is. */
  #look(watched: Watched): void {
    const { session } = watched;
    const { expiresAt } = session.identity;
    if (expiresAt === undefined) return;
    const left = watched.endsAt - this.#options.uptime();
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

/** A session whose token was issued later than now is there since before the clock was set back. */
function isRevoked({ user, tokenId, issuedAt = 0 }: Identity, revocation: Revocation, now: number): boolean {
  return revocation.type === "token"
    ? tokenId === revocation.id
    : user === revocation.user && (issuedAt < revocation.issuedBefore || issuedAt > now);
}
