/**
 * The command line and the environment, as a checked value. Pure: it reads nothing else, and a wrong value is a result
 * that says what to do, not an exception.
 */
import { Command, CommanderError, Option } from "commander";

export const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Config {
  /** 0: any free one. */
  port: number;
  host: string;
  /** PEM files; without them the server speaks http and ws. */
  tls?: { cert: string; key: string };
  /** Browsers' origins that may connect; undefined: any. */
  allowedOrigins?: string[];
  logLevel: LogLevel;
  /** Whether to serve the demo page and its inspector. */
  demo: boolean;
}

/** Run the server; or print this and end: help or the version (exit code 0), or what is wrong (2). */
export type ParsedConfig =
  { type: "run"; config: Config } | { type: "exit"; exitCode: 0 | 2; output: string };

/** A value that cannot be used; the message says where it came from and what to do. */
class ConfigError extends Error {}

/** One setting: its flag, its variable, and what makes a value of its text. */
interface Setting<T> {
  flag: string;
  env: string;
  /** Throws a ConfigError. `name` is what the user wrote it under. */
  parse(text: string, name: string): T;
}

/** Where a setting's value is, as commander names its options. */
type Flags = Partial<Record<"port" | "host" | "cert" | "key" | "allowedOrigins" | "logLevel", string>> & {
  demo: boolean;
};

const text = (value: string): string => value;

const SETTINGS = {
  port: { flag: "--port", env: "PORT", parse: parsePort },
  host: { flag: "--host", env: "HOST", parse: text },
  cert: { flag: "--cert", env: "TLS_CERT", parse: text },
  key: { flag: "--key", env: "TLS_KEY", parse: text },
  allowedOrigins: { flag: "--allowed-origins", env: "ALLOWED_ORIGINS", parse: parseOrigins },
  logLevel: { flag: "--log-level", env: "LOG_LEVEL", parse: parseLogLevel },
  demo: { flag: "--no-demo", env: "DEMO", parse: parseSwitch },
} as const satisfies Record<string, Setting<unknown>>;

/** @param argv Without the node and script of `process.argv`. */
export function parseConfig(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  version: string,
): ParsedConfig {
  let output = "";
  const command = describeCommand(version).configureOutput({
    writeOut: (part) => (output += part),
    writeErr: (part) => (output += part),
  });
  try {
    command.parse(argv, { from: "user" });
    return { type: "run", config: readConfig(command.opts<Flags>(), env) };
  } catch (error) {
    if (error instanceof CommanderError)
      return { type: "exit", exitCode: error.exitCode === 0 ? 0 : 2, output };
    if (error instanceof ConfigError)
      return { type: "exit", exitCode: 2, output: `error: ${error.message}\n` };
    throw error;
  }
}

function readConfig(flags: Flags, env: Readonly<Record<string, string | undefined>>): Config {
  /** A flag goes before its variable; an empty variable counts as not set, as shells and compose files write it. */
  function read<T>(setting: Setting<T>, flag: string | undefined): T | undefined {
    if (flag !== undefined) return setting.parse(flag, setting.flag);
    const value = env[setting.env] ?? "";
    return value === "" ? undefined : setting.parse(value, setting.env);
  }
  const cert = read(SETTINGS.cert, flags.cert);
  const key = read(SETTINGS.key, flags.key);
  if ((cert === undefined) !== (key === undefined)) {
    const [given, missing] = cert === undefined ? ["key", "certificate"] : ["certificate", "key"];
    const how = cert === undefined ? "--cert FILE (or TLS_CERT)" : "--key FILE (or TLS_KEY)";
    throw new ConfigError(`there is a TLS ${given} but no ${missing}; give ${how} as well, or neither`);
  }
  const allowedOrigins = read(SETTINGS.allowedOrigins, flags.allowedOrigins);
  return {
    port: read(SETTINGS.port, flags.port) ?? 3000,
    host: read(SETTINGS.host, flags.host) ?? "127.0.0.1",
    ...(cert === undefined || key === undefined ? {} : { tls: { cert, key } }),
    ...(allowedOrigins === undefined ? {} : { allowedOrigins }),
    logLevel: read(SETTINGS.logLevel, flags.logLevel) ?? "info",
    demo: flags.demo && (read(SETTINGS.demo, undefined) ?? true),
  };
}

function describeCommand(version: string): Command {
  const option = (flags: string, description: string): Option => new Option(flags, description);
  return new Command("crossroom")
    .description("A Socket.IO rooms server whose rooms are open to any plain WebSocket client.")
    .addOption(
      option("-p, --port <port>", "port to listen on; 0 for any free one (env: PORT, default: 3000)"),
    )
    .addOption(
      option(
        "-H, --host <address>",
        "address to listen on; 0.0.0.0 or :: for all, as a phone on your network\n" +
          "or a container needs it (env: HOST, default: 127.0.0.1)",
      ),
    )
    .addOption(
      option("--cert <file>", "TLS certificate chain, PEM; with --key: https and wss (env: TLS_CERT)"),
    )
    .addOption(option("--key <file>", "TLS private key, PEM (env: TLS_KEY)"))
    .addOption(
      option(
        "--allowed-origins <list>",
        "origins that browsers may connect from, with commas between; the\n" +
          "server's own too if you use its demo (env: ALLOWED_ORIGINS, default: any)",
      ),
    )
    .addOption(option("--log-level <level>", `${LOG_LEVELS.join(", ")}\n(env: LOG_LEVEL, default: info)`))
    .addOption(option("--no-demo", "do not serve the demo page and its inspector (env: DEMO=false)"))
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .addHelpText(
      "after",
      "\nLogs are JSON lines on standard error. SIGINT or SIGTERM ends the server in good order.",
    )
    .showHelpAfterError("(crossroom --help lists the options)")
    .allowExcessArguments(false)
    .exitOverride();
}

function parsePort(value: string, name: string): number {
  const port = Number(value);
  if (!/^\d+$/.test(value) || port > 65_535) {
    throw new ConfigError(`${name}: ${quote(value)} is not a port; give a number from 0 to 65535`);
  }
  return port;
}

function parseOrigins(value: string, name: string): string[] | undefined {
  const origins = value.split(",").map((origin) => origin.trim());
  if (origins.length === 1 && origins[0] === "*") return undefined;
  for (const origin of origins) {
    if (!isOrigin(origin)) {
      throw new ConfigError(
        `${name}: ${quote(origin)} is not an origin; give some like https://app.example.com`,
      );
    }
  }
  return origins;
}

/** As browsers send it in the `Origin` header: nothing after the host and port. */
function isOrigin(value: string): boolean {
  return URL.canParse(value) && new URL(value).origin === value;
}

function parseLogLevel(value: string, name: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === value);
  if (level === undefined) {
    throw new ConfigError(
      `${name}: ${quote(value)} is not a log level; give one of ${LOG_LEVELS.join(", ")}`,
    );
  }
  return level;
}

function parseSwitch(value: string, name: string): boolean {
  if (value === "true" || value === "1") return true;
  if (value === "false" || value === "0") return false;
  throw new ConfigError(`${name}: ${quote(value)} is neither true nor false`);
}

function quote(value: string): string {
  return JSON.stringify(value);
}
