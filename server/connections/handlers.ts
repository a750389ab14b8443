/** Who carries out which call. */
import type { CallName, CheckedCall } from "../api/calls.js";
import type { Inboxes } from "../inbox/inboxes.js";
import type { Caller, Done } from "../rooms/outcome.js";
import type { Rooms } from "../rooms/rooms.js";

/** What there is to carry out a call with. */
export interface CallContext {
  readonly rooms: Rooms;
  readonly inboxes: Inboxes;
  /** What the connection does itself: its own token. */
  readonly refresh: (call: CheckedCall<"refresh">, done: Done<"refresh">) => Promise<void>;
}

/** @param placed See `Rooms.publish`; of calls that are side by side. */
export type Handler<E extends CallName> = (
  context: CallContext,
  who: Caller,
  call: CheckedCall<E>,
  done: Done<E>,
  placed: () => void,
) => Promise<void> | void;

export const HANDLERS: { readonly [E in CallName]: Handler<E> } = {
  join: ({ rooms }, who, call, done) => rooms.join(who, call, done),
  leave: ({ rooms }, who, call, done) => rooms.leave(who, call, done),
  publish: ({ rooms }, who, call, done, placed) => rooms.publish(who, call, done, placed),
  signal: ({ rooms }, who, call, done) => rooms.signal(who, call, done),
  history: ({ rooms }, who, call, done) => rooms.history(who, call, done),
  presence: ({ rooms }, who, call, done) => rooms.presence(who, call, done),
  send: ({ inboxes }, who, call, done, placed) => inboxes.sending.send(who, call, done, placed),
  inbox: ({ inboxes }, who, call, done) => inboxes.open(who, call, done),
  inbox_ack: ({ inboxes }, who, call, done, placed) => inboxes.ack(who, call, done, placed),
  refresh: ({ refresh }, _who, call, done) => refresh(call, done),
};
