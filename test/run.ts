/**
 * What `npm test` runs: makes the machine ready, runs every test, and prints the count as its last line. Arguments go to
 * mocha, and then it runs alone, on the machine as it is: `npm test -- -g recovery`, `npm test -- test/imports.test.ts`.
 *
 * With `CI=true` or `REQUIRE_ALL=1` nothing may be left out: what is skipped has failed.
 */
import { isGood, sum, summary, withSkippedFailed } from "./setup/counts.js";
import { runMocha } from "./setup/mocha.js";
import { everythingRequired } from "./support/machine.js";

const say = (line: string) => console.log(line);

const args = process.argv.slice(2);
let total = sum(args.length === 0 ? await all() : [await some()]);
if (everythingRequired() && total.skipped > 0) {
  say(`${total.skipped} skipped, which is a failure with CI=true or REQUIRE_ALL=1`);
  total = withSkippedFailed(total);
}
for (const name of total.failing ?? []) say(`Failed: ${name}`);
if (total.passed + total.failed === 0) say("No test ran.");
console.log(summary(total));
process.exitCode = isGood(total) ? 0 : 1;

/** Somebody wants to see the lines of the sources. */
function some() {
  return runMocha(args, say, { hasTraces: true });
}

/** Loaded only when it is needed: whoever runs one test waits for nothing of it. */
async function all() {
  const { everything } = await import("./everything.js");
  return everything(say);
}
