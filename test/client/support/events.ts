/** Records events, so that a test misses none and can say in the end that there were no others. */

interface Source {
  on(event: string, listener: (...args: unknown[]) => void): unknown;
}

export type Recorded = [event: string, ...args: unknown[]];

export class EventLog {
  readonly #events: Recorded[] = [];
  #waiting: (() => void) | undefined;

  /** Listens to these events of the source. */
  constructor(source: object, names: readonly string[]) {
    this.listen(source, names);
  }

  /** Listens to these events of another source as well. */
  listen(source: object, names: readonly string[]): void {
    for (const name of names) {
      (source as Source).on(name, (...args) => this.#add([name, ...args]));
    }
  }

  /** The next event. Fails if none comes in time. */
  async next(deadline = 2000): Promise<Recorded> {
    const event = this.#events.shift();
    if (event) return event;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("no event came in time")), deadline);
      this.#waiting = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    return this.next(deadline);
  }

  /** The events that nobody has taken; they are taken by it. */
  rest(): Recorded[] {
    return this.#events.splice(0);
  }

  /** Their names only. */
  names(): string[] {
    return this.rest().map(([name]) => name);
  }

  #add(event: Recorded): void {
    this.#events.push(event);
    this.#waiting?.();
    this.#waiting = undefined;
  }
}

export const SOCKET_EVENTS = ["connect", "connect_error", "disconnect"] as const;
export const MANAGER_EVENTS = [
  "open",
  "error",
  "close",
  "reconnect_attempt",
  "reconnect",
  "reconnect_error",
  "reconnect_failed",
] as const;
