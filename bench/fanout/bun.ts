/**
 * Bun, for the uWebSockets in it. Fetched on demand into .cache/, never a dependency: the platform's own package, whose
 * program runs as it is (the package `bun` would have to run an install script).
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";

const VERSION = "^1.4.0";
const FOLDER = resolve(".cache", "bun");
const ARCHITECTURES: Partial<Record<NodeJS.Architecture, string>> = { x64: "x64", arm64: "aarch64" };

export interface Bun {
  path: string;
  version: string;
}

/** Finds or fetches Bun. Where it cannot, the answer is one sentence that says why. */
export function findBun(say: (line: string) => void): Bun | string {
  const architecture = ARCHITECTURES[process.arch];
  if ((process.platform !== "linux" && process.platform !== "darwin") || architecture === undefined) {
    return `no Bun for ${process.platform}-${process.arch} is known here`;
  }
  const platform = `bun-${process.platform}-${architecture}`;
  // The second one is for processors without AVX2, and exists for x64 alone.
  const names = architecture === "x64" ? [platform, `${platform}-baseline`] : [platform];
  let trouble = "";
  for (const name of names) {
    const path = join(FOLDER, "node_modules", "@oven", name, "bin", "bun");
    if (!existsSync(path)) {
      say(`fetching @oven/${name} from the npm registry into .cache/bun`);
      trouble = fetch(`@oven/${name}@${VERSION}`) ?? trouble;
    }
    const { stdout, status } = spawnSync(path, ["--version"], { encoding: "utf8" });
    if (status === 0) return { path, version: stdout.trim() };
  }
  return trouble === "" ? "Bun does not run here" : trouble;
}

function fetch(spec: string): string | undefined {
  mkdirSync(FOLDER, { recursive: true });
  const args = ["install", "--prefix", FOLDER, "--ignore-scripts", "--no-audit", "--no-fund", spec];
  // From its own folder, so that npm does not take the project's package.json for the one to change.
  const { status, stderr, error } = spawnSync("npm", args, { cwd: FOLDER, encoding: "utf8" });
  if (status === 0) return undefined;
  const reason = error?.message ?? stderr.split("\n").find((line) => line.includes("npm error")) ?? "unknown";
  return `npm could not fetch ${spec}: ${reason}`;
}
