/** `npm run compare`: everything from polling to WebRTC, and the two ways into a room, measured in one run. */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Command, Option } from "commander";
import { differences } from "./compare/against.js";
import { tables } from "./compare/report.js";
import { run } from "./compare/run.js";
import { page } from "./compare/page/page.js";
import type { Results } from "./compare/results.js";
import { findNginx } from "./compare/find-nginx.js";
import type { Settings } from "./compare/settings.js";
import { FULL, SHORT } from "./compare/sizes.js";
import { PARTS, SUBJECT_NAMES, type Part, type SubjectName } from "./compare/subjects.js";
import { namesOf, positive } from "./shared/arguments.js";
import { temporaryFolder } from "./shared/folder.js";
import { maxConnections } from "./shared/open-files.js";

interface Options {
  json: boolean;
  page?: string;
  from?: string;
  against?: string;
  subjects: SubjectName[];
  only: Part[];
  short: boolean;
  clients: number;
  folder: string;
  loseOne?: SubjectName;
  nginx?: string;
}

/** Standard output is for the results alone. */
const say = (line: string) => console.error(line);

const options = new Command("compare")
  .description("Measures ways to bring messages to clients, side by side, in less than six minutes.")
  .option("--json", "print one JSON object instead of tables", false)
  .option("--page <file>", "write a page with plots, and the results as JSON beside it")
  .option("--from <file>", "take the results of an earlier run (JSON), and measure nothing")
  .option(
    "--against <file>",
    "say what differs from an earlier run (JSON) by more than runs do, and fail if anything does",
  )
  .addOption(
    new Option("--subjects <names>", "the ways to measure, separated by commas")
      .default([...SUBJECT_NAMES], "all")
      .argParser(namesOf(SUBJECT_NAMES)),
  )
  .addOption(
    new Option("--only <parts>", "what to measure, separated by commas")
      .default([...PARTS], "all")
      .argParser(namesOf(PARTS)),
  )
  .option("--short", "a few of each, to see that it works: the figures mean little", false)
  .option("--clients <number>", "idle clients of each way", positive, 1_000)
  .addOption(
    new Option("--lose-one <way>", "have the network lose a message, to see the run fail").argParser(
      (text) => namesOf(SUBJECT_NAMES)(text)[0],
    ),
  )
  .option("--nginx <path>", "nginx's program, where it is not on the PATH")
  .option("--folder <path>", "a folder on the disk that the rooms server is to write to", ".cache")
  .parse()
  .opts<Options>();

try {
  const results = options.from === undefined ? await measured() : read(options.from);
  console.log(options.json ? json(results) : tables(results));
  if (options.page !== undefined) writePage(options.page, results);
  if (options.against !== undefined) compareWith(options.against, results);
} catch (error) {
  say(`The comparison failed. ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

/** As it is written: a page that is made of the JSON later is the same. */
async function measured(): Promise<Results> {
  return JSON.parse(json(await run(settingsOf(options), say))) as Results;
}

function read(file: string): Results {
  return JSON.parse(readFileSync(file, "utf8")) as Results;
}

/** @param file Ends in .html. */
function writePage(file: string, results: Results): void {
  writeFileSync(file, page(results));
  writeFileSync(file.replace(/(\.html)?$/, ".json"), `${JSON.stringify(results, undefined, 2)}\n`);
  const style = join(import.meta.dirname, "..", "..", "docs", "compare.css");
  const beside = join(dirname(resolve(file)), "compare.css");
  if (beside !== style) copyFileSync(style, beside);
}

function compareWith(file: string, results: Results): void {
  const lines = differences(results, read(file));
  for (const line of lines) say(line);
  if (lines.length > 0) process.exitCode = 1;
  else say("Nothing differs by more than runs do.");
}

function json(results: Results): string {
  return JSON.stringify(results, rounded);
}

function settingsOf({ subjects, only, short, clients, folder, loseOne, nginx: named }: Options): Settings {
  const nginx = only.includes("proxies") ? findNginx(say, named) : undefined;
  const size = short ? SHORT : FULL;
  // A third more, who come before them.
  const most = Math.floor(maxConnections() / 1.3);
  if (only.includes("idle") && !short && clients > most) {
    say(`this machine allows ${most} idle clients of each way, not ${clients} (see ulimit -n)`);
    clients = most;
  }
  return {
    ...{ subjects, only, nginx, ...size, idleClients: short ? size.idleClients : clients },
    folder: temporaryFolder(folder, "compare-"),
    ...(loseOne === undefined ? {} : { loseOne }),
  };
}

/** Five significant digits: more would be noise. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(5)) : value;
}
