/** Presence in memory. */
import type { Lifetime } from "../lifetime.js";
import type { Change, Presence, RoomChange, Seat } from "../presence.js";
import { PresenceCore } from "./presence-core.js";

export class MemoryPresence implements Presence {
  readonly #lifetime: Lifetime;

  constructor(
    lifetime: Lifetime,
    protected readonly core = new PresenceCore(),
  ) {
    this.#lifetime = lifetime;
  }

  enter(seat: Seat, limit: number): Promise<Change | "full"> {
    return this.#lifetime.run(() => this.core.enter(seat, limit));
  }

  exit(room: string, user: string, sid: string): Promise<Change> {
    return this.#lifetime.run(() => this.core.exit(room, user, sid));
  }

  away(room: string, user: string, sid: string, until: number): Promise<Change> {
    return this.#lifetime.run(() => this.core.setAway(room, user, sid, until));
  }

  expire(now: number, limit: number): Promise<RoomChange[]> {
    return this.#lifetime.run(() => this.core.expire(now, limit));
  }

  members(room: string, limit: number, after?: string) {
    return this.#lifetime.run(() => this.core.members(room, limit, after));
  }

  count(room: string): Promise<number> {
    return this.#lifetime.run(() => this.core.count(room));
  }

  has(room: string, user: string): Promise<boolean> {
    return this.#lifetime.run(() => this.core.has(room, user));
  }

  restore(until: number): Promise<void> {
    return this.#lifetime.run(() => this.core.restore(until));
  }
}
