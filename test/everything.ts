/** All tests there are, in the order that keeps two cores busy. */
import { certify, isWritten } from "./conformance/certify.js";
import { runNative } from "./native/run.js";
import { findRuntimes, type Found, runRuntimes } from "./runtimes.js";
import { type Counts, NOTHING } from "./setup/counts.js";
import { makeReady } from "./setup/install.js";
import { runMocha } from "./setup/mocha.js";
import { fetchPackageTools } from "./setup/package-tools.js";
import { checkTypes } from "./setup/types.js";

type Say = (line: string) => void;

const FAILURE: Counts = { ...NOTHING, failed: 1 };

/**
 * The SDKs' own tests run beside mocha's: compilers keep one core busy, and most of mocha's tests wait. What they say comes after.
 * The conformance suite has the machine for itself.
 */
export async function everything(say: Say): Promise<Counts[]> {
  makeReady(say);
  fetchPackageTools(say);
  const runtimes = findRuntimes(say);
  const lines: string[] = [];
  const types = checkTypes();
  const [mocha, native] = await Promise.all([
    mochaOnEach(runtimes, say),
    runNative((line) => void lines.push(line)),
  ]);
  for (const line of lines) say(line);
  return [types, ...mocha, native.counts, ...(await conformance(native.leftOut, say))];
}

/** All tests on the machine's own Node.js, and then those that depend on the release on the others. */
async function mochaOnEach(runtimes: readonly Found[], say: Say): Promise<Counts[]> {
  return [await runMocha([], say), await runRuntimes(runtimes, say)];
}

/** The scenarios through all clients, with nothing beside them; and whether the page says what came of it. */
async function conformance(leftOut: ReadonlyMap<string, string>, say: Say): Promise<Counts[]> {
  const { counts, page } = await certify({ leftOut }, say);
  if (page === undefined || isWritten(page)) return [counts];
  say("docs/conformance.md is out of date: npm run conformance writes it.");
  return [counts, FAILURE];
}
