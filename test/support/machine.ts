/**
 * What the machine has that some tests need: a browser, a Redis server, toolchains. Tests ask here; `test/setup/` installs what is
 * missing where it can, before the tests start. Only looks: it never installs, and finds everything anew when asked.
 */
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";

/** A program that some tests cannot do without. */
export interface Tool {
  /** How a person calls it. */
  readonly title: string;
  /** Environment variable that may name the program's path; it goes before any search. */
  readonly variable: string;
  /** Names to look for on the PATH, or absolute paths, best first. */
  readonly programs: readonly string[];
  /** Debian's package of it. */
  readonly debianPackage: string;
  /** Packages that it calls, and that its own does not bring. */
  readonly alsoInstalled?: readonly string[];
  /** Whether bookworm has it not, or too old a one: it is installed in a trixie root then (scripts/in-trixie). */
  readonly fromTrixie?: boolean;
  /** What cannot run without it. */
  readonly neededBy: string;
}

export const TOOLS = {
  chromium: {
    title: "Chromium",
    variable: "CHROMIUM_PATH",
    programs: [
      "chromium",
      "chromium-browser",
      "google-chrome",
      "google-chrome-stable",
      "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    ],
    debianPackage: "chromium",
    neededBy: "the tests in a browser",
  },
  redis: {
    title: "redis-server",
    variable: "REDIS_SERVER_PATH",
    programs: ["redis-server"],
    debianPackage: "redis-server",
    neededBy: "the tests with several nodes",
  },
  nginx: {
    title: "nginx",
    variable: "NGINX_PATH",
    // Debian has it where only root's PATH leads.
    programs: ["nginx", "/usr/sbin/nginx"],
    debianPackage: "nginx-light",
    neededBy: "the tests through a proxy",
  },
  python: {
    title: "Python 3",
    variable: "PYTHON_PATH",
    programs: ["python3"],
    debianPackage: "python3-venv",
    neededBy: "the tests of the example in Python and of the HTTP API",
  },
  jdk: {
    title: "A JDK",
    variable: "JAVAC_PATH",
    programs: ["javac"],
    debianPackage: "openjdk-17-jdk-headless",
    neededBy: "the Kotlin SDK's tests",
  },
  maven: {
    title: "Maven",
    variable: "MVN_PATH",
    programs: ["mvn"],
    debianPackage: "maven",
    neededBy: "the Kotlin SDK's tests",
  },
  swift: {
    title: "Swift",
    variable: "SWIFT_PATH",
    programs: ["swift"],
    debianPackage: "swiftlang",
    // SwiftPM fetches by it.
    alsoInstalled: ["git"],
    fromTrixie: true,
    neededBy: "the Swift SDK's tests",
  },
  cargo: {
    title: "Rust",
    variable: "CARGO_PATH",
    programs: ["cargo", join(homedir(), ".cargo", "bin", "cargo")],
    debianPackage: "cargo",
    // Its `cargo clippy` and `cargo fmt`.
    alsoInstalled: ["rust-clippy", "rustfmt"],
    fromTrixie: true,
    neededBy: "the Rust SDK's tests",
  },
  curl: {
    title: "curl",
    variable: "CURL_PATH",
    programs: ["curl"],
    debianPackage: "curl",
    neededBy: "the tests of docs/http-bridge.md and docs/http-api.md",
  },
  go: {
    title: "Go",
    variable: "GO_PATH",
    programs: ["go", "/usr/local/go/bin/go"],
    debianPackage: "golang-go",
    neededBy: "the test of the program in Go in docs/http-api.md",
  },
  prometheus: {
    title: "Prometheus",
    variable: "PROMETHEUS_PATH",
    programs: ["prometheus"],
    debianPackage: "prometheus",
    neededBy: "the test of the dashboard",
  },
  promtool: {
    title: "promtool",
    variable: "PROMTOOL_PATH",
    programs: ["promtool"],
    debianPackage: "prometheus",
    neededBy: "the check of the metrics",
  },
  shellcheck: {
    title: "ShellCheck",
    variable: "SHELLCHECK_PATH",
    programs: ["shellcheck"],
    debianPackage: "shellcheck",
    neededBy: "the check of the shell scripts",
  },
} as const satisfies Record<string, Tool>;

export type ToolName = keyof typeof TOOLS;

export type Environment = Readonly<Record<string, string | undefined>>;

/** Debian's packages that must be there for it. */
export function packagesOf({ debianPackage, alsoInstalled = [] }: Tool): string[] {
  return [debianPackage, ...alsoInstalled];
}

/** The path of Chromium or Chrome, or undefined where there is none. Run as root it wants `--no-sandbox`. */
export function chromiumPath(): string | undefined {
  return toolPath("chromium");
}

/** The path of a Redis server's program, or undefined where there is none. */
export function redisServerPath(): string | undefined {
  return toolPath("redis");
}

/** The path of a tool's program, or undefined. A path in the tool's variable that is no program counts as missing. */
export function toolPath(name: ToolName, env: Environment = process.env): string | undefined {
  const tool: Tool = TOOLS[name];
  const named = env[tool.variable];
  if (named !== undefined && named !== "") return isProgram(named) ? named : undefined;
  const folders = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return tool.programs
    .flatMap((program) =>
      program.startsWith("/") ? [program] : folders.map((folder) => join(folder, program)),
    )
    .find(isProgram);
}

/** A program, and what comes before its own arguments. */
export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
}

