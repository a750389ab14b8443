/** One run: server, proxy and clients; load under faults; then peace, until everything has arrived; then the reading of the end. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Random } from "../support/random.js";
import { within } from "../support/deadline.js";
import { audit } from "./auditor.js";
import { Chaos } from "./chaos.js";
import type { DeviceOptions } from "./clients/device.js";
import { AgentDevice } from "./clients/agent-device.js";
import { Companions } from "./clients/companions.js";
import { FramesDevice } from "./clients/frames-device.js";
import { Journal, Ledger } from "./clients/journal.js";
import { LayerDevice } from "./clients/layer-device.js";
import { Programs } from "./clients/programs.js";
import { tokenOf } from "./clients/tokens.js";
import { Load, type Party } from "./load.js";
import { plan, type Step } from "./plan.js";
import { TcpProxy } from "./proxy.js";
import { type Protocol, Recorder, RUN } from "./records.js";
import type { Break } from "./server/faults.js";
import { ServerProcess } from "./server/server-process.js";
import { ROOMS } from "./server/settings.js";

export interface RunOptions {
  /** Where records and data go; made if it is not there. */
  folder: string;
  seed: number;
  /** Of load and faults. Starting, settling and checking come on top. */
  seconds: number;
  /** Publishes and sends a second, of all clients together. */
  rate: number;
  /**
   * Milliseconds of silence, when the faults are over and all clients are connected, after which what has not arrived is
   * taken never to come.
   */
  quiet: number;
  /** Milliseconds for everything to arrive, even if there is never silence. Default: a minute. */
  settle?: number;
  /** Default: as the seed has it. */
  faults?: readonly Step[];
  /** Of the devices, in turn. Default: those in this process, so that every user has two. */
  clients?: readonly Protocol[] | undefined;
  /** What the server gets wrong on purpose. */
  brokenBy?: Break | undefined;
}

/** Each user has two devices, over two protocols: all pairs are there. */
const DEVICES: [user: string, device: string, protocol: Protocol][] = [
  ["ada", "desk", "socket.io"],
  ["ada", "phone", "plain"],
  ["bob", "desk", "socket.io"],
  ["bob", "phone", "frames"],
  ["eve", "desk", "plain"],
  ["eve", "phone", "frames"],
  ["joe", "desk", "socket.io"],
  ["joe", "phone", "socket.io"],
  ["kim", "desk", "plain"],
  ["kim", "phone", "plain"],
  ["lou", "desk", "frames"],
  ["lou", "phone", "frames"],
];

/** Milliseconds for all clients to come in, before there is any fault. */
const START = 60_000;

/** Milliseconds of `settle`, where it is not given. */
const SETTLE = 60_000;

/**
 * Milliseconds for which all must stay as it is to be, with nothing missing: a server that is wrong about who is there finds out late,
 * when connections that were lost have been found out and their grace is over.
 */
const STEADY = 3_000;

/** Milliseconds between two looks at whether everything has arrived. */
const LOOK = 50;

/** Makes a run and leaves its records in the folder; they are for the checker to judge. Rejects if it cannot be made. */
export async function run(options: RunOptions): Promise<void> {
  const { folder, seed, seconds } = options;
  const records = join(folder, "records");
  const data = join(folder, "data");
  mkdirSync(data, { recursive: true });
  const begun = performance.now();
  const recorders: Recorder[] = [];
  const recorder = (name: string): Recorder => {
    const made = new Recorder(records, name, () => performance.now() - begun);
    recorders.push(made);
    return made;
  };
  const runner = recorder(RUN);
  runner.write({ kind: "run", seed, seconds, rooms: ROOMS });
  const server = new ServerProcess({ folder: data, brokenBy: options.brokenBy }, runner);
  try {
    await server.start();
    await runClients(options, server, runner, recorder);
    await audit({
      port: server.port,
      rooms: ROOMS.map(({ room }) => room),
      users: [...new Set(DEVICES.map(([user]) => user))],
      token: tokenOf,
      recorder: recorder("end"),
    });
    await server.stop();
  } finally {
    await server.kill();
    for (const one of recorders) one.close();
  }
}

