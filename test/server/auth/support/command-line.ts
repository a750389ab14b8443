/** The command line, run in this process up to where the server would start. */
import { runProgram } from "../../../../server/cli/program.js";
import type { Config } from "../../../../server/config/config.js";

export interface Ran {
  /** What the server would have been started with. */
  config?: Config;
  code: number | undefined;
  stdout: string;
  stderr: string;
}

/** @param readText What the program reads files with. Default: there are none. */
export async function runHere(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
  readText: (path: string) => string = missing,
): Promise<Ran> {
  const ran: Ran = { code: undefined, stdout: "", stderr: "" };
  ran.code = await runProgram(argv, {
    env,
    version: "1.2.3",
    readText,
    print: (text) => void (ran.stdout += text),
    printError: (text) => void (ran.stderr += text),
    start(config) {
      ran.config = config;
      return Promise.resolve();
    },
    check: () => Promise.resolve(),
    now: Date.now,
  });
  return ran;
}

/** The configuration that arguments make. Throws what the program says where it would not start. */
export async function configOf(...args: Parameters<typeof runHere>): Promise<Config> {
  const { config, stderr } = await runHere(...args);
  if (config === undefined) throw new Error(stderr);
  return config;
}

function missing(path: string): never {
  throw new Error(`ENOENT: no such file, open '${path}'`);
}
