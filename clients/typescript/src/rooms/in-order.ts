/** Does things one after the other, though doing one may bring about others. Imports nothing. */

export class InOrder<T> {
  readonly #act: (task: T) => void;
  #queue: T[] = [];
  #isBusy = false;

  constructor(act: (task: T) => void) {
    this.#act = act;
  }

  /** Does them now; or, if one is being done, after all that were there before. */
  add(tasks: readonly T[]): void {
    this.#queue.push(...tasks);
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#act(next);
    this.#isBusy = false;
  }

  /** What was not done yet will not be. */
  clear(): void {
    this.#queue = [];
  }
}
