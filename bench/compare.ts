/** `npm run compare`: everything from polling to WebRTC, and the two ways into a room, measured in one run. */
import { Command, Option } from "commander";
import { tables } from "./compare/report.js";
import { run } from "./compare/run.js";
import { findNginx } from "./compare/find-nginx.js";
import type { Settings } from "./compare/settings.js";
import { FULL, SHORT } from "./compare/sizes.js";
import { PARTS, SUBJECT_NAMES, type Part, type SubjectName } from "./compare/subjects.js";
import { namesOf, positive } from "./shared/arguments.js";
import { temporaryFolder } from "./shared/folder.js";
import { maxConnections } from "./shared/open-files.js";

interface Options {
  json: boolean;
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
  const results = await run(settingsOf(options), say);
  console.log(options.json ? JSON.stringify(results, rounded) : tables(results));
} catch (error) {
  say(`The comparison failed. ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

function settingsOf({ subjects, only, short, clients, folder, loseOne, nginx: named }: Options): Settings {
  const nginx = only.includes("proxies") ? findNginx(say, named) : undefined;
  const size = short ? SHORT : FULL;
  // One process has the clients of all ways.
  const most = Math.floor(maxConnections() / subjects.length);
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
