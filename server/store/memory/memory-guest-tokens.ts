/** The numbers of guests' tokens, in memory. */
import { show, type GuestRow, type GuestTokens, type Shown } from "../guest-tokens.js";
import type { Lifetime } from "../lifetime.js";
import type { Clock } from "../store-clock.js";

export class MemoryGuestTokens implements GuestTokens {
  readonly #lifetime: Lifetime;
  readonly #clock: Clock;
  readonly #guests = new Map<string, GuestRow>();

  constructor(lifetime: Lifetime, clock: Clock) {
    this.#lifetime = lifetime;
    this.#clock = clock;
  }

  show(user: string, number: number): Promise<Shown> {
    return this.#lifetime.run(() => {
      const { row, shown } = show(this.#guests.get(user), number, this.#clock.now());
      this.#guests.set(user, row);
      return shown;
    });
  }

  end(user: string): Promise<void> {
    return this.#lifetime.run(() => {
      this.#guests.set(user, { shown: 0, given: 0, ended: true, seen: this.#clock.now() });
    });
  }

  sweep(cutoff: number): Promise<void> {
    return this.#lifetime.run(() => {
      for (const [user, { seen }] of this.#guests) if (seen <= cutoff) this.#guests.delete(user);
    });
  }
}
