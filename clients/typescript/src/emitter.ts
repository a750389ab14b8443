/** Listeners: the emitter that the sockets and the manager are. */

import type { EventNames, ListenerOf } from "./event-types.js";
import { callUser } from "./shared/user-code.js";

type Listener = (...args: unknown[]) => unknown;

interface Entry {
  readonly listener: Listener;
  readonly once: boolean;
}

/** An event's name on the wire, where it is a string: socket.io-client takes numbers too. */
export function wireName(name: unknown): string {
  return String(name);
}

/** Reserved are the library's own events, User those that come from the server. */
export class Emitter<Reserved extends object, User extends object = object> {
  readonly #entries = new Map<string, Entry[]>();

  on<Event extends EventNames<Reserved> | EventNames<User>>(
    event: Event,
    listener: ListenerOf<Reserved, User, Event>,
  ): this {
    return this.#add(event, listener, false);
  }

  /** Like `on`; the listener is removed just before its first call. */
  once<Event extends EventNames<Reserved> | EventNames<User>>(
    event: Event,
    listener: ListenerOf<Reserved, User, Event>,
  ): this {
    return this.#add(event, listener, true);
  }

  /** Removes a listener; without one, all of the event; without an event, all. */
  off<Event extends EventNames<Reserved> | EventNames<User>>(
    event?: Event,
    listener?: ListenerOf<Reserved, User, Event>,
  ): this {
    if (event === undefined) this.#entries.clear();
    else if (listener === undefined) this.#entries.delete(wireName(event));
    else this.#remove(wireName(event), (entry) => entry.listener === listener);
    return this;
  }

  removeListener<Event extends EventNames<Reserved> | EventNames<User>>(
    event?: Event,
    listener?: ListenerOf<Reserved, User, Event>,
  ): this {
    return this.off(event, listener);
  }

  removeAllListeners(event?: EventNames<Reserved> | EventNames<User>): this {
    return this.off(event);
  }

  /** The listeners of the event, in the order of their calls. A copy. */
  listeners<Event extends EventNames<Reserved> | EventNames<User>>(
    event: Event,
  ): ListenerOf<Reserved, User, Event>[] {
    return (this.#entries.get(wireName(event)) ?? []).map(
      // What was put in for this event, by `add`, was of this type.
      (entry) => entry.listener as ListenerOf<Reserved, User, Event>,
    );
  }

  hasListeners(event: EventNames<Reserved> | EventNames<User>): boolean {
    return this.#entries.has(wireName(event));
  }

  /** Calls the listeners that the event has now; what they add or remove counts from the next time. */
  protected dispatch(event: string, ...args: unknown[]): void {
    for (const entry of this.#entries.get(event) ?? []) {
      if (entry.once) this.#remove(event, (other) => other === entry);
      callUser(() => entry.listener.apply(this, args));
    }
  }

  #add(name: string, listener: unknown, once: boolean): this {
    const event = wireName(name);
    // A new list each time: a dispatch under way goes on with the old one.
    const entries = this.#entries.get(event) ?? [];
    this.#entries.set(event, [...entries, { listener: listener as Listener, once }]);
    return this;
  }

  /** Removes the first entry that matches. */
  #remove(event: string, matches: (entry: Entry) => boolean): void {
    const entries = this.#entries.get(event) ?? [];
    const index = entries.findIndex(matches);
    const left = entries.filter((_, i) => i !== index);
    if (left.length > 0) this.#entries.set(event, left);
    else this.#entries.delete(event);
  }
}
