/** A project that takes the Swift SDK as its README says: the repository by its URL, at a tag. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Counts } from "../setup/counts.js";
import { fiveMinutes } from "./five-minutes.js";
import { beside, PROJECT, type Sdk, step } from "./sdks.js";
import { runStep } from "./steps.js";
import { type Say, verdict } from "./verdict.js";

const PROGRAM = `import Crossroom

print(Position(epoch: "e", offset: 42).offset)
`;

/** Builds and runs it. */
export async function buildFromUrl(sdk: Sdk, say: Say): Promise<Counts> {
  // Under /tmp, which the trixie root shares.
  const folder = mkdtempSync(join(tmpdir(), "crossroom-package-"));
  try {
    const { manifest, tag } = fromReadme(
      readFileSync(join(sdk.folder, "README.md"), "utf8"),
      `file://${join(folder, "crossroom.git")}`,
    );
    const trouble = (await publish(folder, tag)) ?? (await consume(folder, manifest));
    return verdict(say, `${sdk.title}: the package by its URL`, trouble, {
      good: "works",
      bad: "does not work",
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The manifest of the README's five minutes with the dependency by a URL that the README gives, but for where that is; and the version
 * that it asks for.
 * @throws Error where the README has not both.
 */
export function fromReadme(readme: string, url: string): { manifest: string; tag: string } {
  const manifest = fiveMinutes(readme).steps.flatMap((each) =>
    each.do === "write" && each.file === "Package.swift" ? [each.content] : [],
  )[0];
  const local = '.package(name: "crossroom", path: "$CROSSROOM")';
  const remote = /\.package\(url: "https:\/\/[^"]*\/crossroom", from: "([^"]*)"\)/.exec(readme);
  if (manifest?.includes(local) !== true) throw new Error(`the README's Package.swift has not ${local}`);
  if (remote?.[1] === undefined) throw new Error("the README has no dependency by a URL");
  const byUrl = `.package(url: ${JSON.stringify(url)}, from: ${JSON.stringify(remote[1])})`;
  return { manifest: manifest.replace(local, byUrl), tag: remote[1] };
}

/** A repository with this project as it is now: what is ignored is not there, and what is not committed yet is. */
async function publish(folder: string, tag: string): Promise<string | undefined> {
  const git = (...args: string[]) =>
    runStep(beside("swift", "git", "--git-dir=crossroom.git", `--work-tree=${PROJECT}`, ...args), folder);
  const author = ["-c", "user.name=Crossroom", "-c", "user.email=tests@crossroom.invalid"];
  return (
    (await runStep(beside("swift", "git", "init", "--quiet", "--bare", "crossroom.git"), folder)) ??
    (await git("add", "--all")) ??
    (await git(...author, "commit", "--quiet", "--message", "The project")) ??
    (await git("tag", tag))
  );
}

async function consume(folder: string, manifest: string): Promise<string | undefined> {
  const app = join(folder, "app");
  mkdirSync(join(app, "Sources", "hello"), { recursive: true });
  writeFileSync(join(app, "Package.swift"), manifest);
  writeFileSync(join(app, "Sources", "hello", "main.swift"), PROGRAM);
  const outputs: string[] = [];
  // Nobody asks for this URL again.
  const trouble = await runStep(step("swift", "run", "--disable-dependency-cache", "hello"), app, outputs);
  if (trouble !== undefined) return trouble;
  return outputs.join("").split("\n").includes("42")
    ? undefined
    : `it did not print 42, but:\n${outputs.join("")}`;
}