async function runClients(
  { seed, seconds, rate, quiet, settle = SETTLE, faults, clients = [] }: RunOptions,
  server: ServerProcess,
  runner: Recorder,
  recorder: (name: string) => Recorder,
): Promise<void> {
  const random = new Random(seed);
  const kinds = DEVICES.map(([, , usual], n) => clients[n % clients.length] ?? usual);
  const programs = await Programs.start(new Set(kinds), runner);
  const proxy = await TcpProxy.listen({ port: server.port });
  const ledger = new Ledger();
  const rooms = ROOMS.map(({ room }) => room);
  const parties = DEVICES.map(([user, device], n): Party => {
    const protocol = kinds[n] ?? "plain";
    const options: DeviceOptions = {
      user,
      device,
      protocol,
      port: proxy.port,
      rooms,
      token: () => tokenOf(user),
    };
    const own = new Random(random.below(2 ** 32));
    return makeParty(options, recorder(`${user}-${device}`), ledger, own, programs);
  });
  const devices = parties.map(({ device }) => device);
  const companions = new Companions({
    ...{ port: proxy.port, rooms, parties, ledger, recorder },
    random: new Random(random.below(2 ** 32)),
  });
  const chaos = new Chaos({ proxy, server, devices, companions }, runner, new Random(random.below(2 ** 32)));
  const load = new Load({ parties, rooms, rate, random: new Random(random.below(2 ** 32)) });
  try {
    await within(Promise.all(devices.map((device) => device.start())), "all clients to come in", START);
    load.begin();
    chaos.begin(faults ?? plan(random, seconds * 1000));
    await pause(seconds * 1000);
    load.end();
    await chaos.end();
    await settled(parties, rooms, { quiet, settle }, runner);
    for (const device of devices) device.stop();
    await programs.end();
  } finally {
    programs.kill();
    load.end();
    await chaos.end().finally(async () => {
      for (const device of devices) device.stop();
      await proxy.close();
    });
  }
}

function makeParty(
  options: DeviceOptions,
  recorder: Recorder,
  ledger: Ledger,
  random: Random,
  programs: Programs,
): Party {
  const journal = new Journal(recorder, options.user, ledger);
  const { name } = recorder;
  const agent = programs.get(options.protocol);
  if (agent !== undefined) return { device: new AgentDevice(name, options, journal, agent), journal };
  const device =
    options.protocol === "frames"
      ? new FramesDevice(name, options, journal, random)
      : new LayerDevice(name, options, journal);
  return { device, journal };
}

/** Waits until everything has arrived that anybody was promised; if that does not happen, it is written down what is missing. */
async function settled(
  parties: readonly Party[],
  rooms: readonly string[],
  { quiet, settle }: Required<Pick<RunOptions, "quiet" | "settle">>,
  runner: Recorder,
): Promise<void> {
  const begun = performance.now();
  const count = (): number => parties.reduce((sum, { journal }) => sum + journal.length, 0);
  let last = { at: begun, count: count() };
  let steadySince: number | undefined;
  for (;;) {
    const now = performance.now();
    const isBack = parties.every(({ journal }) => journal.isConnected);
    if (!isBack || count() !== last.count) last = { at: now, count: count() };
    const waitingFor = parties.flatMap(({ journal }) => journal.missing(rooms));
    steadySince = waitingFor.length === 0 ? (steadySince ?? now) : undefined;
    if (steadySince !== undefined && now - steadySince >= STEADY) {
      return runner.write({ kind: "settled", after: Math.round(steadySince - begun) });
    }
    if (waitingFor.length > 0 && (now - last.at > quiet || now - begun > settle))
      return runner.write({ kind: "unsettled", waitingFor });
    await pause(LOOK);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds));
}
