/** What is made of the rounds' samples. Pure. */

/** NaN where there are no values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** The value a quarter up from the least: what others on the machine take only adds to some of the rounds. NaN where there are no values. */
export function lowerQuartile(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 4)] ?? NaN;
}

/** The values of each cell of a table, one for each round. */
export class Samples {
  readonly #values = new Map<string, number[]>();

  add(cell: string, value: number): void {
    const values = this.#values.get(cell);
    if (values) values.push(value);
    else this.#values.set(cell, [value]);
  }

  /** In the order in which they came; empty if there are none. */
  of(cell: string): number[] {
    return [...(this.#values.get(cell) ?? [])];
  }
}
