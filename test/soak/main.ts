/** `npm run soak -- --seconds N --seed S`: a run, and what the checker says of it. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildSdks } from "../native/build.js";
import { makeReady } from "../setup/install.js";
import { SDKS } from "../native/sdks.js";
import { check, report } from "./checker/index.js";
import { PROTOCOLS, type Protocol, readRun } from "./records.js";
import { run } from "./run.js";
import { BREAKS, isBreak } from "./server/faults.js";

const USAGE = `npm run soak -- [options]

  --seconds N     how long load and faults last (default 60, at least 5)
  --seed S        the faults and the load come again with the same one (default: another at each run)
  --rate N        publishes and sends a second, of all clients together (default 100)
  --keep FOLDER   where records and data go, and stay; it must be empty (default: a temporary folder,
                  which stays only if a rule is broken)
  --clients A,B   which clients: ${PROTOCOLS.join(", ")} (default: the first three).
                  The native ones are built first, and their programs' memory is watched
  --break NAME    a server that is wrong on purpose; the checker has to find it out:
${Object.entries(BREAKS)
  .map(([name, what]) => `                  ${name}: ${what}`)
  .join("\n")}

Exit code: 0 if all rules hold, 1 if one is broken, 2 if the run could not be made.
`;

class UsageError extends Error {}

function options() {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "60" },
      seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) },
      rate: { type: "string", default: "100" },
      keep: { type: "string" },
      clients: { type: "string", default: "" },
      break: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const { break: name, keep } = values;
  if (keep !== undefined && existsSync(keep) && readdirSync(keep).length > 0) {
    throw new UsageError(`--keep ${keep} is not empty; give a new folder, or an empty one`);
  }
  if (name !== undefined && !isBreak(name)) {
    throw new UsageError(`--break ${name} is not known; give one of ${Object.keys(BREAKS).join(", ")}`);
  }
  return {
    clients: clientsOf(values.clients),
    seconds: wholeNumber("--seconds", values.seconds, 5),
    seed: wholeNumber("--seed", values.seed, 0),
    rate: wholeNumber("--rate", values.rate, 1),
    keep,
    brokenBy: name,
    help: values.help,
  };
}

function clientsOf(text: string): Protocol[] {
  return text
    .split(",")
    .filter((name) => name !== "")
    .map((name) => {
      const found = PROTOCOLS.find((protocol) => protocol === name);
      if (found !== undefined) return found;
      throw new UsageError(`--clients: there is no ${name}; give some of ${PROTOCOLS.join(", ")}`);
    });
}

/** Builds the SDKs of the clients that are native. */
async function build(clients: readonly Protocol[]): Promise<void> {
  const sdks = SDKS.filter(({ name }) => clients.includes(name));
  if (sdks.length === 0) return;
  makeReady(
    console.log,
    sdks.flatMap(({ needs }) => needs),
  );
  for (const [name, why] of await buildSdks(sdks, console.log))
    throw new Error(`there is no ${name} client: ${why}`);
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least) return value;
  throw new UsageError(`${name} ${text}: give a whole number from ${least} up`);
}

/** @returns the exit code. */
async function main(): Promise<number> {
  const { seconds, seed, rate, keep, brokenBy, clients, help } = options();
  if (help) {
    process.stdout.write(USAGE);
    return 0;
  }
  await build(clients);
  const folder = keep ?? mkdtempSync(join(tmpdir(), "crossroom-soak-"));
  console.log(`Seed ${seed}, ${seconds} seconds, ${rate} calls a second; records in ${folder}`);
  // Ten seconds are a lot: nothing is wrong any more, and clients that have lost the server try twice a second.
  await run({ folder, seed, seconds, rate, quiet: 10_000, clients, brokenBy });
  const findings = check(readRun(join(folder, "records")));
  console.log(report(findings));
  if (findings.breaches().size > 0) {
    console.log(`The records are in ${folder}. The same faults again: --seconds ${seconds} --seed ${seed}`);
    return 1;
  }
  if (keep === undefined) rmSync(folder, { recursive: true });
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (isUsage(error)) console.error(`error: ${error.message}\n\n${USAGE}`);
  else console.error(error);
  process.exitCode = 2;
}

/** Of ours, or of parseArgs. */
function isUsage(error: unknown): error is Error {
  if (error instanceof UsageError) return true;
  return error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}
