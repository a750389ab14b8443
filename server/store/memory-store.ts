/** A store that forgets everything when the process ends: for tests, and for servers that keep nothing. */
import { MemoryDevices } from "./devices-memory.js";
import { MemoryGuestTokens } from "./guest-tokens-memory.js";
import { Lifetime } from "./lifetime.js";
import { MemoryLog } from "./log-memory.js";
import { MemoryPresence } from "./presence-memory.js";
import { MemoryRevocations } from "./revocations-memory.js";
import { timeSource } from "./machine-clock.js";
import { StoreClock } from "./store-clock.js";
import type { Store, StoreOptions } from "./store.js";

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
    close: () => {
      lifetime.end();
      return Promise.resolve();
    },
  };
}
