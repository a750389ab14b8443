/** The bridge's, the server's and the clients' own tests on each release of Node.js that is promised: alone by `npm run test:runtimes`. */
import { type Counts, isGood, NOTHING, sum, summary, withSkippedFailed } from "./setup/counts.js";
import { inLanes } from "./setup/lanes.js";
import { runMocha, testsIn } from "./setup/mocha.js";
import { findRuntime, leftOutRelease, RELEASES, type Runtime } from "./setup/runtimes.js";
import { everythingRequired } from "./support/machine.js";

type Say = (line: string) => void;

/**
 * What depends on the release. Not the store's own tests (LMDB's program is one for all releases, and the server's tests run on it), the
 * guarantees', which are scenarios through all of it, and what starts other programs: browsers, benchmarks, native SDKs.
 */
const FOLDERS = ["unit", "regression", "parity", "safety", "client", "server"];

/** What compares times: tests beside it would be measured too. */
export const MEASURED = ["safety/neighbours"];

/** As many as show a fault of a release; the run on the machine's own Node has them all. */
const FUZZ = { FUZZ_FRAMES: "38000", FUZZ_HANDSHAKES: "2000" };

/** Releases at a time: most tests wait. */
const LANES = 2;

/** A release, and its program or one sentence that says why there is none. */
export type Found = readonly [release: number, runtime: Runtime | string];

/** Finds each release, and fetches what is missing. */
export function findRuntimes(say: Say): Found[] {
  return RELEASES.map((release) => [release, findRuntime(release, say)]);
}

/** Says one line, and its whole output only if something failed. A release that is not there counts as skipped. */
export async function runRelease([release, runtime]: Found, say: Say): Promise<Counts> {
  if (typeof runtime !== "string") return runOn(runtime, say);
  say(leftOutRelease(release, runtime));
  return { ...NOTHING, skipped: 1 };
}

async function runOn({ version, path }: Runtime, say: Say): Promise<Counts> {
  const lines: string[] = [];
  const started = performance.now();
  const counts = await runMocha(testsIn(FOLDERS, MEASURED), (line) => void lines.push(line), {
    program: path,
    env: FUZZ,
    isSaid: true,
  });
  const seconds = Math.round((performance.now() - started) / 1_000);
  if (!isGood(counts)) for (const line of lines) say(line);
  say(`Node.js ${version}: ${summary(counts)} (${seconds} s)`);
  const failing = counts.failing?.map((name) => `Node.js ${version}: ${name}`);
  return { ...counts, ...(failing && { failing }) };
}

if (process.argv[1] === import.meta.filename) {
  const say: Say = (line) => console.log(line);
  const jobs = findRuntimes(say).map((found) => (tell: Say) => runRelease(found, tell));
  let total = sum(await inLanes(LANES, jobs, say));
  if (everythingRequired()) total = withSkippedFailed(total);
  for (const name of total.failing ?? []) say(`Failed: ${name}`);
  say(summary(total));
  process.exitCode = isGood(total) ? 0 : 1;
}
