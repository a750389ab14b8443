/** `npm run test:runtimes`: the bridge's, the server's and the clients' own tests on each release of Node.js that is promised. */
import { type Counts, isGood, NOTHING, sum, summary, withSkippedFailed } from "./setup/counts.js";
import { runMocha, testsIn } from "./setup/mocha.js";
import { findRuntime, leftOutRelease, RELEASES, type Runtime } from "./setup/runtimes.js";
import { everythingRequired } from "./support/machine.js";

type Say = (line: string) => void;

/** What depends on the release: not the browser's tests, the benchmarks, the soak, the package and the native SDKs. */
const FOLDERS = ["unit", "regression", "parity", "safety", "client", "server", "store", "guarantees"];

/** As many as show a fault of a release; the run on the machine's own Node has them all. */
const FUZZ = { FUZZ_FRAMES: "38000", FUZZ_HANDSHAKES: "2000" };

/** All releases at once: most tests wait. Each says one line, and its whole output only if something failed. */
export async function runRuntimes(say: Say): Promise<Counts> {
  const runs = RELEASES.map((release): Promise<Counts> => {
    const runtime = findRuntime(release, say);
    if (typeof runtime !== "string") return runOn(runtime, say);
    say(leftOutRelease(release, runtime));
    return Promise.resolve({ ...NOTHING, skipped: 1 });
  });
  return sum(await Promise.all(runs));
}

async function runOn({ version, path }: Runtime, say: Say): Promise<Counts> {
  const lines: string[] = [];
  const started = performance.now();
  const counts = await runMocha(testsIn(FOLDERS), (line) => void lines.push(line), {
    program: path,
    env: FUZZ,
  });
  const seconds = Math.round((performance.now() - started) / 1_000);
  if (!isGood(counts)) for (const line of lines) say(line);
  say(`Node.js ${version}: ${summary(counts)} (${seconds} s)`);
  return counts;
}

if (process.argv[1] === import.meta.filename) {
  const say: Say = (line) => console.log(line);
  let total = await runRuntimes(say);
  if (everythingRequired()) total = withSkippedFailed(total);
  say(summary(total));
  process.exitCode = isGood(total) ? 0 : 1;
}
