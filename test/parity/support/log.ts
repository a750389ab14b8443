/** What happened, in order: a queue that misses nothing, so that no test has to sleep. */

export type Entry = [what: string, ...details: unknown[]];

/** Milliseconds that anything may take to happen. */
export const DEADLINE = 3_000;

export class Log {
  readonly #title: string;
  #entries: Entry[] = [];
  #wake: (() => void) | undefined;

  constructor(title: string) {
    this.#title = title;
  }

  add(...entry: Entry): void {
    this.#entries.push(entry);
    this.#wake?.();
  }

  /** The next entry, taken off. Rejects if none comes within the deadline. */
  async next(): Promise<Entry> {
    for (;;) {
      const entry = this.#entries.shift();
      if (entry !== undefined) return entry;
      await within(
        `the next entry of ${this.#title}`,
        new Promise<void>((resolve) => (this.#wake = resolve)),
      );
    }
  }

  /** So many entries. */
  async take(count: number): Promise<Entry[]> {
    const taken: Entry[] = [];
    while (taken.length < count) taken.push(await this.next());
    return taken;
  }

  /** All entries up to the first `what`, which is taken off but not returned. */
  async until(what: string): Promise<Entry[]> {
    const taken: Entry[] = [];
    for (;;) {
      const entry = await this.next();
      if (entry[0] === what) return taken;
      taken.push(entry);
    }
  }

  /** The next entry must be `what`. Returns its details. */
  async expect(what: string): Promise<unknown[]> {
    const [found, ...details] = await this.next();
    if (found === what) return details;
    throw new Error(`${this.#title}: expected ${what}, found ${found} ${JSON.stringify(details)}`);
  }

  /** What nobody has taken. */
  rest(): Entry[] {
    return this.#entries.splice(0);
  }
}

/** The promise's value; rejects with the title if it takes too long. */
export async function within<T>(title: string, promise: Promise<T>, deadline = DEADLINE): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${title}: not within ${deadline} ms`)), deadline);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
