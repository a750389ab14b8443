/** Does things one after the other, though doing one may bring about others. Imports nothing. */

export class InOrder<T> {
  private queue: T[] = [];
  private isBusy = false;

  constructor(private readonly act: (task: T) => void) {}

  /** Does them now; or, if one is being done, after all that were there before. */
  add(tasks: readonly T[]): void {
    this.queue.push(...tasks);
    if (this.isBusy) return;
    this.isBusy = true;
    for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) this.act(next);
    this.isBusy = false;
  }

  /** What was not done yet will not be. */
  clear(): void {
    this.queue = [];
  }
}
