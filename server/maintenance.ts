/** What must be done now and then, for as long as a server runs. The owner of its timers. */
import { GIVEN_LIFETIME } from "./auth/issue.js";
import type { Limiter } from "./limits/limiter.js";
import type { Inboxes } from "./inbox/inboxes.js";
import type { Rooms } from "./rooms/rooms.js";
import type { Store } from "./store/store.js";

/**
 * Milliseconds between two looks at who has been away for too long, at the counts of rooms that had to wait, and for clients that do not
 * read. One time for all, since what an idle server costs is that it wakes up.
 */
const LOOK_EVERY = 500;

/** Milliseconds between two sweeps of the log. */
const SWEEP_EVERY = 60_000;

/** Milliseconds between two sweeps of what is all looked at; but the first one is not long after the start. */
const WALK_EVERY = 60 * SWEEP_EVERY;

/** Looks during the age of what is swept, at least: so much of it may something be kept for too long. */
const LOOKS_PER_AGE = 10;

export interface MaintenanceOptions {
  store: Store;
  rooms: Rooms;
  /** Tells the counts of rooms that had to wait. */
  tellCounts: () => void;
  inboxes: Inboxes;
  limiter: Limiter;
  /** Milliseconds that an inbox remembers a device. */
  inboxAge: number;
  /** Closes connections for which too much waits. */
  closeSlowReaders: () => void;
  failed: (error: unknown, what: string) => void;
}

export class Maintenance {
  readonly #timers: NodeJS.Timeout[];

  constructor({
    store,
    rooms,
    tellCounts,
    inboxes,
    limiter,
    inboxAge,
    closeSlowReaders,
    failed,
  }: MaintenanceOptions) {
    const every = (milliseconds: number, what: string, work: () => Promise<void> | void): NodeJS.Timeout => {
      let isBusy = false;
      return setInterval(() => {
        if (isBusy) return;
        isBusy = true;
        void Promise.resolve()
          .then(work)
          .catch((error: unknown) => failed(error, `${what} failed`))
          .finally(() => (isBusy = false));
      }, milliseconds).unref();
    };
    /** Once at the first sweep, and then each hour, or more often for what does not become old. */
    const walk = (what: string, age: number, work: () => Promise<void>): NodeJS.Timeout => {
      const pause = Math.min(WALK_EVERY, Math.max(SWEEP_EVERY, age / LOOKS_PER_AGE));
      let sweeps = 0;
      return every(SWEEP_EVERY, what, async () => {
        if (sweeps++ % Math.floor(pause / SWEEP_EVERY) === 0) await work();
      });
    };
    this.#timers = [
      every(LOOK_EVERY, "presence: expiring members", () => rooms.expire()),
      every(LOOK_EVERY, "presence: telling counts", tellCounts),
      every(LOOK_EVERY, "slow readers: closing connections", closeSlowReaders),
      every(SWEEP_EVERY, "log: deleting old messages", () => store.log.sweep()),
      walk("inboxes: forgetting devices", inboxAge, () => inboxes.sweep()),
      walk("guests: deleting old tokens", GIVEN_LIFETIME.guests, () =>
        store.guestTokens.sweep(store.clock.cutoff(GIVEN_LIFETIME.guests)),
      ),
      every(SWEEP_EVERY, "limits: tidying budgets", () => limiter.tidy()),
    ];
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }
}
