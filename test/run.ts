/**
 * What `npm test` runs: makes the machine ready, runs every test, and prints the count as its last line. Arguments go to
 * mocha: `npm test -- -g recovery`, `npm test -- test/imports.test.ts`.
 *
 * With `CI=true` or `REQUIRE_ALL=1` nothing may be left out: what is skipped has failed.
 */
import { isGood, sum, summary, withSkippedFailed } from "./setup/counts.js";
import { makeReady } from "./setup/install.js";
import { runMocha } from "./setup/mocha.js";
import { everythingRequired } from "./support/machine.js";

const say = (line: string) => console.log(line);

makeReady(say);
let total = sum([runMocha(process.argv.slice(2), say)]);
if (everythingRequired() && total.skipped > 0) {
  say(`${total.skipped} skipped, which is a failure with CI=true or REQUIRE_ALL=1`);
  total = withSkippedFailed(total);
}
if (total.passed + total.failed === 0) say("No test ran.");
console.log(summary(total));
process.exitCode = isGood(total) ? 0 : 1;
