/** Runs the linters and formatters of an SDK's language, as checks. */
import { type Counts, NOTHING, sum } from "../setup/counts.js";
import type { Lint, Sdk } from "./sdks.js";
import { runStep } from "./steps.js";
import { type Say, verdict } from "./verdict.js";

/** Counts each as one test; one that the toolchain has not is skipped, and one line says so. */
export async function lint(sdk: Pick<Sdk, "title" | "folder" | "lints">, say: Say): Promise<Counts> {
  const all: Counts[] = [];
  for (const each of sdk.lints) all.push(await run(each, sdk, say));
  return sum(all);
}

async function run(
  { title, probe, install, check }: Lint,
  sdk: Pick<Sdk, "title" | "folder">,
  say: Say,
): Promise<Counts> {
  const isThere = async () => (await runStep(probe, sdk.folder)) === undefined;
  if (!(await isThere()) && install !== undefined) await runStep(install, sdk.folder);
  if (!(await isThere())) {
    say(`Left out: ${title} over the ${sdk.title} SDK. Its toolchain has none.`);
    return { ...NOTHING, skipped: 1 };
  }
  const trouble = await runStep(check, sdk.folder);
  return verdict(say, `${sdk.title}: ${title}`, trouble, { good: "finds nothing", bad: "finds faults" });
}
