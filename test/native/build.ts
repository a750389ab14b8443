/** Builds the native SDKs with their agents, where the machine has what they need. */
import { missingTools } from "../support/machine.js";
import type { Sdk } from "./sdks.js";
import { runAll } from "./steps.js";
import type { Say } from "./verdict.js";

export type Build =
  | { readonly outcome: "built" }
  /** The machine lacks something. */
  | { readonly outcome: "left out"; readonly why: string }
  | { readonly outcome: "failed"; readonly why: string };

export async function buildSdk(sdk: Sdk, say: Say): Promise<Build> {
  const missing = missingTools(sdk.needs);
  if (missing.length > 0) return { outcome: "left out", why: `${missing.join(" and ")} is missing` };
  say(`Building the ${sdk.title} SDK.`);
  const why = await runAll(sdk.build, sdk.folder);
  return why === undefined ? { outcome: "built" } : { outcome: "failed", why };
}

/**
 * Those of the SDKs that the machine cannot have, and why.
 * @throws Error where one cannot be built.
 */
export async function buildSdks(sdks: readonly Sdk[], say: Say): Promise<Map<string, string>> {
  const leftOut = new Map<string, string>();
  for (const sdk of sdks) {
    const build = await buildSdk(sdk, say);
    if (build.outcome === "failed") throw new Error(`the ${sdk.title} SDK cannot be built: ${build.why}`);
    if (build.outcome === "left out") leftOut.set(sdk.name, build.why);
  }
  return leftOut;
}
