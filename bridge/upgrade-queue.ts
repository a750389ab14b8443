/**
 * Upgrades take turns: clients that come back all at once, as after a restart, hold the event loop no longer than a slice at a time, and
 * what is said to the others leaves between the slices. First come, first served; a single client does not wait.
 */
import type { Duplex } from "node:stream";

/** Milliseconds of upgrades in one tick, after which the next ones wait for another. */
const SLICE = 10;

interface Waiting {
  readonly socket: Duplex;
  readonly since: number;
  readonly begin: () => void;
}

export interface UpgradeQueueOptions {
  /** How many may wait. */
  readonly max: number;
  /** Milliseconds that the first may have waited: after that no more are taken until it is let in. */
  readonly maxWait: number;
  /** Milliseconds by a clock that only goes forward. */
  readonly now: () => number;
}

export class UpgradeQueue {
  readonly #options: UpgradeQueueOptions;
  readonly #waiting: Waiting[] = [];
  /** When the slice of this tick began; undefined in a tick without any. */
  #began: number | undefined;

  constructor(options: UpgradeQueueOptions) {
    this.#options = options;
  }

  /** Calls `begin` at once, or when it is its turn; never, if the client has gone by then. "full": no such call follows. */
  add(socket: Duplex, begin: () => void): "begun" | "waits" | "full" {
    const { now, max, maxWait } = this.#options;
    const first = this.#waiting[0];
    if (first === undefined && (this.#began === undefined || !this.#isOver())) {
      if (this.#began === undefined) this.#startSlice();
      begin();
      return "begun";
    }
    if (this.#waiting.length >= max || (first !== undefined && now() - first.since >= maxWait)) return "full";
    this.#waiting.push({ socket, since: now(), begin });
    return "waits";
  }

  #startSlice(): void {
    this.#began = this.#options.now();
    setImmediate(this.#onTick);
  }

  #isOver(): boolean {
    return this.#options.now() - (this.#began ?? -Infinity) >= SLICE;
  }

  readonly #onTick = (): void => {
    this.#began = undefined;
    if (this.#waiting.length === 0) return;
    this.#startSlice();
    do {
      const { socket, begin } = this.#waiting.shift() as Waiting;
      // One that has ended what it sends could not speak the protocol; ws would cut it off (ws 8.23, completeUpgrade).
      if (socket.readable) begin();
      else socket.destroy();
    } while (this.#waiting.length > 0 && !this.#isOver());
  };
}
