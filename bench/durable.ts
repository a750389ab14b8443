/** `npm run bench:durable`: what it costs that a message is on disk before it is acked, and to get it back. */
import { Command, Option } from "commander";
import { temporaryFolder } from "./shared/folder.js";
import { tables } from "./durable/report.js";
import { run } from "./durable/run.js";
import { PARTS, type Settings } from "./durable/settings.js";
import { namesOf, natural, positive, positives } from "./shared/arguments.js";

interface Options extends Settings {
  json: boolean;
}

/** Standard output is for the results alone. */
const say = (line: string) => console.error(line);

const { json, ...settings } = new Command("bench:durable")
  .description("Measures the store on disk beside the store in memory, in one run.")
  .option("--json", "print one JSON object instead of tables", false)
  .addOption(
    new Option("--parts <names>", "what to measure, separated by commas")
      .default([...PARTS], "all")
      .argParser(namesOf(PARTS)),
  )
  .option("--rounds <number>", "times that each cell is measured; the median counts", positive, 5)
  .option("--milliseconds <number>", "of one measurement of publishes or appends", positive, 800)
  .option("--publishers <numbers>", "publishers at a time, separated by commas", positives, [1, 16, 256])
  .option("--missed <number>", "messages that one client has missed in one room", natural, 1000)
  .option("--clients <number>", "clients that come back at the same time", positive, 100)
  .option("--rooms <number>", "rooms of each of them", positive, 100)
  .option("--missed-each <number>", "messages missed in each of these rooms", natural, 5)
  .option("--sizes <numbers>", "messages in the growing log", positives, [1_000, 10_000, 100_000, 1_000_000])
  .option("--folder <path>", "a folder on the disk that is to be measured", ".cache")
  .parse()
  .opts<Options>();

try {
  const results = await run({ ...settings, folder: temporaryFolder(settings.folder, "bench-durable-") }, say);
  console.log(json ? JSON.stringify(results, rounded) : tables(results));
} catch (error) {
  say(`The benchmark failed. ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

/** Five significant digits: more would be noise. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(5)) : value;
}
