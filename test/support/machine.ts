/**
 * What the machine has that some tests need: a browser, a Redis server. Tests ask here; `test/setup/` installs what is
 * missing where it can, before the tests start. Only looks: it never installs, and finds everything anew when asked.
 */
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

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
} as const satisfies Record<string, Tool>;

export type ToolName = keyof typeof TOOLS;

export type Environment = Readonly<Record<string, string | undefined>>;

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
  describe(title, () => {
    const reason = `needs ${missing.join(" and ")}, missing on this machine`;
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
