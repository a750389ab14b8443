/** All tests there are, in an order that keeps two cores busy. */
import { certify, isWritten } from "./conformance/certify.js";
import { runNative } from "./native/run.js";
import { SDKS } from "./native/sdks.js";
import { findRuntimes, MEASURED, runRelease } from "./runtimes.js";
import { type Counts, failure } from "./setup/counts.js";
import { makeReady } from "./setup/install.js";
import { inLanes } from "./setup/lanes.js";
import { allTestsBut, runMocha, testsIn } from "./setup/mocha.js";
import { fetchPackageTools } from "./setup/package-tools.js";
import { checkStyle, checkTypes } from "./sources.js";

type Say = (line: string) => void;

/** Tests that start other programs, and mostly wait for these: browsers, bundlers, servers that are killed. */
const OF_PROGRAMS = ["browser", "packages", "soak", "examples"];

/** Jobs at a time: twice as many as cores, as each waits for half of its time. */
const LANES = 4;

/**
 * The SDKs' own tests, mocha's and those on other releases of Node.js run side by side, the longest first. Mocha's own lines are told as they
 * come; what the other jobs say, when they are done. What compares times, and the conformance suite, have the machine for themselves.
 */
export async function everything(say: Say): Promise<Counts[]> {
  makeReady(say);
  fetchPackageTools(say);
  const runtimes = findRuntimes(say);
  const types = await checkTypes(say);
  const leftOut = new Map<string, string>();
  const counts = await inLanes(
    LANES,
    [
      () => runMocha(allTestsBut(OF_PROGRAMS, MEASURED), say),
      (tell) => runMocha(testsIn(OF_PROGRAMS), tell, { isSaid: true }),
      ...SDKS.map((sdk) => (tell: Say) => runNative(sdk, leftOut, tell)),
      checkStyle,
      ...runtimes.map((found) => (tell: Say) => runRelease(found, tell)),
    ],
    say,
  );
  const measured = await runMocha(
    MEASURED.map((file) => `test/${file}.test.ts`),
    say,
  );
  return [types, ...counts, measured, ...(await conformance(leftOut, say))];
}

/** The scenarios through all clients, with nothing beside them; and whether the page says what came of it. */
async function conformance(leftOut: ReadonlyMap<string, string>, say: Say): Promise<Counts[]> {
  const { counts, page } = await certify({ leftOut }, say);
  if (page === undefined || isWritten(page)) return [counts];
  say("docs/conformance.md is out of date: npm run conformance writes it.");
  return [counts, failure("docs/conformance.md")];
}
