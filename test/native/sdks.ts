/** The native SDKs: what each needs, how it is built and tested, and how its agent is started. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "../conformance/agent.js";
import type { Counts } from "../setup/counts.js";
import { launch, type ToolName } from "../support/machine.js";
import { fromCargo, fromSurefire, fromSwift } from "./reports.js";

/** The project's folder: compiled tests are in dist/test/. */
export const PROJECT = resolve(import.meta.dirname, "..", "..", "..");

/** One command of a build or a test, in the SDK's folder. */
export interface Step {
  readonly program: string;
  readonly args: readonly string[];
}

export interface Sdk {
  readonly name: "kotlin" | "swift" | "rust";
  readonly title: string;
  readonly needs: readonly ToolName[];
  readonly folder: string;
  /** Builds the library and its agent. */
  readonly build: readonly Step[];
  /** Runs its own tests, once it is built. */
  readonly test: readonly Step[];
  /** From what the tests said. */
  counts(output: string): Counts;
  agent(): Command;
}

const folderOf = (name: Sdk["name"]): string => join(PROJECT, "clients", name);

/** A tool with arguments; what the machine has not is found out before. */
function step(tool: ToolName, ...args: string[]): Step {
  const { program, args: first } = launch(tool) ?? { program: tool, args: [] };
  return { program, args: [...first, ...args] };
}

/** A program that was built with a tool: it runs where the tool does. */
function built(tool: ToolName, path: string): Command {
  const { program, args } = launch(tool) ?? { program: path, args: [] };
  return args.length === 0 ? { program: path, args: [] } : { program, args: [path] };
}

const kotlin: Sdk = {
  name: "kotlin",
  title: "Kotlin",
  needs: ["jdk", "maven"],
  folder: folderOf("kotlin"),
  get build() {
    return [step("maven", "--batch-mode", "--quiet", "install", "-DskipTests")];
  },
  get test() {
    return [step("maven", "--batch-mode", "--quiet", "verify")];
  },
  counts: () => fromSurefire(surefireReports(folderOf("kotlin"))),
  // A small heap, so that a leak shows.
  agent: () => ({
    program: "java",
    args: ["-Xmx96m", "-jar", join(folderOf("kotlin"), "agent", "target", "agent.jar")],
  }),
};

const swift: Sdk = {
  name: "swift",
  title: "Swift",
  needs: ["swift"],
  folder: folderOf("swift"),
  get build() {
    return [step("swift", "build")];
  },
  get test() {
    return [step("swift", "test")];
  },
  counts: fromSwift,
  agent: () => built("swift", join(folderOf("swift"), ".build", "debug", "agent")),
};

const rust: Sdk = {
  name: "rust",
  title: "Rust",
  needs: ["cargo"],
  folder: folderOf("rust"),
  get build() {
    return [step("cargo", "build", "--workspace", "--locked")];
  },
  get test() {
    return [step("cargo", "test", "--workspace", "--locked")];
  },
  counts: fromCargo,
  agent: () => built("cargo", join(folderOf("rust"), "target", "debug", "agent")),
};

export const SDKS: readonly Sdk[] = [kotlin, swift, rust];

function surefireReports(folder: string): string[] {
  const modules = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return modules
    .map(({ name }) => join(folder, name, "target", "surefire-reports"))
    .filter((reports) => existsSync(reports))
    .flatMap((reports) =>
      readdirSync(reports)
        .filter((name) => name.endsWith(".xml"))
        .map((name) => readFileSync(join(reports, name), "utf8")),
    );
}
