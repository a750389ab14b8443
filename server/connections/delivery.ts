/** What the services want done, done with Socket.IO's rooms. */
import { emitKnown } from "@crossroom/bridge";
import type { Metrics } from "../metrics/metrics.js";
import type { PresenceEvent, RoomMessage } from "../api/types.js";
import type { Effect } from "../rooms/outcome.js";
import type { PresenceTelling } from "../rooms/presence-telling.js";
import type { RoomsNamespace } from "./rooms-io.js";

/** Whether it changes who hears what: to be done before an answer is given. */
export function isMove({ type }: Effect): boolean {
  return type === "enter" || type === "exit";
}

/** Carries out effects. Changes of presence are gathered until the end of the tick, and told before what else a room hears. */
export class Delivery {
  readonly #namespace: RoomsNamespace;
  readonly #presence: PresenceTelling;
  readonly #metrics: Pick<Metrics, "delivered">;
  #isTelling = false;

  constructor(namespace: RoomsNamespace, presence: PresenceTelling, metrics: Pick<Metrics, "delivered">) {
    this.#namespace = namespace;
    this.#metrics = metrics;
    this.#presence = presence;
  }

  /** In order. */
  readonly perform = (effects: readonly Effect[]): void => {
    for (const effect of effects) this.#perform(effect);
  };

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "enter": {
        const socket = this.#namespace.sockets.get(effect.sid);
        // One that has gone meanwhile would stay in the room for ever.
        if (!socket?.connected) return;
        void socket.join(channel(effect.room));
        if (effect.seesPresence) void socket.leave(blind(effect.room));
        else void socket.join(blind(effect.room));
        return;
      }
      case "exit": {
        const socket = this.#namespace.sockets.get(effect.sid);
        void socket?.leave(channel(effect.room));
        void socket?.leave(blind(effect.room));
        return;
      }
      case "message":
        this.#presence.tell(effect.message.room);
        this.#tell(effect.message, effect.json);
        return;
      case "signal":
        this.#presence.tell(effect.signal.room);
        this.#metrics.delivered += this.#sizeOf(effect.signal.room, effect.except);
        this.#namespace
          .to(channel(effect.signal.room))
          .except(effect.except)
          .volatile.emit("signal", effect.signal);
        return;
      case "presence":
        this.#presence.add(effect.change);
        this.#tellSoon();
        return;
      case "expelled":
        this.#namespace.to(effect.sid).emit("presence", effect.event);
        return;
      case "inbox":
        this.#metrics.delivered++;
        this.#namespace.to(effect.sid).emit("inbox", effect.item);
        return;
    }
  }

  /** Tells those in a room who may see it who is there. */
  tellPresence(event: PresenceEvent): void {
    const { room } = event;
    const all = this.#namespace.to(channel(room));
    // Without an exception it is the adapter's shorter way.
    const seeing = this.#inChannel(blind(room)) === undefined ? all : all.except(blind(room));
    seeing.emit("presence", event);
  }

  /** Whether one connection, and no other, is told who comes and goes in a room. */
  isAlone(room: string, sid: string): boolean {
    const all = this.#inChannel(channel(room));
    return all?.size === 1 && all.has(sid);
  }

  /** Tells the counts of rooms that had to wait, those whose time has come. To be called now and then. */
  tellCounts(): void {
    if (this.#presence.recallCounts()) this.#tellSoon();
  }

  /** Connections in a room, here, without one. */
  #sizeOf(room: string, except?: string): number {
    const there = this.#inChannel(channel(room));
    if (there === undefined) return 0;
    return except !== undefined && there.has(except) ? there.size - 1 : there.size;
  }

  #inChannel(name: string): ReadonlySet<string> | undefined {
    return this.#namespace.adapter.rooms.get(name);
  }

  /** At the end of the tick, and of those that follow for as long as there are rooms left. */
  #tellSoon(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    const tell = (): void => {
      this.#isTelling = this.#presence.tellSome();
      if (this.#isTelling) setImmediate(tell);
    };
    setImmediate(tell);
  }

  #tell(message: RoomMessage, json: string | undefined): void {
    this.#metrics.delivered += this.#sizeOf(message.room);
    const emit = (): unknown => this.#namespace.to(channel(message.room)).emit("message", message);
    if (json === undefined) emit();
    else emitKnown(message, json, emit);
  }
}

/** Prefixed, as every socket is in a Socket.IO room of its own id: a room named after an id must not overhear it. */
function channel(room: string): string {
  return `room:${room}`;
}

/** Those in a room who may not see who else is. */
function blind(room: string): string {
  return `blind:${room}`;
}
