/** The native SDKs' part of `npm test`: builds and lints them, runs their own tests, and follows their READMEs. */
import { type Counts, failure, isGood, NOTHING, sum } from "../setup/counts.js";
import { buildSdk } from "./build.js";
import { CHECKS } from "./checks.js";
import { lint } from "./lint.js";
import { followReadme } from "./readme.js";
import type { Sdk } from "./sdks.js";
import { runAll, runTests } from "./steps.js";
import { type Say, verdict } from "./verdict.js";

/** What its tests gave. Where it cannot be built, `leftOut` gets its name, and why. */
export async function runNative(sdk: Sdk, leftOut: Map<string, string>, say: Say): Promise<Counts> {
  const build = await buildSdk(sdk, say);
  if (build.outcome === "built") return test(sdk, say);
  leftOut.set(sdk.name, build.why);
  if (build.outcome === "left out") return { ...NOTHING, skipped: 1 };
  say(`${sdk.title}: the SDK cannot be built: ${build.why}`);
  return failure(`${sdk.title}: its build`);
}

async function test(sdk: Sdk, say: Say): Promise<Counts> {
  const all = [await lint(sdk, say), await unitTests(sdk, say), await readme(sdk, say)];
  for (const check of CHECKS[sdk.name]) all.push(await check(sdk, say));
  return sum(all);
}

async function unitTests(sdk: Sdk, say: Say): Promise<Counts> {
  const outputs: string[] = [];
  const trouble =
    (await runAll(sdk.compileTests, sdk.folder)) ?? (await runTests(sdk.test, sdk.folder, outputs));
  const counts = sdk.counts(outputs.join("\n"));
  say(`${sdk.title}: ${counts.passed} tests passed, ${counts.failed} failed`);
  if (trouble !== undefined) say(trouble);
  if (trouble === undefined && isGood(counts)) return counts;
  // A runner that ended badly, or ran nothing, has not passed.
  const failing = (counts.failing ?? ["its tests"]).map((name) => `${sdk.title}: ${name}`);
  return { ...counts, failed: Math.max(counts.failed, 1), failing };
}

async function readme(sdk: Sdk, say: Say): Promise<Counts> {
  const trouble = await followReadme(sdk).catch((error: unknown) => String(error));
  return verdict(say, `${sdk.title}: the five minutes of its README`, trouble, {
    good: "work",
    bad: "do not work",
  });
}
