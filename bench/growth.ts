/** `npm run bench:growth`: what grows with connections, logs, ids, members and time, held against bars. */
import { Command, Option } from "commander";
import { barsOf } from "./growth/bars.js";
import { tables } from "./growth/report.js";
import { run } from "./growth/run.js";
import { PARTS, type Settings } from "./growth/settings.js";
import { amount, namesOf, positive } from "./shared/arguments.js";
import { temporaryFolder } from "./shared/folder.js";
import { maxConnections } from "./shared/open-files.js";

interface Options extends Settings {
  json: boolean;
}

/** Standard output is for the results alone. */
const say = (line: string) => console.error(line);

const { json, ...options } = new Command("bench:growth")
  .description("Measures what grows, and says whether it is within its bars.")
  .option("--json", "print one JSON object instead of tables", false)
  .addOption(
    new Option("--only <parts>", "what to measure, separated by commas")
      .default([...PARTS], "all")
      .argParser(namesOf(PARTS)),
  )
  .option("--rounds <number>", "times that each cost is measured; the median counts", positive, 5)
  .option("--connections <number>", "idle connections", positive, 19_500)
  .option("--few-connections <number>", "the fewer that they are held against", positive, 5_000)
  .option("--idle-logs <number>", "logs that nobody uses", positive, 100_000)
  .option("--upkeep-seconds <number>", "for which a server with them is watched, twice", amount, 180)
  .option("--ids <number>", "ids that are within their window at a time", positive, 100_000)
  .option("--members <number>", "members of a room of which half are cut off", positive, 5_000)
  .option("--grace <milliseconds>", "that who is cut off counts as there", positive, 2_000)
  .option("--items <number>", "items of one user's inbox", positive, 10_000)
  .option("--publishes <number>", "publishes of one measurement", positive, 12_800)
  .option("--entries <number>", "entries of a long log", positive, 1_000_000)
  .option("--few-entries <number>", "entries of the short log that it is held against", positive, 1_000)
  .option("--heads <number>", "logs of a large store", positive, 30_000)
  .option("--few-heads <number>", "logs of the small store that it is held against", positive, 10_000)
  .option("--minutes <number>", "of mixed load", amount, 15)
  .option("--folder <path>", "a folder on the disk that the durable store is to write to", ".cache")
  .parse()
  .opts<Options>();

try {
  const results = await run(settingsOf(options), say);
  const bars = barsOf(results);
  console.log(json ? JSON.stringify({ ...results, bars }, rounded) : tables(results, bars));
} catch (error) {
  say(`The benchmark failed. ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

function settingsOf(asked: Settings): Settings {
  if (process.platform !== "linux") throw new Error("it counts open descriptors in /proc, which Linux has");
  const settings = { ...asked, folder: temporaryFolder(asked.folder, "bench-growth-") };
  // A server has all of them in one process.
  const most = maxConnections();
  if (settings.only.includes("idle") && settings.connections > most) {
    say(`this machine allows ${most} clients for one process, not ${settings.connections} (see ulimit -n)`);
    settings.connections = most;
  }
  return settings;
}

/** Five significant digits: more would be noise. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(5)) : value;
}
