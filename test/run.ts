/**
 * What `npm test` runs: makes the machine ready, runs every test, and prints the count as its last line. Arguments go to
 * mocha, and then it runs alone: `npm test -- -g recovery`, `npm test -- test/imports.test.ts`.
 *
 * With `CI=true` or `REQUIRE_ALL=1` nothing may be left out: what is skipped has failed.
 */
import { certify, isWritten } from "./conformance/certify.js";
import { runNative } from "./native/run.js";
import { type Counts, isGood, NOTHING, sum, summary, withSkippedFailed } from "./setup/counts.js";
import { makeReady } from "./setup/install.js";
import { runMocha } from "./setup/mocha.js";
import { everythingRequired } from "./support/machine.js";

const say = (line: string) => console.log(line);

/** The SDKs' own tests, and the scenarios through all clients. */
async function nativeAndConformance(): Promise<Counts[]> {
  const native = await runNative(say);
  const { counts, page } = await certify({ leftOut: native.leftOut }, say);
  if (page === undefined || isWritten(page)) return [native.counts, counts];
  say("docs/conformance.md is out of date: npm run conformance writes it.");
  return [native.counts, counts, { ...NOTHING, failed: 1 }];
}

const args = process.argv.slice(2);
makeReady(say);
const mocha = runMocha(args, say);
let total = sum([mocha, ...(args.length === 0 ? await nativeAndConformance() : [])]);
if (everythingRequired() && total.skipped > 0) {
  say(`${total.skipped} skipped, which is a failure with CI=true or REQUIRE_ALL=1`);
  total = withSkippedFailed(total);
}
if (total.passed + total.failed === 0) say("No test ran.");
console.log(summary(total));
process.exitCode = isGood(total) ? 0 : 1;