/** How to start a tool: on the machine itself or else in the trixie root; undefined where it is in neither. */
export function launch(name: ToolName, env: Environment = process.env): Launch | undefined {
  const path = toolPath(name, env);
  if (path !== undefined) return { program: path, args: [] };
  const tool: Tool = TOOLS[name];
  const isNamed = (env[tool.variable] ?? "") !== "";
  if (isNamed || tool.fromTrixie !== true) return undefined;
  return packagesOf(tool).every((name) => existsSync(join(trixieRoot(env), `.has-${name}`)))
    ? { program: IN_TRIXIE, args: [tool.programs[0] ?? name] }
    : undefined;
}

/** Runs a command in the trixie root, or installs packages there. */
export const IN_TRIXIE = resolve(import.meta.dirname, "..", "..", "..", "scripts", "in-trixie");

/** The same as in scripts/in-trixie. */
function trixieRoot(env: Environment): string {
  const caches = env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return env["CROSSROOM_TRIXIE"] ?? join(caches, "crossroom", "trixie");
}

/** Titles of those that the machine has not. */
export function missingTools(names: readonly ToolName[]): string[] {
  return names.filter((name) => launch(name) === undefined).map((name) => TOOLS[name].title);
}

/** Whether a test that is left out is a failure: with `CI=true` or `REQUIRE_ALL=1`. */
export function everythingRequired(env: Environment = process.env): boolean {
  return env["CI"] === "true" || env["REQUIRE_ALL"] === "1";
}

/**
 * A `describe` for tests that need tools. `body` gets the programs' paths, in the order of `names`. Where one is missing
 * the suite is skipped and its title says why; where everything is required it fails instead.
 */
export function describeWith<const Names extends readonly ToolName[]>(
  names: Names,
  title: string,
  body: (this: Mocha.Suite, paths: { [Index in keyof Names]: string }) => void,
): void {
  const missing = names.filter((name) => toolPath(name) === undefined).map((name) => TOOLS[name].title);
  if (missing.length === 0) {
    const paths = names.map((name) => toolPath(name)) as { [Index in keyof Names]: string };
    describe(title, function () {
      body.call(this, paths);
    });
    return;
  }
  describeLeftOut(title, `needs ${missing.join(" and ")}, missing on this machine`);
}

/** In the place of a suite that cannot run: it is skipped, and says why; where everything is required it fails instead. */
export function describeLeftOut(title: string, reason: string): void {
  describe(title, () => {
    if (!everythingRequired()) return it.skip(reason);
    return it(reason, () => {
      throw new Error(`${title}: ${reason}, and with CI=true or REQUIRE_ALL=1 nothing may be left out`);
    });
  });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // absent or not executable: not a program, which is all that is asked
  }
}
