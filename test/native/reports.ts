/** Counts from what the native test runners report. Pure. */
import { type Counts, NOTHING, sum } from "../setup/counts.js";

/** Of cargo's output: one line for each binary of tests, and one for the documentation's. */
export function fromCargo(output: string): Counts {
  return sum(
    [...output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm)].map(
      ([, passed, failed, skipped]) => counts(passed, failed, skipped),
    ),
  );
}

/** Of Maven's reports, each an XML file of surefire's. */
export function fromSurefire(reports: readonly string[]): Counts {
  return sum(
    reports.map((report) => {
      const suite = /<testsuite\b[^>]*>/.exec(report)?.[0] ?? "";
      const number = (name: string): number =>
        Number(new RegExp(`\\b${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
      const failed = number("failures") + number("errors");
      const skipped = number("skipped");
      return { passed: number("tests") - failed - skipped, failed, skipped };
    }),
  );
}

/** Of the output of `swift test`: the line of all tests together is the last one. */
export function fromSwift(output: string): Counts {
  const lines = [
    ...output.matchAll(/Executed (\d+) tests?, with (?:(\d+) tests? skipped and )?(\d+) failures?/g),
  ];
  const last = lines.at(-1);
  if (last === undefined) return NOTHING;
  const [, all = "0", skipped = "0", failed = "0"] = last;
  return counts(String(Number(all) - Number(skipped) - Number(failed)), failed, skipped);
}

function counts(passed = "0", failed = "0", skipped = "0"): Counts {
  return { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) };
}
