/** The inbox as an async iterator: an item is processed when the next one is asked for. */
import type { InboxItem } from "./api.js";

type Result = IteratorResult<InboxItem, undefined>;
type Reader = { resolve: (result: Result) => void; reject: (error: Error) => void };

export class InboxItems implements AsyncIterableIterator<InboxItem, undefined> {
  readonly #begin: (processor: (item: InboxItem) => Promise<void>) => Promise<void>;
  readonly #stop: () => void;
  readonly #readers: Reader[] = [];
  #offered: { item: InboxItem; processed: () => void } | undefined;
  /** Says that the item that was read last is processed. */
  #processed = (): void => undefined;
  #hasBegun = false;
  #isEnded = false;
  #error: Error | undefined;

  /**
   * @param begin has the items given to the function, which resolves when one is processed; called at the first `next`.
   * @param stop called once when it has begun and is over: an item that was read last is not processed.
   */
  constructor(begin: (processor: (item: InboxItem) => Promise<void>) => Promise<void>, stop: () => void) {
    this.#begin = begin;
    this.#stop = stop;
  }

  next(): Promise<Result> {
    this.#processed();
    this.#processed = () => undefined;
    const result = new Promise<Result>((resolve, reject) => this.#readers.push({ resolve, reject }));
    this.#start();
    this.#match();
    return result;
  }

  return(): Promise<Result> {
    this.end();
    this.#error = undefined;
    return Promise.resolve({ done: true, value: undefined });
  }

  /** No item will come any more. With an error, a reader gets it. */
  end(error?: Error): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#error = error;
    this.#offered = undefined;
    this.#processed = () => undefined;
    this.#match();
    if (this.#hasBegun) this.#stop();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #start(): void {
    if (this.#hasBegun || this.#isEnded) return;
    this.#hasBegun = true;
    this.#begin((item) => new Promise((processed) => this.#offer(item, processed))).catch(
      (error: unknown) => {
        this.#hasBegun = false; // another one has the inbox, or nobody: there is nothing to stop
        this.end(error as Error);
      },
    );
  }

  #offer(item: InboxItem, processed: () => void): void {
    this.#offered = { item, processed };
    this.#match();
  }

  #match(): void {
    if (this.#isEnded) {
      for (const reader of this.#readers.splice(0)) this.#finish(reader);
    } else if (this.#offered !== undefined && this.#readers.length > 0) {
      const { item, processed } = this.#offered;
      this.#offered = undefined;
      this.#readers.shift()?.resolve({ done: false, value: item });
      // Whoever reads ahead has asked for the next one already.
      if (this.#readers.length > 0) processed();
      else this.#processed = processed;
    }
  }

  #finish({ resolve, reject }: Reader): void {
    const error = this.#error;
    this.#error = undefined;
    if (error === undefined) resolve({ done: true, value: undefined });
    else reject(error);
  }
}
