/** An async iterator that is fed from outside, and may lag behind only so far. */
import { ownError } from "./errors.js";

type Waiter<T> = { resolve: (result: IteratorResult<T, undefined>) => void; reject: (error: Error) => void };

/** What was pushed before the end is still read; after that it is done, or fails once with the error of the end. */
export class Stream<T> implements AsyncIterableIterator<T, undefined> {
  readonly #maxLag: number;
  readonly #ended: (stream: Stream<T>) => void;
  readonly #buffer: T[] = [];
  readonly #waiting: Waiter<T>[] = [];
  #isEnded = false;
  #error: Error | undefined;

  /**
   * @param maxLag values that may wait to be read; one more ends the stream with `too_slow`.
   * @param ended called once when it is over, whoever ended it.
   */
  constructor(maxLag: number, ended: (stream: Stream<T>) => void) {
    this.#maxLag = maxLag;
    this.#ended = ended;
  }

  push(value: T): void {
    if (this.#isEnded) return;
    const reader = this.#waiting.shift();
    if (reader !== undefined) reader.resolve({ done: false, value });
    else if (this.#buffer.length < this.#maxLag) this.#buffer.push(value);
    else this.end(ownError("too_slow"));
  }

  /** Nothing more will come. With an error, the reader gets it after what was pushed before. */
  end(error?: Error): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#error = error;
    for (const reader of this.#waiting.splice(0)) this.#finish(reader);
    this.#ended(this);
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      if (this.#buffer.length > 0) resolve({ done: false, value: this.#buffer.shift() as T });
      else if (this.#isEnded) this.#finish({ resolve, reject });
      else this.#waiting.push({ resolve, reject });
    });
  }

  /** The reader is done: what was not read is dropped. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.#buffer.length = 0;
    this.#error = undefined;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #finish({ resolve, reject }: Waiter<T>): void {
    const error = this.#error;
    this.#error = undefined;
    if (error === undefined) resolve({ done: true, value: undefined });
    else reject(error);
  }
}
