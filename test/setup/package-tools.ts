/**
 * What single tests use of npm, of the releases that a list names: Jest, Vitest, vite, webpack and other releases of TypeScript for the
 * packages, and Next to mount the rooms server beside. Into .cache/: nobody who works on something else waits for their 300 packages.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { npmInstall } from "./npm-install.js";

/** Names the list that was installed; there only when all of it was. */
const INSTALLED = "installed.json";

export interface PackageList {
  /** A package.json whose dependencies they are. */
  readonly list: string;
  readonly cache: string;
  readonly title: string;
  /** What is left out where they cannot be fetched. */
  readonly without: string;
}

export const TOOLS_OF_PACKAGES: PackageList = {
  list: "test/packages/tools/package.json",
  cache: resolve(".cache", "package-tools"),
  title: "Jest, Vitest, vite, webpack and releases of TypeScript",
  without: "the packages in Jest, bundlers and other releases of TypeScript",
};

export const NEXT: PackageList = {
  list: "test/server/mounting/next/package.json",
  cache: resolve(".cache", "next"),
  title: "Next",
  without: "the rooms server beside Next",
};

/** The folder whose `node_modules` has them, or undefined where they have not been fetched as the list now has them. */
export function packageTools({ list, cache }: PackageList = TOOLS_OF_PACKAGES): string | undefined {
  const installed = join(cache, INSTALLED);
  return existsSync(installed) && readFileSync(installed, "utf8") === readFileSync(list, "utf8")
    ? cache
    : undefined;
}

/** Fetches what is missing. Says one line where it cannot. */
export function fetchPackageTools(
  say: (line: string) => void,
  packages: readonly PackageList[] = [TOOLS_OF_PACKAGES, NEXT],
): void {
  for (const one of packages) if (packageTools(one) === undefined) fetchList(one, say);
}

function fetchList({ list, cache, title, without }: PackageList, say: (line: string) => void): void {
  say(`Fetching ${title} from npm into .cache/, for the tests.`);
  rmSync(join(cache, INSTALLED), { force: true });
  const text = readFileSync(list, "utf8");
  const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> };
  const reason = npmInstall(cache, dependencies);
  if (reason === undefined) writeFileSync(join(cache, INSTALLED), text);
  else say(`Left out: ${without}. npm could not fetch ${title}: ${reason}`);
}
