/** Listeners of the layer's own events. */
import { callUser } from "../shared/user-code.js";

type Listener = (...args: never[]) => void;

/** `Events` maps each name to its listener's type. */
export class Emitter<Events extends { [E in keyof Events]: Listener }> {
  readonly #listeners = new Map<keyof Events, readonly Listener[]>();

  add<E extends keyof Events>(event: E, listener: Events[E]): void {
    // A new list each time: an emit under way goes on with the old one.
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
  }

  /** Removes the listener once, where it was added several times. */
  remove<E extends keyof Events>(event: E, listener: Events[E]): void {
    const all = this.#listeners.get(event) ?? [];
    const index = all.indexOf(listener);
    this.#listeners.set(
      event,
      all.filter((_, i) => i !== index),
    );
  }

  emit<E extends keyof Events>(event: E, ...args: Parameters<Events[E]>): void {
    for (const listener of this.#listeners.get(event) ?? []) {
      // `add` took it for this event, so these are its parameters.
      callUser(() => listener(...(args as never[])));
    }
  }

  clear(): void {
    this.#listeners.clear();
  }
}
