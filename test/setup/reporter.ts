/**
 * Mocha's reporter for `npm test`: the usual spec output for people, and a JSON file for the runner. It also sees to it
 * that mocha ends by itself: a test that leaves a handle open is a failure, not something that `--exit` sweeps away.
 */
import { writeFileSync } from "node:fs";
import Mocha from "mocha";

/** What the reporter writes to the file that `--reporter-option output=FILE` names. */
export interface Report {
  readonly passes: number;
  readonly failures: number;
  readonly pending: number;
  /** Full titles of what failed. */
  readonly failed: readonly string[];
  /** Full titles of what was skipped. */
  readonly skipped: readonly string[];
  /** Kinds of resources that kept the process from ending, after the last test; empty when it ended in time. */
  readonly leftOpen: readonly string[];
}

/** Milliseconds that the process may take to end after its last test. */
const GRACE = 5_000;

export default class Reporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const output = outputOf(options);
    const openBefore = process.getActiveResourcesInfo();
    const failed: string[] = [];
    const skipped: string[] = [];
    runner.on("fail", (test) => failed.push(test.fullTitle()));
    runner.on("pending", (test) => skipped.push(test.fullTitle()));
    runner.once("end", () => {
      const { passes, failures, pending } = this.stats;
      const write = (leftOpen: readonly string[]) => {
        const report: Report = { passes, failures, pending, failed, skipped, leftOpen };
        writeFileSync(output, JSON.stringify(report));
      };
      write([]);
      // Unref'd: it fires only if something else keeps the process alive until then.
      setTimeout(() => {
        write(added(openBefore, process.getActiveResourcesInfo()));
        process.exit(1);
      }, GRACE).unref();
    });
  }
}

/** What is in `after` beyond what was there `before`, counted by kind. */
export function added(before: readonly string[], after: readonly string[]): string[] {
  const rest = [...after];
  for (const kind of before) {
    const index = rest.indexOf(kind);
    if (index !== -1) rest.splice(index, 1);
  }
  return rest;
}

function outputOf(options: Mocha.MochaOptions): string {
  const given: unknown = (options as { reporterOption?: unknown }).reporterOption;
  if (typeof given === "object" && given !== null && "output" in given && typeof given.output === "string") {
    return given.output;
  }
  throw new Error("the reporter needs --reporter-option output=FILE");
}
