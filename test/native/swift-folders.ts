/**
 * The folders of the Swift SDK: each may use what is in those before it, and there are no circles. Swift has no imports inside a module
 * that could be read, so that its compiler is asked: it gets each folder with those before it alone.
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Counts } from "../setup/counts.js";
import { beside, type Sdk } from "./sdks.js";
import { runStep } from "./steps.js";
import { type Say, verdict } from "./verdict.js";

const FOLDERS: readonly string[] = ["Core", "Wire", "Transport", "HTTP", "Bridge", "Rooms"];

/** In a folder before Bridge this must not compile. */
const FORBIDDEN = "let forbidden: Bridge? = nil\n";

export async function checkFolders(sdk: Sdk, say: Say): Promise<Counts> {
  const trouble = (await findCircle(sdk)) ?? (await missCircle(sdk));
  return verdict(say, `${sdk.title}: its folders`, trouble, { good: "have no circle", bad: "are wrong" });
}

/** What is wrong, or undefined. */
async function findCircle(sdk: Sdk): Promise<string | undefined> {
  const found = readdirSync(sources(sdk)).sort();
  if (found.join() !== [...FOLDERS].sort().join()) return `there are ${found.join(", ")}`;
  // All of them together are built anyway.
  for (let count = 1; count < FOLDERS.length; count++) {
    const trouble = await compile(sdk, filesOf(sdk, FOLDERS.slice(0, count)));
    if (trouble !== undefined) {
      return `${FOLDERS[count - 1] ?? ""} uses what is in ${FOLDERS.slice(count).join(" or ")}: ${trouble}`;
    }
  }
  return undefined;
}

/** Whether the check would miss a circle: what is wrong, or undefined. */
async function missCircle(sdk: Sdk): Promise<string | undefined> {
  // Under /tmp, which the trixie root shares.
  const folder = mkdtempSync(join(tmpdir(), "crossroom-folders-"));
  try {
    const file = join(folder, "Forbidden.swift");
    writeFileSync(file, FORBIDDEN);
    const trouble = await compile(sdk, [...filesOf(sdk, ["Core"]), file]);
    return trouble?.includes("cannot find type 'Bridge'") === true
      ? undefined
      : `Core may use Bridge: ${trouble ?? "it compiles"}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function compile(sdk: Sdk, files: readonly string[]): Promise<string | undefined> {
  // The whole module at once: one compiler, and not one for each file.
  const options = ["-typecheck", "-wmo", "-swift-version", "6", "-module-name", "Crossroom"];
  return runStep(beside("swift", "swiftc", ...options, ...files), sdk.folder);
}

function filesOf(sdk: Sdk, folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(sources(sdk), folder)).map((name) => join(sources(sdk), folder, name)),
  );
}

function sources(sdk: Sdk): string {
  return join(sdk.folder, "Sources", "Crossroom");
}
