/** `npm run bench:inbound`: what a publish, a client that comes in, and a storm of them cost, beside what Crossroom stands beside. */
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { findCentrifugo } from "./inbound/centrifugo.js";
import { tables } from "./inbound/report.js";
import { run } from "./inbound/run.js";
import { PARTS, type Settings } from "./inbound/settings.js";
import { SERVERS } from "./inbound/subjects.js";
import { namesOf, positive } from "./shared/arguments.js";
import { temporaryFolder } from "./shared/folder.js";
import { maxConnections } from "./shared/open-files.js";

interface Options extends Omit<Settings, "centrifugo" | "checkouts"> {
  json: boolean;
  vs?: string;
}

/** Where this checkout is, from dist/bench/. */
const HERE = resolve(import.meta.dirname, "..", "..");

/** Standard output is for the results alone. */
const say = (line: string) => console.error(line);

const { json, ...options } = new Command("bench:inbound")
  .description(
    "Measures what comes in: a publish, a client that joins, a storm of clients, server beside server.",
  )
  .option("--json", "print one JSON object instead of tables", false)
  .addOption(
    new Option("--servers <names>", "the servers to measure, separated by commas")
      .default(SERVERS, "all")
      .argParser(namesOf(SERVERS)),
  )
  .addOption(
    new Option("--only <parts>", "what to measure, separated by commas")
      .default([...PARTS], "all")
      .argParser(namesOf(PARTS)),
  )
  .option("--vs <folder>", "another checkout, after `npm ci`, whose Crossroom is measured too", checkout)
  .option("--rounds <number>", "times that each server is measured; the median counts", positive, 5)
  .option("--publishers <number>", "clients that publish, each alone in its room", positive, 256)
  .option("--publishes <number>", "publishes of one measurement", positive, 25_600)
  .option("--joins <number>", "clients that come in in one measurement", positive, 2_000)
  .option("--absentees <number>", "clients that come back at the same time", positive, 1_000)
  .option("--clients <number>", "clients of a storm", positive, 10_000)
  .option("--few-clients <number>", "clients of the small storm that it is held against", positive, 1_000)
  .option("--storms <number>", "storms of each kind; the median counts", positive, 1)
  .option("--patience <seconds>", "after which a client of a storm is lost", positive, 240)
  .option("--folder <path>", "a folder on the disk that the durable store is to write to", ".cache")
  .parse()
  .opts<Options>();

try {
  const results = await run(settingsOf(options), say);
  console.log(json ? JSON.stringify(results, rounded) : tables(results));
} catch (error) {
  say(`The benchmark failed. ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

function settingsOf({ vs, folder, ...asked }: Omit<Options, "json">): Settings {
  if (process.platform !== "linux")
    throw new Error("it reads what a process uses from /proc, which Linux has");
  const checkouts = [{ folder: HERE, suffix: "" }];
  if (vs !== undefined) checkouts.push({ folder: vs, suffix: `@${basename(vs)}` });
  const settings: Settings = {
    ...asked,
    checkouts,
    centrifugo: undefined,
    folder: temporaryFolder(folder, "bench-inbound-"),
  };
  if (settings.servers.includes("centrifugo")) {
    try {
      settings.centrifugo = findCentrifugo(say);
    } catch (error) {
      say(`centrifugo is left out: ${error instanceof Error ? error.message : String(error)}`);
      settings.servers = settings.servers.filter((name) => name !== "centrifugo");
    }
  }
  // A server has all of them in one process.
  const most = maxConnections();
  if (settings.only.includes("storm") && settings.clients > most) {
    say(`this machine allows ${most} clients for one process, not ${settings.clients} (see ulimit -n)`);
    settings.clients = most;
  }
  return settings;
}

function checkout(path: string): string {
  const folder = resolve(path);
  if (existsSync(join(folder, "dist", "server", "index.js"))) return folder;
  throw new InvalidArgumentError("there is no dist/server/index.js in it: run `npm ci` there");
}

/** Five significant digits: more would be noise. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(5)) : value;
}
