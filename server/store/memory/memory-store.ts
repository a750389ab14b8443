/** A store that forgets everything when the process ends: for tests, and for servers that keep nothing. */
import { MemoryDevices } from "./memory-devices.js";
import { MemoryGuestTokens } from "./memory-guest-tokens.js";
import { Lifetime } from "../lifetime.js";
import { MemoryLog } from "./memory-log.js";
import { MemoryPresence } from "./memory-presence.js";
import { MemoryRevocations } from "./memory-revocations.js";
import { timeSource } from "../machine-clock.js";
import { StoreClock } from "../store-clock.js";
import { StoreError, type Store, type StoreOptions } from "../store.js";

export function createMemoryStore(options: StoreOptions): Store {
  const lifetime = new Lifetime();
  const clock = new StoreClock(timeSource(options));
  return {
    clock,
    log: new MemoryLog({ ...options, clock }, lifetime),
    presence: new MemoryPresence(lifetime),
    devices: new MemoryDevices(lifetime),
    guestTokens: new MemoryGuestTokens(lifetime, clock),
    revocations: new MemoryRevocations(lifetime, clock),
    backup: () =>
      lifetime.run(() => {
        throw new StoreError(
          "failed",
          "There is nothing to back up: this store is in memory and keeps nothing. Give the server a data folder.",
        );
      }),
    close: () => {
      lifetime.end();
      return Promise.resolve();
    },
  };
}
