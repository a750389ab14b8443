/** `crossroom`: a rooms server to put into a program of one's own. */
import "./own-properties/hide-inherited.js";
export { API_ERRORS, apiError, type ApiErrorCode } from "./api/errors.js";
export type * from "./api/types.js";
export type { HandlerLog } from "./connections/handler-log.js";
export type { RoomsIo } from "./connections/rooms-io.js";
export { DEFAULT_INBOX_AGE, DEFAULT_ROOM } from "./rooms/room-settings.js";
export { DEFAULT_LIMITS } from "./limits/limits.js";
export type * from "./auth/authenticate.js";
export type * from "./rooms/identity.js";
export type * from "./rooms/policy.js";
export type * from "./rooms/room-settings.js";
export type * from "./limits/limits.js";
export { DEFAULT_RATES, type Rate, type RateName, type Rates } from "./limits/rates.js";
export {
  createRoomsServer,
  storeOptions,
  type RoomsServer,
  type RoomsServerOptions,
  type TokenOptions,
} from "./rooms-server.js";
export type * from "./backend/backend.js";
export { RoomsError } from "./backend/rooms-error.js";
export type { RevocationTarget } from "./auth/revocation-of.js";
export { apiKeyFile } from "./auth/api-key-file.js";
export { newApiKey, SCOPES, type ApiKey, type ApiKeys, type Scope } from "./auth/api-keys.js";
export { createPolicy } from "./rules/create-policy.js";
export { publicKeySource, secretSource, type KeySource } from "./auth/keys.js";
export { jwksSource } from "./auth/jwks.js";
export { loadOwnKey, newOwnKey, type OwnKey } from "./auth/own-key.js";
export { createRoomSettings } from "./rules/create-room-settings.js";
export type { Rules } from "./rules/rules.js";
export { openLmdbStore, type LmdbStoreOptions } from "./store/lmdb/lmdb-store.js";
export { createMemoryStore } from "./store/memory/memory-store.js";
export type { Revocation } from "./store/revocations.js";
export { StoreError, type Store, type StoreErrorCode, type StoreOptions } from "./store/store.js";
import "./own-properties/show-inherited.js";
