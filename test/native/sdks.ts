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
  /** Beside the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A linter or formatter of the SDK's language, as a check: it changes nothing. */
export interface Lint {
  readonly title: string;
  /** Succeeds where the toolchain has it. */
  readonly probe: Step;
  /** Adds it to a toolchain that has it not, where that can be done. */
  readonly install?: Step;
  /** Succeeds where it finds nothing. */
  readonly check: Step;
}

export interface Sdk {
  readonly name: "kotlin" | "swift" | "rust";
  readonly title: string;
  readonly needs: readonly ToolName[];
  readonly folder: string;
  /** What programs that use it are built with. */
  readonly env?: Step["env"];
  /** Builds the library and its agent. */
  readonly build: readonly Step[];
  /** Compiles its own tests, once it is built. */
  readonly compileTests: readonly Step[];
  /** Runs them. */
  readonly test: Step;
  readonly lints: readonly Lint[];
  /** From what the tests said. */
  counts(output: string): Counts;
  agent(): Command;
}

const folderOf = (name: Sdk["name"]): string => join(PROJECT, "clients", name);

/** A tool with arguments; what the machine has not is found out before. */
export function step(tool: ToolName, ...args: string[]): Step {
  const { program, args: first } = launch(tool) ?? { program: tool, args: [] };
  return { program, args: [...first, ...args] };
}

/** Another program than a tool, where the tool runs: one that was built with it, or that it calls itself. */
export function beside(tool: ToolName, program: string, ...args: string[]): Step {
  const launched = launch(tool);
  const isElsewhere = launched !== undefined && launched.args.length > 0;
  return isElsewhere ? { program: launched.program, args: [program, ...args] } : { program, args };
}

const kotlin: Sdk = {
  name: "kotlin",
  title: "Kotlin",
  needs: ["jdk", "maven"],
  folder: folderOf("kotlin"),
  get build() {
    return [step("maven", "--batch-mode", "--quiet", "install", "-DskipTests")];
  },
  // Its build has done so.
  compileTests: [],
  get test() {
    return step("maven", "--batch-mode", "--quiet", "verify");
  },
  get lints() {
    return [
      {
        title: "ktlint",
        // Maven fetches it, as all that it uses.
        probe: step("maven", "--version"),
        check: step("maven", "--batch-mode", "--quiet", "ktlint:check"),
      },
    ];
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
  // Package.swift is at the project's root: SwiftPM looks for it from here on upwards.
  folder: folderOf("swift"),
  get build() {
    return [step("swift", "build")];
  },
  get compileTests() {
    return [step("swift", "build", "--build-tests")];
  },
  get test() {
    return step("swift", "test", "--skip-build");
  },
  get lints() {
    const sources = [join(PROJECT, "Package.swift"), folderOf("swift")];
    return [
      {
        title: "swift format",
        probe: step("swift", "format", "--version"),
        check: step("swift", "format", "lint", "--strict", "--parallel", "--recursive", ...sources),
      },
    ];
  },
  counts: fromSwift,
  agent: () => beside("swift", join(PROJECT, ".build", "debug", "agent")),
};

const rust: Sdk = {
  name: "rust",
  title: "Rust",
  needs: ["cargo"],
  folder: folderOf("rust"),
  // What it depends on has been compiled once.
  env: { CARGO_TARGET_DIR: join(folderOf("rust"), "target") },
  get build() {
    return [step("cargo", "build", "--workspace", "--locked")];
  },
  get compileTests() {
    return [step("cargo", "test", "--workspace", "--locked", "--no-run")];
  },
  get test() {
    return step("cargo", "test", "--workspace", "--locked");
  },
  get lints() {
    const clippy = (...what: string[]) => ({
      title: ["clippy", ...what].join(" "),
      probe: step("cargo", "clippy", "--version"),
      install: beside("cargo", "rustup", "component", "add", "clippy"),
      check: step("cargo", "clippy", ...what, "--all-targets", "--locked", "--", "-D", "warnings"),
    });
    return [
      {
        title: "rustfmt",
        probe: step("cargo", "fmt", "--version"),
        install: beside("cargo", "rustup", "component", "add", "rustfmt"),
        check: step("cargo", "fmt", "--all", "--check"),
      },
      clippy("--workspace"),
      // What is left out without TLS and HTTP, or is there in its place.
      clippy("--no-default-features"),
      {
        title: "rustdoc",
        probe: step("cargo", "--version"),
        check: step("cargo", "doc", "--workspace", "--no-deps", "--locked"),
      },
    ];
  },
  counts: fromCargo,
  agent: () => beside("cargo", join(folderOf("rust"), "target", "debug", "agent")),
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
