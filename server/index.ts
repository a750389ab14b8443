/** `crossroom/server`: a rooms server to put into a program of one's own. */
import "./hide-inherited.js";
export { API_ERRORS, apiError, type ApiErrorCode } from "./errors.js";
export type * from "./events.js";
export type { HandlerLog } from "./handlers.js";
export type { RoomsIo } from "./rooms-io.js";
export { DEFAULT_INBOX_AGE, DEFAULT_LIMITS, DEFAULT_ROOM } from "./identity.js";
export type * from "./identity.js";
export { DEFAULT_RATES, type Rate, type RateName, type Rates } from "./limits/rates.js";
export {
  createRoomsServer,
  storeOptions,
  type RoomsServer,
  type RoomsServerOptions,
  type TokenOptions,
} from "./rooms-server.js";
export { createPolicy } from "./auth/policy.js";
export { publicKeySource, secretSource, type KeySource } from "./auth/keys.js";
export { jwksSource } from "./auth/jwks.js";
export { loadOwnKey, newOwnKey, type OwnKey } from "./auth/own-key.js";
export { createRoomSettings } from "./auth/room-settings.js";
export type { Rules } from "./auth/rules.js";
export { openLmdbStore, type LmdbStoreOptions } from "./store/lmdb-store.js";
export { createMemoryStore } from "./store/memory-store.js";
export type { Revocation } from "./store/revocations.js";
export { StoreError, type Store, type StoreErrorCode, type StoreOptions } from "./store/store.js";
import "./show-inherited.js";
