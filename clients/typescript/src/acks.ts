/** The acks that are waited for, in one namespace. */

import { callUser } from "./shared/user-code.js";

/** Called with the answer; or, if it is `errorFirst`, with an error or null and then the answer. */
export type AckCallback = (...args: unknown[]) => unknown;

interface PendingAck {
  readonly callback: AckCallback;
  readonly errorFirst: boolean;
  readonly stopTimer: () => void;
}

/** Each callback that was added is called at most once; one that is not `errorFirst`, only with an answer. */
export class PendingAcks {
  readonly #after: (ms: number, task: () => void) => () => void;
  readonly #pending = new Map<number, PendingAck>();

  /** @param after starts a timer, and returns what stops it. */
  constructor(after: (ms: number, task: () => void) => () => void) {
    this.#after = after;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** @param timeout milliseconds to wait, and what to do (before the callback is called) once they are over. */
  add(
    id: number,
    callback: AckCallback,
    errorFirst: boolean,
    timeout?: { ms: number; expired: () => void },
  ): void {
    const stopTimer = timeout
      ? this.#after(timeout.ms, () => {
          timeout.expired();
          this.fail(id, new Error("operation has timed out"));
        })
      : () => undefined;
    this.#pending.set(id, { callback, errorFirst, stopTimer });
  }

  /** The answer came. One that nobody waits for is ignored (PROTOCOL.md, 4.3). */
  answer(id: number, args: readonly unknown[]): void {
    const ack = this.#take(id);
    if (ack) callUser(() => ack.callback(...(ack.errorFirst ? [null, ...args] : args)));
  }

  /** The answer will not come. */
  fail(id: number, error: Error): void {
    const ack = this.#take(id);
    if (ack?.errorFirst) callUser(() => ack.callback(error));
  }

  /** No answer will come to any of those that are not `spared`. */
  failAll(error: Error, spared: (id: number) => boolean): void {
    for (const id of [...this.#pending.keys()]) {
      if (!spared(id)) this.fail(id, error);
    }
  }

  #take(id: number): PendingAck | undefined {
    const ack = this.#pending.get(id);
    this.#pending.delete(id);
    ack?.stopTimer();
    return ack;
  }
}
