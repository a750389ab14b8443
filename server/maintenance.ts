/** What must be done now and then, for as long as a server runs. The owner of its timers. */
import { GIVEN_LIFETIME } from "./auth/issue.js";
import type { Limiter } from "./limits/limiter.js";
import type { Inboxes } from "./inbox/inboxes.js";
import type { PresenceTelling } from "./rooms/presence-telling.js";
import type { Rooms } from "./rooms/rooms.js";
import type { Store } from "./store/store.js";

/** Milliseconds between two looks at who has been away for too long. */
const EXPIRE_EVERY = 500;

/** Milliseconds between two looks at the counts of rooms that had to wait. */
const COUNT_EVERY = 250;

/** Milliseconds between two looks for clients that do not read. */
const LOOK_EVERY = 500;

/** Milliseconds between two sweeps of the log. */
const SWEEP_EVERY = 60_000;

export interface MaintenanceOptions {
  store: Store;
  rooms: Rooms;
  telling: Pick<PresenceTelling, "tellAll">;
  inboxes: Inboxes;
  limiter: Limiter;
  /** Closes connections for which too much waits. */
  closeSlowReaders: () => void;
  failed: (error: unknown, what: string) => void;
}

export class Maintenance {
  readonly #timers: NodeJS.Timeout[];

  constructor({ store, rooms, telling, inboxes, limiter, closeSlowReaders, failed }: MaintenanceOptions) {
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
    this.#timers = [
      every(EXPIRE_EVERY, "presence: expiring members", () => rooms.expire()),
      every(COUNT_EVERY, "presence: telling counts", () => telling.tellAll()),
      every(LOOK_EVERY, "slow readers: closing connections", closeSlowReaders),
      every(SWEEP_EVERY, "log: deleting old messages", () => store.log.sweep()),
      every(SWEEP_EVERY, "inboxes: forgetting devices", () => inboxes.sweep()),
      every(SWEEP_EVERY, "guests: deleting old tokens", () =>
        store.guestTokens.sweep(store.clock.cutoff(GIVEN_LIFETIME.guests)),
      ),
      every(SWEEP_EVERY, "limits: tidying budgets", () => limiter.tidy()),
    ];
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }
}
