// Builds everything into dist/, with types: what is published, and what all tests run. Only what has changed, and what depends on it.
import { execFileSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { createRequire } from "node:module";
import { tidy } from "./outputs.js";

const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");

try {
  // Beside what it tells of: it goes when dist/ is removed.
  const options = ["--incremental", "--tsBuildInfoFile", "dist/.tsbuildinfo"];
  execFileSync(process.execPath, [tsc, ...options], { stdio: "inherit" });
} catch {
  process.exit(1); // tsc has printed what is wrong
}
tidy();
chmodSync("dist/server/main.js", 0o755);
