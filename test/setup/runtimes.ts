/**
 * The releases of Node.js that are promised, each from npm: the platform's own package holds the program, and needs no install
 * script. They are kept in .cache/, and are nobody's dependency.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { npmInstall } from "./npm-install.js";

/** Release lines: package.json's `engines` and the README name the same. */
export const RELEASES = [22, 24, 26] as const;

export interface Runtime {
  /** As it says itself, without a `v`: 24.1.0. */
  readonly version: string;
  readonly path: string;
}

/**
 * Finds the program of a release line, or fetches the newest one. Where it cannot, the answer is one sentence that says why.
 * @param cache the folder that it is kept in
 */
export function findRuntime(
  release: number,
  say: (line: string) => void,
  cache = resolve(".cache", "node"),
): Runtime | string {
  const folder = join(cache, String(release));
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const path = join(folder, "node_modules", name, "bin", process.platform === "win32" ? "node.exe" : "node");
  if (!existsSync(path)) {
    say(`Fetching ${name}@${release} from npm into .cache/node, for the tests.`);
    const trouble = fetch(folder, name, release);
    if (trouble !== undefined) return trouble;
  }
  const { stdout, status, error } = spawnSync(path, ["--version"], { encoding: "utf8" });
  if (status !== 0) return `${path} does not run: ${error?.message ?? `status ${status ?? "none"}`}`;
  return { version: stdout.trim().replace(/^v/, ""), path };
}

/** The line that says what is left out for want of a release, and how to get it. */
export function leftOutRelease(release: number, why: string): string {
  return `Left out: the tests on Node.js ${release}. ${why}. npm run test:runtimes fetches it, once npm can be reached.`;
}

function fetch(folder: string, name: string, release: number): string | undefined {
  const reason = npmInstall(folder, { [name]: String(release) });
  return reason === undefined ? undefined : `npm could not fetch ${name}@${release}: ${reason}`;
}
