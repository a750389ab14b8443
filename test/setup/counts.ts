/** What a test runner reports, and the sum over runners. Pure. */

/** The outcome of one runner: mocha, and later cargo, Maven and swift. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What failed, where the runner names it: told again at the end, so that nobody looks for it in thousands of lines. */
  readonly failing?: readonly string[];
}

export const NOTHING: Counts = { passed: 0, failed: 0, skipped: 0 };

/** The sum over runners. */
export function sum(runs: Iterable<Counts>): Counts {
  let { passed, failed, skipped } = NOTHING;
  const failing: string[] = [];
  for (const run of runs) {
    passed += run.passed;
    failed += run.failed;
    skipped += run.skipped;
    failing.push(...(run.failing ?? []));
  }
  return { passed, failed, skipped, ...(failing.length > 0 && { failing }) };
}

/** The last line of `npm test`. */
export function summary({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}

/** Where nothing may be left out, what was skipped has failed. */
export function withSkippedFailed({ failed, skipped, ...rest }: Counts): Counts {
  return { ...rest, failed: failed + skipped, skipped: 0 };
}

/** One test that failed. */
export function failure(name: string): Counts {
  return { ...NOTHING, failed: 1, failing: [name] };
}

/** Good means that something passed and nothing failed: a run of no tests proves nothing. */
export function isGood({ passed, failed }: Counts): boolean {
  return passed > 0 && failed === 0;
}
