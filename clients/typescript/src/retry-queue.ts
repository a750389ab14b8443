/** Events that are sent one by one, each until it is acked or given up: the `retries` option. */

import type { AckCallback } from "./acks.js";
import { callUser } from "./shared/user-code.js";

/** One event, as the user emitted it. */
export interface QueuedEvent {
  readonly event: string;
  readonly args: readonly unknown[];
  /** Milliseconds to wait for each ack. */
  readonly timeout: number | undefined;
}

interface Entry {
  readonly queued: QueuedEvent;
  readonly callback: AckCallback | undefined;
  tries: number;
  pending: boolean;
}

/** Keeps the order: an event is sent only once the one before it was acked or given up. */
export class RetryQueue {
  readonly #retries: number;
  readonly #ready: () => boolean;
  readonly #send: (queued: QueuedEvent, done: AckCallback) => void;
  readonly #entries: Entry[] = [];

  /**
   * @param retries how often an event is sent again.
   * @param ready whether something can be sent now.
   * @param send sends one event, and calls back once: with null and the answer, or with an error.
   */
  constructor(retries: number, ready: () => boolean, send: (queued: QueuedEvent, done: AckCallback) => void) {
    this.#retries = retries;
    this.#ready = ready;
    this.#send = send;
  }

  /** How many have not been sent yet, or must be sent again. */
  get waiting(): number {
    return this.#entries.filter(({ pending }) => !pending).length;
  }

  /** @param callback called with null and the answer, or with the error of the last try. */
  push(queued: QueuedEvent, callback: AckCallback | undefined): void {
    this.#entries.push({ queued, callback, tries: 0, pending: false });
  }

  /** Sends the first event, unless it is under way. To be called when something was pushed or can be sent again. */
  drain(): void {
    const entry = this.#entries[0];
    if (!entry || entry.pending || !this.#ready()) return;
    entry.pending = true;
    entry.tries++;
    try {
      this.#send(entry.queued, (error, ...answer) => this.#done(entry, error, answer));
    } catch (thrown) {
      // It cannot be sent at all, however often one tries.
      this.#entries.shift();
      callUser(() => {
        if (!entry.callback) throw thrown;
        entry.callback(thrown);
      });
      this.drain();
    }
  }

  /** None of them is sent any more. */
  clear(error: Error): void {
    for (const { callback } of this.#entries.splice(0)) callUser(() => callback?.(error));
  }

  #done(entry: Entry, error: unknown, answer: readonly unknown[]): void {
    if (this.#entries[0] !== entry) return;
    entry.pending = false;
    const gaveUp = error !== null && entry.tries > this.#retries;
    if (error === null || gaveUp) {
      this.#entries.shift();
      callUser(() => entry.callback?.(...(gaveUp ? [error] : [null, ...answer])));
    }
    this.drain();
  }
}
