/** The calls of a backend, over the same services and the same store as those of clients. */
import { createActing } from "./acting.js";
import type { Backend } from "./backend.js";
import type { BackendDeps } from "./deps.js";
import { createReading } from "./reading.js";
import { createSending } from "./sending.js";

export function createBackend(deps: BackendDeps): Backend {
  const { events } = deps;
  return {
    ...createSending(deps),
    ...createReading(deps),
    ...createActing(deps),
    on: (name, listener) => events.on(name, listener),
  };
}
