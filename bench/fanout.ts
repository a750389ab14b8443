/** `npm run bench:fanout`: what a broadcast and a connection cost, for Crossroom and for what it stands beside. */
import { availableParallelism } from "node:os";
import { Command, InvalidArgumentError, Option } from "commander";
import { findBun } from "./fanout/bun.js";
import { MAX_FRAME_BYTES, MIN_FRAME_BYTES } from "./fanout/message.js";
import { type Results, tables } from "./fanout/report.js";
import { run, type Settings } from "./fanout/run.js";
import { SUBJECTS, type SubjectName } from "./fanout/subjects.js";
import { namesOf, natural, positive, positives } from "./shared/arguments.js";
import { maxConnections } from "./shared/open-files.js";

interface Options extends Omit<Settings, "bun"> {
  json: boolean;
}

const SERVERS = Object.keys(SUBJECTS) as SubjectName[];

/** Standard output is for the results alone. */
const say = (line: string) => console.error(line);

const options = new Command("bench:fanout")
  .description("Measures fan-out, memory per idle connection and accepted connections, server beside server.")
  .option("--json", "print one JSON object instead of tables", false)
  .addOption(
    new Option("--servers <names>", "the servers to measure, separated by commas")
      .default(SERVERS, "all")
      .argParser(namesOf(SERVERS)),
  )
  .option("--receivers <number>", "recipients of each broadcast", positive, 500)
  .option(
    "--broadcasts <number>",
    "broadcasts per server and burst size, in all rounds together",
    natural,
    3000,
  )
  .option("--bursts <sizes>", "broadcasts per event-loop tick, separated by commas", positives, [1, 5, 20])
  .option("--rounds <number>", "times that each server is measured; the median counts", positive, 3)
  .option("--frame-bytes <number>", "bytes of a broadcast's WebSocket frame", frameBytes, 145)
  .option("--connections <number>", "idle connections; 0 leaves them out", natural, 5000)
  .parse()
  .opts<Options>();

try {
  const results = await run(settingsOf(options), say);
  console.log(options.json ? JSON.stringify(rounded(results)) : tables(results));
} catch (error) {
  say(`The benchmark failed. ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

function settingsOf(asked: Options): Settings {
  const settings: Settings = { ...asked, bun: undefined };
  if (settings.servers.includes("uws")) {
    const bun = findBun(say);
    if (typeof bun === "string") {
      say(`uws is left out: ${bun}`);
      settings.servers = settings.servers.filter((name) => name !== "uws");
    } else {
      settings.bun = bun;
      say(`uws: Bun ${bun.version}`);
    }
  }
  // All receivers are in one process.
  const most = maxConnections();
  if (settings.connections > most) {
    say(
      `this machine allows ${most} connections for one process, not ${settings.connections} (see ulimit -n)`,
    );
    settings.connections = most;
  }
  if (settings.receivers * settings.servers.length > most) {
    settings.receivers = Math.floor(most / settings.servers.length);
    say(
      `this machine allows ${settings.receivers} receivers for each server, not ${asked.receivers} (see ulimit -n)`,
    );
  }
  say(`Node.js ${process.versions.node}, ${availableParallelism()} cores`);
  return settings;
}

/** Five significant digits: more would be noise. */
function rounded({ fanout, idle, accept }: Results): Results {
  const round = (value: number) => Number(value.toPrecision(5));
  return {
    fanout: fanout.map((cell) => ({ ...cell, cpuMicros: round(cell.cpuMicros) })),
    idle: idle.map((row) => ({ ...row, kilobytes: round(row.kilobytes) })),
    accept: accept.map((row) => ({ ...row, perCpuSecond: round(row.perCpuSecond) })),
  };
}

function frameBytes(text: string): number {
  const value = natural(text);
  if (value < MIN_FRAME_BYTES || value > MAX_FRAME_BYTES) {
    throw new InvalidArgumentError(`${MIN_FRAME_BYTES} to ${MAX_FRAME_BYTES} are possible`);
  }
  return value;
}
