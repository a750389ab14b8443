/** Makes the machine ready for the tests: finds the tools that they need, and installs what is missing where it may. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { type Tool, TOOLS, type ToolName, toolPath } from "../support/machine.js";

/** Milliseconds that one run of apt-get may take. */
const APT_TIMEOUT = 5 * 60_000;

/** Finds every tool, and installs with apt-get what is missing. Says one line for each that stays missing. */
export function makeReady(say: (line: string) => void): void {
  const wanted = missingTools();
  if (wanted.length === 0) return;
  // Where somebody has said which program to use, installing another one would not help.
  const absent = wanted.filter((name) => (process.env[TOOLS[name].variable] ?? "") === "");
  const trouble = absent.length > 0 && mayInstall() ? install(absent, say) : undefined;
  for (const name of missingTools()) say(leftOut(TOOLS[name], process.env[TOOLS[name].variable], trouble));
}

/** The line that says what is left out for want of a tool, and how to get it. */
export function leftOut(tool: Tool, variable: string | undefined, trouble: string | undefined): string {
  const why =
    variable !== undefined && variable !== ""
      ? `${tool.variable}=${variable} is no program`
      : `${tool.title} is missing`;
  const how = `install it (Debian: apt-get install ${tool.debianPackage}) or set ${tool.variable}`;
  return `Left out: ${tool.neededBy}. ${why}: ${how}.${trouble === undefined ? "" : ` ${trouble}`}`;
}

function missingTools(): ToolName[] {
  return (Object.keys(TOOLS) as ToolName[]).filter((name) => toolPath(name) === undefined);
}

/** Only where nobody's password is asked for and apt-get is the machine's own installer. */
function mayInstall(): boolean {
  return existsSync("/etc/debian_version") && process.getuid?.() === 0;
}

/** Returns what went wrong in one sentence, or undefined. */
function install(names: readonly ToolName[], say: (line: string) => void): string | undefined {
  const packages = names.map((name) => TOOLS[name].debianPackage);
  say(`Installing ${packages.join(", ")} with apt-get, for the tests.`);
  return aptGet("update") ?? aptGet("install", "--yes", "--no-install-recommends", ...packages);
}

function aptGet(...args: string[]): string | undefined {
  const { status, stderr, error } = spawnSync("apt-get", args, {
    // RUNLEVEL=1 keeps Debian from starting the Redis service: the tests start their own.
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
    timeout: APT_TIMEOUT,
  });
  if (status === 0) return undefined;
  const lastWord = stderr.trim().split("\n").at(-1);
  const reason =
    error?.message ?? (lastWord === undefined || lastWord === "" ? `status ${status ?? "none"}` : lastWord);
  return `apt-get ${args[0] ?? ""} failed: ${reason}`;
}
