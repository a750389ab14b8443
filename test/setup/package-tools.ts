/**
 * Jest, Vitest, vite, webpack and other releases of TypeScript, which the packages are used with in the tests, of the releases that a list
 * names. From npm into .cache/: nobody who works on something else waits for their 300 packages.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { npmInstall } from "./npm-install.js";

const LIST = "test/packages/tools/package.json";

/** Names the list that was installed; there only when all of it was. */
const INSTALLED = "installed.json";

const CACHE = resolve(".cache", "package-tools");

/** The folder whose `node_modules` has them, or undefined where they have not been fetched as the list now has them. */
export function packageTools(cache = CACHE): string | undefined {
  const installed = join(cache, INSTALLED);
  return existsSync(installed) && readFileSync(installed, "utf8") === list() ? cache : undefined;
}

/** Fetches what is missing. Says one line where it cannot. */
export function fetchPackageTools(say: (line: string) => void, cache = CACHE): void {
  if (packageTools(cache) !== undefined) return;
  say(
    "Fetching Jest, Vitest, vite, webpack and releases of TypeScript from npm into .cache/, for the tests.",
  );
  rmSync(join(cache, INSTALLED), { force: true });
  const { dependencies } = JSON.parse(list()) as { dependencies: Record<string, string> };
  const reason = npmInstall(cache, dependencies);
  if (reason === undefined) writeFileSync(join(cache, INSTALLED), list());
  else
    say(
      `Left out: the packages in Jest, bundlers and other releases of TypeScript. npm could not fetch them: ${reason}`,
    );
}

function list(): string {
  return readFileSync(LIST, "utf8");
}
