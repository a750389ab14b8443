/** What the rooms service returns: the answer to a call, and what is to be done for it. Values, not actions. */
import type { PresenceChange, RoomMessage } from "../events.js";
import type { ApiErrorCode } from "../errors.js";

/** Something for the shell to do, after the state has changed. */
export type Effect =
  /** Let the calling device hear the room. To be done before the answer. */
  | { type: "enter"; room: string }
  /** Stop letting the calling device hear the room. To be done before the answer. */
  | { type: "exit"; room: string }
  /** Tell everybody in the message's room, the calling device too. */
  | { type: "message"; message: RoomMessage }
  /** Tell everybody in the change's room but the calling device. */
  | { type: "presence"; change: PresenceChange };

/** A call was done, and these are its result and its effects, in order; or it was refused, and nothing changed. */
export type Outcome<Result extends object = object> =
  { ok: true; result: Result; effects: Effect[] } | { ok: false; error: ApiErrorCode };
