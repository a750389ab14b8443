/**
 * Jest, Vitest, vite, webpack and other releases of TypeScript, which the packages are used with in the tests, of the
 * releases that their list names. From npm into .cache/: nobody who works on something else waits for their 300 packages.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const LIST = "test/packages/tools/package.json";

/** Milliseconds for npm to fetch them. */
const TIMEOUT = 5 * 60_000;

/** Where their `node_modules` is, or undefined where they have not been fetched as the list now has them. */
export function packageTools(cache = resolve(".cache", "package-tools")): string | undefined {
  const isComplete = existsSync(join(cache, "node_modules", ".package-lock.json"));
  return isComplete && isAsListed(cache) ? cache : undefined;
}

/** Fetches what is missing. Says one line where it cannot. */
export function fetchPackageTools(say: (line: string) => void, cache?: string): void {
  const folder = cache ?? resolve(".cache", "package-tools");
  if (packageTools(folder) !== undefined) return;
  say(
    "Fetching Jest, Vitest, vite, webpack and releases of TypeScript from npm into .cache/, for the tests.",
  );
  mkdirSync(folder, { recursive: true });
  copyFileSync(LIST, join(folder, "package.json"));
  const args = [
    "install",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-package-lock",
    "--prefer-offline",
  ];
  const { status, stderr, error } = spawnSync("npm", args, {
    cwd: folder,
    encoding: "utf8",
    timeout: TIMEOUT,
  });
  if (status === 0) return;
  const reason = error?.message ?? stderr.split("\n").find((line) => line.includes("npm error")) ?? "unknown";
  say(
    `Left out: the packages in Jest, bundlers and other releases of TypeScript. npm could not fetch them: ${reason}`,
  );
}

function isAsListed(folder: string): boolean {
  return readFileSync(join(folder, "package.json"), "utf8") === readFileSync(LIST, "utf8");
}
