/**
 * What `npm test` runs: makes the machine ready, runs every test, and prints the count as its last line. Arguments go to
 * mocha, and then it runs alone: `npm test -- -g recovery`, `npm test -- test/imports.test.ts`.
 *
 * With `CI=true` or `REQUIRE_ALL=1` nothing may be left out: what is skipped has failed.
 */
import { certify, isWritten } from "./conformance/certify.js";
import { runNative } from "./native/run.js";
import { findRuntimes, type Found, runRuntimes } from "./runtimes.js";
import { type Counts, isGood, NOTHING, sum, summary, withSkippedFailed } from "./setup/counts.js";
import { makeReady } from "./setup/install.js";
import { runMocha } from "./setup/mocha.js";
import { everythingRequired } from "./support/machine.js";

const say = (line: string) => console.log(line);

/**
 * The SDKs' own tests run beside mocha's: compilers keep one core busy, and most of mocha's tests wait. What they say comes after.
 * The conformance suite has the machine for itself.
 */
async function everything(): Promise<Counts[]> {
  const runtimes = findRuntimes(say);
  const lines: string[] = [];
  const [mocha, native] = await Promise.all([
    mochaOnEach(runtimes),
    runNative((line) => void lines.push(line)),
  ]);
  for (const line of lines) say(line);
  return [...mocha, native.counts, ...(await conformance(native.leftOut))];
}

/** All tests on the machine's own Node.js, and then those that depend on the release on the others. */
async function mochaOnEach(runtimes: readonly Found[]): Promise<Counts[]> {
  return [await runMocha([], say), await runRuntimes(runtimes, say)];
}

/** The scenarios through all clients, with nothing beside them; and whether the page says what came of it. */
async function conformance(leftOut: ReadonlyMap<string, string>): Promise<Counts[]> {
  const { counts, page } = await certify({ leftOut }, say);
  if (page === undefined || isWritten(page)) return [counts];
  say("docs/conformance.md is out of date: npm run conformance writes it.");
  return [counts, FAILURE];
}

const FAILURE: Counts = { ...NOTHING, failed: 1 };

const args = process.argv.slice(2);
makeReady(say);
let total = sum(args.length === 0 ? await everything() : [await runMocha(args, say)]);
if (everythingRequired() && total.skipped > 0) {
  say(`${total.skipped} skipped, which is a failure with CI=true or REQUIRE_ALL=1`);
  total = withSkippedFailed(total);
}
if (total.passed + total.failed === 0) say("No test ran.");
console.log(summary(total));
process.exitCode = isGood(total) ? 0 : 1;
