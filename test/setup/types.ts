/** The compiler over all sources, as one check: what runs the tests takes no look at types. */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { type Counts, failure, NOTHING } from "./counts.js";

const TSC = createRequire(import.meta.url).resolve("typescript/bin/tsc");

/** Prints what is wrong. Half a minute where nothing was built before. */
export function checkTypes(): Counts {
  const { status } = spawnSync(process.execPath, [TSC, "-b"], { stdio: "inherit" });
  return status === 0 ? { ...NOTHING, passed: 1 } : failure("the compiler");
}
