/** What the services return: the answer to a call, and what is to be done for it. Values, not actions. */
import type { CallAnswer, CallError, CallName } from "../api/calls.js";
import type { ApiErrorCode } from "../api/errors.js";
import type { InboxItem, PresenceEvent, RoomMessage, Signal, Transport } from "../api/types.js";
import type { Refused } from "../api/refused.js";
import type { Change, RoomChange } from "../store/presence.js";
import type { Identity } from "./identity.js";

/** The connection that makes a call, and whose it is. */
export interface Caller {
  identity: Identity;
  sid: string;
  /** What the address counts as that the connection comes from. */
  address: string;
  transport: Transport;
  /** What the client named its device with, if it did. */
  device?: string;
}

/** Something for the shell to do, after the state has changed. */
export type Effect =
  /** Let a connection hear the room, with or without its presence changes, from now on. To be done before the answer. */
  | { type: "enter"; sid: string; room: string; seesPresence: boolean }
  /** Stop letting it hear the room. To be done before the answer. */
  | { type: "exit"; sid: string; room: string }
  /** Tell everybody in the message's room, the calling connection too. `json` is the message's, where it is known. */
  | { type: "message"; message: RoomMessage; json?: string }
  /** Tell everybody in the signal's room but one. */
  | { type: "signal"; signal: Signal; except: string }
  /** Tell everybody in the change's room, the connection too whose doing it is. */
  | {
      type: "presence";
      change: RoomChange;
      /** Users that were there when it changed; others may have come and gone before it is told. */
      users: number;
    }
  /** Tell one connection that it is in a room no more. */
  | { type: "expelled"; sid: string; event: PresenceEvent }
  /** Give an item of an inbox to one connection. */
  | { type: "inbox"; sid: string; item: InboxItem };

/** A call was done, and these are its answer and its effects, in order; or it was refused, and nothing changed. */
export type CallOutcome<Answer extends object = object, Code extends ApiErrorCode = ApiErrorCode> =
  { ok: true; result: Answer; effects: Effect[] } | Refused<Code>;

/**
 * Takes the outcome of a call. Services call it in the same tick in which they change their state, so that nothing comes
 * between what an answer says and what is told afterwards.
 */
export type Done<E extends CallName> = (outcome: CallOutcome<CallAnswer<E>, CallError<E>>) => void;

/** Carries out what no call asks for. */
export type Perform = (effects: readonly Effect[]) => void;

/** What a change of who is there has done. @param told How many there are by now, where that is known to be another number. */
export function presenceEffects(change: Change, told?: { count: number }): Effect[] {
  if (change === undefined) return [];
  const { count } = told ?? change;
  return [{ type: "presence", change: { ...change, count }, users: change.count }];
}
