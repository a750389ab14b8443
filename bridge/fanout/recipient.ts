/** What the fan-out asks of a connection. It knows none itself, so that whatever writes frames can stand in a group. */
import type { Frame } from "./frame.js";
import type { Outbox, QueueGroup } from "./outbox.js";

/** The options of one write; a broadcast passes the same object for every recipient. */
export interface WriteOptions {
  volatile?: boolean | undefined;
  compress?: boolean | undefined;
  /** Set by adapters: the write is one of a broadcast. */
  preEncoded?: boolean | undefined;
}

/** A packet, translated for all who get it. */
export interface Translated {
  readonly type: string;
  /** The ack id of an event that asks for an ack. */
  readonly id: number | undefined;
  readonly frame: Frame;
}

/** Marks the connections that can stand in a group. */
export const GROUPABLE: unique symbol = Symbol("crossroom.groupable");

/** A connection that can be written to together with others. */
export interface Groupable {
  readonly [GROUPABLE]: true;
  /** One object for all connections of one bridge. */
  readonly context: { readonly outbox: Outbox };
  /** The packet that `chunk` completes, if it completes one. */
  translate(chunk: unknown, options: WriteOptions): Translated | undefined;
  /** Has the connection stand with the others of `group`; false if it must be written to by itself. */
  enter(group: QueueGroup): boolean;
}

/** Whether a connection, of any kind, can stand in a group. */
export function isGroupable(connection: object): connection is Groupable {
  return GROUPABLE in connection;
}
