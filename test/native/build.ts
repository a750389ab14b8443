/** Builds the native SDKs with their agents, where the machine has what they need. */
import type { Sdk } from "./sdks.js";
import { missingTools } from "../support/machine.js";
import { runStep } from "./steps.js";

/** Which of the SDKs cannot be had, and why; empty if all are built. */
export async function buildSdks(
  sdks: readonly Sdk[],
  say: (line: string) => void,
): Promise<Map<string, string>> {
  const leftOut = new Map<string, string>();
  for (const sdk of sdks) {
    const missing = missingTools(sdk.needs);
    if (missing.length > 0) {
      leftOut.set(sdk.name, `${missing.join(" and ")} is missing`);
      continue;
    }
    say(`Building the ${sdk.title} SDK.`);
    for (const step of sdk.build) {
      const trouble = await runStep(step, sdk.folder);
      if (trouble !== undefined) throw new Error(`the ${sdk.title} SDK cannot be built: ${trouble}`);
    }
  }
  return leftOut;
}
