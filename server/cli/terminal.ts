/** What the commands that talk use of the process: passed in, so that they run anywhere. */
import type { Readable, Writable } from "node:stream";
import type { Environment } from "../config/read.js";

export interface Terminal {
  readonly env: Environment;
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** For what is wrong; the output may be a pipe to a program. */
  readonly errors: Writable;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

export function terminalOf({ env, stdin, stdout, stderr }: NodeJS.Process): Terminal {
  return { env, input: stdin, output: stdout, errors: stderr, now: Date.now };
}

/** The first of a flag and a variable that is set; an empty variable is as none. */
export function given(flag: string | undefined, variable: string | undefined): string | undefined {
  return flag ?? (variable === "" ? undefined : variable);
}
