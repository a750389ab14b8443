/** What commands use of the process: passed in, so that they run anywhere. */
import type { Config } from "../config/config.js";
import type { Environment, ReadText } from "../config/read.js";

export interface ProcessContext {
  env: Environment;
  version: string;
  readText: ReadText;
  /** To standard output. */
  print: (text: string) => void;
  /** To standard error. */
  printError: (text: string) => void;
  /** Runs the server; resolves when it listens. */
  start: (config: Config) => Promise<void>;
  /** Reads what the configuration names, as `start` does first. Throws a ConfigError. */
  check: (config: Config) => Promise<void>;
  /** Milliseconds since the Unix epoch. */
  now: () => number;
}
