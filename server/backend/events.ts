/** What a program that holds a rooms server hears of: in its own process, as it happens, and not after a restart. */
import { EventEmitter } from "node:events";
import type { Member, RoomMessage } from "../api/types.js";
import type { Effect } from "../rooms/outcome.js";
import type { ConnectedClient } from "./connected-client.js";

/** A user in a room; `count` is how many users are there now. */
export interface RoomPresence {
  room: string;
  user: string;
  name: string;
  count: number;
}

export interface RoomsEvents {
  /** A message was kept in a room, whoever sent it; not of a repetition. */
  published: RoomMessage;
  /** A user came to a room with their first device. */
  joined: RoomPresence & { member: Member };
  /** A user left a room with their last device, or did not come back in time. */
  left: RoomPresence;
  /** A room has its first user. */
  occupied: { room: string };
  /** The last user of a room has gone. */
  vacated: { room: string };
  connected: ConnectedClient;
  disconnected: ConnectedClient & {
    /** As Socket.IO names it. */
    reason: string;
  };
}

export type RoomsListener<Name extends keyof RoomsEvents> = (event: RoomsEvents[Name]) => void;

export class EventSource {
  readonly #emitter = new EventEmitter().setMaxListeners(0);
  readonly #failed: (error: unknown, what: string) => void;

  /** @param failed Told of a listener that throws; the others hear the event all the same. */
  constructor(failed: (error: unknown, what: string) => void) {
    this.#failed = failed;
  }

  /** @returns Ends it. */
  on<Name extends keyof RoomsEvents>(name: Name, listener: RoomsListener<Name>): () => void {
    this.#emitter.on(name, listener);
    return () => void this.#emitter.off(name, listener);
  }

  emit<Name extends keyof RoomsEvents>(name: Name, event: RoomsEvents[Name]): void {
    if (this.#emitter.listenerCount(name) === 0) return;
    for (const listener of this.#emitter.listeners(name)) {
      try {
        (listener as RoomsListener<Name>)(event);
      } catch (error) {
        this.#failed(error, `a listener of "${name}" failed`);
      }
    }
  }

  /** Tells what the services have done. */
  performed(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.type === "message") this.emit("published", effect.message);
      else if (effect.type === "presence") this.#changed(effect);
    }
  }

  #changed({ change, users: count }: Extract<Effect, { type: "presence" }>): void {
    const { room, member, type } = change;
    const { user, name } = member;
    const presence = { room, user, name, count };
    if (type === "join") {
      if (count === 1) this.emit("occupied", { room });
      this.emit("joined", { ...presence, member });
    } else if (type === "leave") {
      this.emit("left", presence);
      if (count === 0) this.emit("vacated", { room });
    }
  }
}
