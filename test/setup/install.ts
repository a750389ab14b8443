/** Makes the machine ready for the tests: finds the tools that they need, and installs what is missing where it may. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { IN_TRIXIE, launch, packagesOf, type Tool, TOOLS, type ToolName } from "../support/machine.js";

/** Milliseconds that one run of apt-get, or the making of a root, may take. */
const APT_TIMEOUT = 10 * 60_000;

const ALL = Object.keys(TOOLS) as ToolName[];

/** Finds these tools, and installs what is missing. Says one line for each that stays missing. */
export function makeReady(say: (line: string) => void, names: readonly ToolName[] = ALL): void {
  const wanted = missing(names);
  if (wanted.length === 0) return;
  // Where somebody has said which program to use, installing another one would not help.
  const absent = wanted.filter((name) => (process.env[TOOLS[name].variable] ?? "") === "");
  const trouble = absent.length > 0 && mayInstall() ? install(absent, say) : undefined;
  for (const name of missing(names)) say(leftOut(TOOLS[name], process.env[TOOLS[name].variable], trouble));
}

/** The line that says what is left out for want of a tool, and how to get it. */
export function leftOut(tool: Tool, variable: string | undefined, trouble: string | undefined): string {
  const why =
    variable !== undefined && variable !== ""
      ? `${tool.variable}=${variable} is no program`
      : `${tool.title} is missing`;
  const how = `install it (Debian: apt-get install ${packagesOf(tool).join(" ")}) or set ${tool.variable}`;
  return `Left out: ${tool.neededBy}. ${why}: ${how}.${trouble === undefined ? "" : ` ${trouble}`}`;
}

function missing(names: readonly ToolName[]): ToolName[] {
  return names.filter((name) => launch(name) === undefined);
}

/** Only where nobody's password is asked for and apt-get is the machine's own installer. */
function mayInstall(): boolean {
  return existsSync("/etc/debian_version") && process.getuid?.() === 0;
}

/** Returns what went wrong in one sentence, or undefined. */
function install(names: readonly ToolName[], say: (line: string) => void): string | undefined {
  const tools = names.map((name): Tool => TOOLS[name]);
  const packages = (ofTrixie: boolean): string[] =>
    tools.filter(({ fromTrixie = false }) => fromTrixie === ofTrixie).flatMap(packagesOf);
  const own = packages(false);
  const trixies = packages(true);
  if (trixies.length > 0) own.push("debootstrap");
  say(`Installing ${own.join(", ")} with apt-get, for the tests.`);
  const trouble = aptGet("update") ?? aptGet("install", "--yes", "--no-install-recommends", ...own);
  if (trouble !== undefined || trixies.length === 0) return trouble;
  say(
    `Installing ${trixies.join(", ")} in a root of Debian trixie, for the tests: this takes a minute or two.`,
  );
  return runQuietly(IN_TRIXIE, ["--install", ...trixies], `The trixie root failed`);
}

function aptGet(...args: string[]): string | undefined {
  return runQuietly("apt-get", args, `apt-get ${args[0] ?? ""} failed`);
}

/** Returns what went wrong in one sentence, or undefined. */
function runQuietly(program: string, args: readonly string[], failed: string): string | undefined {
  const { status, stderr, error } = spawnSync(program, args, {
    // RUNLEVEL=1 keeps Debian from starting the services of Redis and Prometheus: the tests start their own.
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
    timeout: APT_TIMEOUT,
  });
  if (status === 0) return undefined;
  const lastWord = stderr.trim().split("\n").at(-1);
  const reason =
    error?.message ?? (lastWord === undefined || lastWord === "" ? `status ${status ?? "none"}` : lastWord);
  return `${failed}: ${reason}`;
}
