/** What is in a room's log, and the messages that are made of it. */
import type { Position, RoomMessage, Sender } from "../api/types.js";
import type { Limits } from "../limits/limits.js";
import type { Entry } from "../store/log.js";
import type { Caller } from "./outcome.js";

/** The value of an entry in a room's log. */
export interface StoredMessage {
  id: string;
  from: Sender;
  data: unknown;
}

export function messageOf(room: string, epoch: string, { offset, value, at }: Entry): RoomMessage {
  // Only this service writes to the logs of rooms.
  const { id, from, data } = value as StoredMessage;
  return { room, id, position: { epoch, offset }, from, data, at };
}

/** A message as JSON, put together from parts that were made once for the log and for those who hear it. */
export class MessageJson {
  readonly #id: string;
  readonly #rest: string;

  /** @param data As JSON. */
  constructor(id: string, from: Sender, data: string) {
    this.#id = `"id":${JSON.stringify(id)}`;
    this.#rest = `"from":${JSON.stringify(from)},"data":${data}`;
  }

  /** The `StoredMessage`. */
  get stored(): string {
    return `{${this.#id},${this.#rest}}`;
  }

  /** What `messageOf` makes of it. */
  told(room: string, { epoch, offset }: Position, at: number): string {
    const position = `{"epoch":${JSON.stringify(epoch)},"offset":${offset}}`;
    return `{"room":${JSON.stringify(room)},${this.#id},"position":${position},${this.#rest},"at":${at}}`;
  }
}

export function senderOf({ identity, sid, transport }: Caller): Sender {
  return { user: identity.user, name: identity.name, sid, transport };
}

/** What a client's own id for a message is remembered by: ids are each user's own. */
export function keyOf(user: string, id: string): string {
  return JSON.stringify([user, id]);
}

/** What must be left of the store's room after a message of this one's: as of `Draft`. */
export function reserveFor({ identity }: Caller, { diskOfGuests }: Limits): number {
  return identity.guest ? 1 - diskOfGuests / 100 : 0;
}

/** The same of what a backend sends, in whoever's name: its ids are no user's. */
export function backendKeyOf(id: string): string {
  return JSON.stringify([id]);
}
