/** Counts from what the native test runners report. Pure. */
import { type Counts, sum } from "../setup/counts.js";

/** Of cargo's output: one line for each binary of tests, and one for the documentation's. */
export function fromCargo(output: string): Counts {
  const binaries = [
    ...output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm),
  ].map(([, passed, failed, skipped]) => counts(passed, failed, skipped));
  return named(sum(binaries), namesIn(output, /^test (.+) \.\.\. FAILED$/gm));
}

/** Of Maven's reports, each an XML file of surefire's. */
export function fromSurefire(reports: readonly string[]): Counts {
  return sum(
    reports.map((report) => {
      const suite = /<testsuite\b[^>]*>/.exec(report)?.[0] ?? "";
      const number = (name: string): number => Number(attribute(suite, name) ?? 0);
      const failed = number("failures") + number("errors");
      const skipped = number("skipped");
      const bad = report.split(/(?=<testcase\b)/).filter((part) => /<(failure|error)\b/.test(part));
      const names = bad.map((test) => `${attribute(test, "classname")}.${attribute(test, "name")}`);
      return named({ passed: number("tests") - failed - skipped, failed, skipped }, names);
    }),
  );
}

/** Of the output of `swift test`: the line of all tests together is the last one. A crash has none, but a test that was begun. */
export function fromSwift(output: string): Counts {
  const lines = [
    ...output.matchAll(/Executed (\d+) tests?, with (?:(\d+) tests? skipped and )?(\d+) failures?/g),
  ];
  const [, all = "0", skipped = "0", failed = "0"] = lines.at(-1) ?? [];
  const begun = namesIn(output, /^Test Case '(.+)' started/gm);
  const good = new Set(namesIn(output, /^Test Case '(.+)' (?:passed|skipped)/gm));
  return named(
    counts(String(Number(all) - Number(skipped) - Number(failed)), failed, skipped),
    begun.filter((name) => !good.has(name)),
  );
}

function counts(passed = "0", failed = "0", skipped = "0"): Counts {
  return { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) };
}

const named = (run: Counts, failing: readonly string[]): Counts => ({
  ...run,
  ...(failing.length > 0 && { failing }),
});

const namesIn = (output: string, pattern: RegExp): string[] =>
  [...output.matchAll(pattern)].map(([, name = ""]) => name);

const attribute = (tag: string, name: string): string | undefined =>
  new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
