/** Every operation of the HTTP API. docs/openapi.json is made of this. */
import { BATCH_OPERATION } from "./batch-operation.js";
import type { Operation } from "./operation.js";
import { ROOM_OPERATIONS } from "./room-operations.js";
import { SERVER_OPERATIONS } from "./server-operations.js";
import { USER_OPERATIONS } from "./user-operations.js";

/** Where the API is, on a server that has it at its usual place. */
export const API_BASE = "/crossroom/v1";

/** Whether a request's path is the API's. */
export function isOfApi(path: string): boolean {
  return path === API_BASE || path.startsWith(`${API_BASE}/`);
}

/** Where the API's own description is, below the base. */
export const OPENAPI_PATH = "/openapi.json";

export const OPERATIONS: readonly Operation[] = [
  ...ROOM_OPERATIONS,
  ...USER_OPERATIONS,
  BATCH_OPERATION,
  ...SERVER_OPERATIONS,
];

/** Bytes of a body of which the operation says nothing. */
export const SMALL_BODY = 16 * 1024;
