/** `crossroom/server`: a rooms server to put into a program of one's own. */
export type { Authenticate, Identity, Verdict } from "./auth.js";
export { API_ERRORS, apiError, type ApiErrorCode } from "./errors.js";
export type * from "./events.js";
export type { HandlerLog, RoomsIo } from "./handlers.js";
export { createRoomsServer, type RoomsServer, type RoomsServerOptions } from "./rooms-server.js";
