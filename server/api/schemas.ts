/** The shapes of everything that the room API carries, as schemas. Their types are those of events.ts. */
export { ANSWERS, errorSchema, SERVER_EVENTS, type Result, type ServerEventName } from "./answers.js";
export { describe, SCHEMAS, type Call, type CallName } from "./calls.js";
export {
  deviceSchema,
  MAX_DATA_DEPTH,
  MAX_ID,
  MAX_NAME,
  MAX_PAGE,
  MAX_ROOM_NAME,
  MAX_TOKEN,
  MAX_USER_ID,
  nameSchema,
  roomSchema,
  tokenSchema,
  userSchema,
} from "./values.js";
