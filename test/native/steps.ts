/** Runs commands of builds and tests of the native SDKs. */
import { spawn } from "node:child_process";
import { setPriority } from "node:os";
import type { Step } from "./sdks.js";

/** Milliseconds that one command may take: a first build has everything to fetch. */
const TIMEOUT = 15 * 60_000;

/** Lines of a failed command's output that are worth showing. */
const LINES = 40;

/** Compilers take what they can get; whoever waits for an event on the same machine goes first, tests among them. */
const BACKGROUND = 10;

/** Runs one after the other in a folder, up to the first that fails. */
export async function runAll(steps: readonly Step[], folder: string): Promise<string | undefined> {
  for (const step of steps) {
    const trouble = await runStep(step, folder);
    if (trouble !== undefined) return trouble;
  }
  return undefined;
}

/**
 * Runs it in a folder, behind others; undefined if it succeeded, or else what it was and the end of what it said. `outputs` gets all that it
 * said.
 */
export function runStep(step: Step, folder: string, outputs: string[] = []): Promise<string | undefined> {
  return run(step, folder, outputs, (pid) => setPriority(pid, BACKGROUND));
}

/** Runs a command of tests in a folder, before compilers: what tests wait for has deadlines. It gives what `runStep` gives. */
export function runTests(step: Step, folder: string, outputs: string[]): Promise<string | undefined> {
  return run(step, folder, outputs, () => undefined);
}

function run(
  { program, args, env }: Step,
  folder: string,
  outputs: string[],
  begin: (pid: number) => void,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      // Not `timeout`: its timer is left when there is no such program.
      signal: AbortSignal.timeout(TIMEOUT),
    });
    if (child.pid !== undefined) begin(child.pid);
    let said = "";
    const failed = (why: string): string => {
      const end = said.trim().split("\n").slice(-LINES).join("\n");
      return `${[program, ...args].join(" ")} ended with ${why}\n${end}`;
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => (said += text));
    }
    child.on("error", ({ message }) => resolve(failed(message)));
    child.on("close", (status, signal) => {
      outputs.push(said);
      resolve(status === 0 ? undefined : failed(String(signal ?? status ?? "nothing")));
    });
  });
}
