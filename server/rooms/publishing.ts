/** Appending to a room's log and announcing what was appended, whoever it is from. */
import type { Sender } from "../api/types.js";
import type { Payload } from "../api/payload.js";
import type { Draft, Log } from "../store/log.js";
import { announce, type LiveRooms } from "./live-rooms.js";
import { roomLog } from "./log-names.js";
import { MessageJson, messageOf, type StoredMessage } from "./messages.js";
import type { Done } from "./outcome.js";

export interface PublishingOptions {
  log: Log;
  live: LiveRooms;
  /** Milliseconds since the Unix epoch. */
  now: () => number;
  /** A new message id, never the same twice. */
  newId: () => string;
}

export interface Publication extends Pick<Draft, "key" | "reserve"> {
  room: string;
  from: Sender;
  data: Payload;
  /** The sender's own; default a new one. */
  id?: string | undefined;
}

export class Publishing {
  readonly #options: PublishingOptions;

  constructor(options: PublishingOptions) {
    this.#options = options;
  }

  /** @param placed Called once the message has its place in the log's order: the next call need not wait longer. */
  async publish(
    { room: name, from, data: payload, id, ...rules }: Publication,
    done: Done<"publish">,
    placed: () => void = () => undefined,
  ): Promise<void> {
    const { log, live, now, newId } = this.#options;
    const { value: data, text } = payload;
    const value: StoredMessage = { id: id ?? newId(), from, data };
    const json = text === undefined ? undefined : new MessageJson(value.id, from, text);
    // Held, as the publisher may leave before the message is announced.
    const room = await live.hold(name);
    try {
      const appending = log.append(roomLog(name), {
        ...{ value, at: now() },
        ...(json === undefined ? {} : { json: json.stored }),
        ...rules,
      });
      placed();
      const appended = await appending;
      if (appended === "full") throw new Error("a log without a limit is full");
      const { position, at, duplicate } = appended;
      const result = { id: value.id, position, at, duplicate };
      if (duplicate) return done({ ok: true, result, effects: [] });
      const message = messageOf(name, position.epoch, { offset: position.offset, value, at });
      announce(room, message);
      const told = json === undefined ? {} : { json: json.told(name, position, at) };
      done({ ok: true, result, effects: [{ type: "message", message, ...told }] });
    } finally {
      live.release(name);
    }
  }
}
