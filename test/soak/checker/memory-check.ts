/** Whether the programs that clients run in stay as large as they were: what grows for minutes grows for ever. */
import type { Check, Findings, Witness } from "./findings.js";

/** Samples of one program below which there is nothing to compare. */
const LEAST = 40;

/** What the last quarter of a run may have more than the second one: noise of a garbage collector, that is. */
const FACTOR = 1.25;
const SLACK = 16 * 2 ** 20;

export class MemoryCheck implements Check {
  readonly #findings: Findings;
  readonly #samples = new Map<string, { bytes: number; witness: Witness }[]>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  see(witness: Witness): void {
    const { entry } = witness;
    if (entry.kind !== "memory") return;
    const { program, bytes } = entry;
    this.#samples.set(program, [...(this.#samples.get(program) ?? []), { bytes, witness }]);
  }

  finish(): void {
    for (const [program, samples] of this.#samples) {
      if (samples.length < LEAST) continue;
      const quarter = Math.floor(samples.length / 4);
      const early = median(samples.slice(quarter, 2 * quarter).map(({ bytes }) => bytes));
      const late = median(samples.slice(-quarter).map(({ bytes }) => bytes));
      this.#findings.count(`MiB of ${program} in the second quarter of the run`, mebibytes(early));
      this.#findings.count(`MiB of ${program} in the last quarter of the run`, mebibytes(late));
      if (late <= early * FACTOR + SLACK) continue;
      const grown = `${program} grew from ${mebibytes(early)} to ${mebibytes(late)} MiB`;
      this.#findings.breach("memory", grown, samples[quarter]?.witness, samples.at(-1)?.witness);
    }
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
