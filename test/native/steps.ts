/** Runs commands of builds and tests of the native SDKs. */
import { spawnSync } from "node:child_process";
import type { Step } from "./sdks.js";

/** Milliseconds that one command may take: a first build has everything to fetch. */
const TIMEOUT = 15 * 60_000;

/** Lines of a failed command's output that are worth showing. */
const LINES = 40;

/** Bytes of output that are kept. */
const OUTPUT = 64 * 2 ** 20;

/**
 * Runs it in a folder; undefined if it succeeded, or else what it was and the end of what it said. `outputs` gets all that it
 * said.
 */
export function runStep({ program, args }: Step, folder: string, outputs: string[] = []): string | undefined {
  const { status, signal, stdout, stderr, error } = spawnSync(program, args, {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    timeout: TIMEOUT,
    maxBuffer: OUTPUT,
  });
  outputs.push(`${stdout}\n${stderr}`);
  if (status === 0) return undefined;
  const said = `${stdout}\n${stderr}`.trim().split("\n").slice(-LINES).join("\n");
  return `${[program, ...args].join(" ")} ended with ${error?.message ?? signal ?? status ?? "nothing"}\n${said}`;
}
