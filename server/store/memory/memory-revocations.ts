/** Revocations in memory; implementations that keep them elsewhere too ask here. */
import type { Lifetime } from "../lifetime.js";
import type { Revocation, Revocations, TokenFacts } from "../revocations.js";
import type { Clock } from "../store-clock.js";

/** Milliseconds between two looks at what is past its time. */
const LOOK_INTERVAL = 60_000;

/** A revocation, and until when it holds. */
export interface KeptRevocation {
  revocation: Revocation;
  /** By the store's clock. */
  until: number;
}

interface UserRevocation {
  issuedBefore: number;
  stampedBefore: number | undefined;
  until: number;
}

/** All revocations that hold. Pure. */
export class RevocationSet {
  /** Until when, by token id. */
  readonly #tokens = new Map<string, number>();
  readonly #users = new Map<string, UserRevocation>();
  #nextLook = -Infinity;

  /** What holds for a token or user is never weakened by what is added later; this gives what holds then. */
  add({ revocation, until }: KeptRevocation): KeptRevocation {
    if (revocation.type === "token") {
      const holds = Math.max(until, this.#tokens.get(revocation.id) ?? until);
      this.#tokens.set(revocation.id, holds);
      return { revocation, until: holds };
    }
    const before = this.#users.get(revocation.user);
    const issuedBefore = Math.max(revocation.issuedBefore, before?.issuedBefore ?? 0);
    const holds = Math.max(until, before?.until ?? until);
    const stamps = [revocation.stampedBefore, before?.stampedBefore].filter((one) => one !== undefined);
    const stampedBefore = stamps.length === 0 ? undefined : Math.max(...stamps);
    this.#users.set(revocation.user, { issuedBefore, stampedBefore, until: holds });
    const stamped = stampedBefore === undefined ? {} : { stampedBefore };
    return { revocation: { ...revocation, issuedBefore, ...stamped }, until: holds };
  }

  has({ user, id, issuedAt = 0, stamp }: TokenFacts): boolean {
    if (id !== undefined && this.#tokens.has(id)) return true;
    const revoked = this.#users.get(user);
    if (revoked === undefined) return false;
    const { issuedBefore, stampedBefore } = revoked;
    return stamp !== undefined && stampedBefore !== undefined
      ? stamp < stampedBefore
      : issuedAt < issuedBefore;
  }

  /** Forgets those that are past their time, and gives them. To be called often: it does not always look. */
  expire(now: number): Revocation[] {
    const gone: Revocation[] = [];
    if (now < this.#nextLook) return gone;
    this.#nextLook = now + LOOK_INTERVAL;
    for (const [id, until] of this.#tokens) {
      if (until > now) continue;
      this.#tokens.delete(id);
      gone.push({ type: "token", id });
    }
    for (const [user, { issuedBefore, until }] of this.#users) {
      if (until > now) continue;
      this.#users.delete(user);
      gone.push({ type: "user", user, issuedBefore });
    }
    return gone;
  }
}

export class MemoryRevocations implements Revocations {
  readonly #lifetime: Lifetime;
  readonly #clock: Clock;
  readonly #held = new RevocationSet();

  constructor(lifetime: Lifetime, clock: Clock) {
    this.#lifetime = lifetime;
    this.#clock = clock;
  }

  add(revocation: Revocation, until: number): Promise<void> {
    return this.#lifetime.run(() => {
      this.#held.expire(this.#clock.now());
      this.#held.add({ revocation, until });
    });
  }

  has(token: TokenFacts): boolean {
    return this.#held.has(token);
  }
}
