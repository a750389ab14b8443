/** Listeners of all events, those that come in and those that go out. */

import { Emitter } from "./emitter.js";
import { callUser } from "./shared/user-code.js";

/** Called with the event's name and its values. */
export type CatchAllListener = (event: string, ...args: never[]) => unknown;

type Listener = (event: string, ...args: unknown[]) => unknown;

/** An emitter that also has catch-all listeners, with socket.io-client's methods. They are called before the others. */
export class CatchAllEmitter<Reserved extends object, User extends object> extends Emitter<Reserved, User> {
  #incoming: CatchAllListener[] = [];
  #outgoing: CatchAllListener[] = [];

  /** Listens to all events from the server. */
  onAny(listener: CatchAllListener): this {
    this.#incoming.push(listener);
    return this;
  }

  /** The same, before the other catch-all listeners. */
  prependAny(listener: CatchAllListener): this {
    this.#incoming.unshift(listener);
    return this;
  }

  /** Removes one catch-all listener, or all. */
  offAny(listener?: CatchAllListener): this {
    this.#incoming = without(this.#incoming, listener);
    return this;
  }

  listenersAny(): CatchAllListener[] {
    return this.#incoming;
  }

  /** Listens to all events to the server, as they leave; acks are none. */
  onAnyOutgoing(listener: CatchAllListener): this {
    this.#outgoing.push(listener);
    return this;
  }

  /** The same, before the other catch-all listeners. */
  prependAnyOutgoing(listener: CatchAllListener): this {
    this.#outgoing.unshift(listener);
    return this;
  }

  /** Removes one catch-all listener of what leaves, or all. */
  offAnyOutgoing(listener?: CatchAllListener): this {
    this.#outgoing = without(this.#outgoing, listener);
    return this;
  }

  listenersAnyOutgoing(): CatchAllListener[] {
    return this.#outgoing;
  }

  /** An event came from the server. */
  protected dispatchIncoming(event: string, args: readonly unknown[]): void {
    this.#callAll(this.#incoming, event, args);
    this.dispatch(event, ...args);
  }

  /** An event leaves for the server. */
  protected dispatchOutgoing(event: string, args: readonly unknown[]): void {
    this.#callAll(this.#outgoing, event, args);
  }

  #callAll(listeners: readonly CatchAllListener[], event: string, args: readonly unknown[]): void {
    for (const listener of [...listeners]) {
      // Whoever listens to everything names at its own risk the types that it expects.
      callUser(() => (listener as Listener).call(this, event, ...args));
    }
  }
}

function without(listeners: CatchAllListener[], listener: CatchAllListener | undefined): CatchAllListener[] {
  const index = listeners.findIndex((other) => other === listener);
  return listener === undefined ? [] : listeners.filter((_, i) => i !== index);
}
