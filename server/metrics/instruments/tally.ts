/** A count for each of a closed set of labels. Plain numbers: to count costs next to nothing. */
export class Tally<Label extends string> {
  readonly #counts: Record<string, number> = Object.create(null) as Record<string, number>;
  readonly #other: Label | undefined;

  /** @param other What counts for labels that are none of these; without it they are not counted. */
  constructor(labels: readonly Label[], other?: Label) {
    for (const label of labels) this.#counts[label] = 0;
    if (other !== undefined) this.#counts[other] = 0;
    this.#other = other;
  }

  add(label: string, by = 1): void {
    const known = label in this.#counts ? label : this.#other;
    if (known !== undefined) this.#counts[known] = (this.#counts[known] ?? 0) + by;
  }

  /** All labels, those too that were never counted, so that a series is there from the start. */
  entries(): [string, number][] {
    return Object.entries(this.#counts);
  }
}
