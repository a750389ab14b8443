/** Packages from npm for the tests alone, in a folder of their own. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Milliseconds for npm to fetch them: some 200 MB, unpacked. */
const TIMEOUT = 5 * 60_000;

/**
 * Installs what a list of dependencies names, without install scripts. Where it cannot, the answer is one line that says why.
 * @param dependencies as in a package.json
 */
export function npmInstall(
  folder: string,
  dependencies: Readonly<Record<string, string>>,
): string | undefined {
  mkdirSync(folder, { recursive: true });
  // So that npm does not take the project's package.json for the one to change.
  writeFileSync(join(folder, "package.json"), `${JSON.stringify({ private: true, dependencies })}\n`);
  const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"];
  const { status, stderr, error } = spawnSync("npm", args, {
    cwd: folder,
    encoding: "utf8",
    timeout: TIMEOUT,
  });
  if (status === 0) return undefined;
  return error?.message ?? stderr.split("\n").find((line) => line.includes("npm error")) ?? "unknown";
}
