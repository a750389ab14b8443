import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Absentees } from "../bench/durable/load/absentees.js";
import { Publishers } from "../bench/durable/load/publishers.js";
import type { Protocol } from "../bench/shared/wires.js";
import { DATA, ID_LENGTH, idOf, MESSAGE_BYTES } from "../bench/durable/message.js";
import { OPERATIONS } from "../bench/durable/operations.js";
import { tables } from "../bench/durable/report.js";
import type { Results } from "../bench/durable/results.js";
import { DEFAULT_ROOM, type RoomsServerOptions } from "../server/index.js";
import { startRooms, type Running } from "./server/support/server.js";

/** Milliseconds: it starts a dozen processes, on a machine that may be busy. */
const RUN_TIMEOUT = 90_000;

describe("the benchmark of durability", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "crossroom-test-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it("measures every cell once a round, prints one JSON object and nothing else, and leaves no data behind", function () {
    this.timeout(RUN_TIMEOUT);
    const program = join(import.meta.dirname, "..", "bench", "durable.js");
    const size = "--rounds 1 --milliseconds 40 --publishers 1,3 --sizes 10,40";
    const absence = "--missed 12 --clients 2 --rooms 3 --missed-each 2";
    const args = ["--json", "--folder", folder, ...size.split(" "), ...absence.split(" ")];
    const { stdout, stderr, status } = spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });
    expect(status, stderr).to.equal(0);
    const results = JSON.parse(stdout) as Results;

    const both = (row: string) => [`${row} memory`, `${row} lmdb`];
    expect(results.publish.map((cell) => `${cell.publishers} ${cell.protocol} ${cell.store}`)).to.deep.equal(
      ["1 bridge", "3 bridge", "3 socket.io"].flatMap(both),
    );
    expect(results.append.map((cell) => `${cell.appenders} ${cell.store}`)).to.deep.equal(
      ["1", "3"].flatMap(both),
    );
    const conditions = ["memory", "lmdb", "lmdb, restarted"];
    expect(results.join.map(({ condition }) => condition)).to.deep.equal(conditions);
    expect(results.rooms.map(({ condition }) => condition)).to.deep.equal(conditions);
    expect(results.growth.map((cell) => `${cell.operation} ${cell.messages}`)).to.deep.equal(
      Object.keys(OPERATIONS).flatMap((operation) => [`${operation} 10`, `${operation} 40`]),
    );

    const samples = [
      // In so short a time perhaps none is acked that counts; but each of them has cost something.
      ...results.publish.map(({ cpuMicros }) => cpuMicros),
      ...results.append.flatMap(({ perSecond, cpuMicros }) => [perSecond, cpuMicros]),
      ...results.join.map(({ milliseconds }) => milliseconds),
      ...results.rooms.map(({ seconds }) => seconds),
      ...results.growth.flatMap(({ micros, cpuMicros }) => [micros, cpuMicros]),
    ];
    for (const sample of samples) {
      expect(sample).to.have.length(1);
      expect(sample[0]).to.be.above(0);
    }
    for (const { perSecond } of results.publish) expect(perSecond).to.have.length(1);
    // One before each kind of return.
    expect(results.restart.milliseconds).to.have.length(2);
    expect(results.machine.syncMilliseconds.every((time) => time > 0)).to.be.true;
    expect(readdirSync(folder)).to.be.empty;
  });

  it("measures only the parts that are asked for", () => {
    const program = join(import.meta.dirname, "..", "bench", "durable.js");
    const args = ["--parts", "append", "--rounds", "1", "--milliseconds", "20", "--folder", folder];
    const { stdout, stderr, status } = spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });
    expect(status, stderr).to.equal(0);
    expect(stdout).to.include("Appends per second");
    expect(stdout).to.match(/^256( +\S+ \(\S+\)){5}$/m);
    expect(stdout).not.to.match(/Publishes|A join|come back|Microseconds/);
  });

  it("publishes messages of one size, under ids that are never the same", () => {
    expect(JSON.stringify(DATA)).to.have.length(MESSAGE_BYTES);
    const ids = Array.from({ length: 10_000 }, (_, n) => idOf(n));
    expect(new Set(ids).size).to.equal(ids.length);
    expect(ids.every((id) => id.length === ID_LENGTH)).to.be.true;
  });
});

describe("the benchmark's report of durability", () => {
  const machine = {
    ...{ node: "20", cores: 2, load: { before: 0, after: 1 } },
    ...{ syncMilliseconds: [1], isInMemory: false },
  };
  const none: Results = {
    ...{ machine, publish: [], append: [], join: [], rooms: [] },
    ...{ restart: { milliseconds: [] }, growth: [] },
  };

  it("compares the stores round by round, and gives the least and the most beside the median", () => {
    const text = tables({
      ...none,
      append: [
        { appenders: 16, store: "memory", perSecond: [100, 200, 1000], cpuMicros: [5, 6, 7] },
        { appenders: 16, store: "lmdb", perSecond: [90, 100, 700], cpuMicros: [9, 9, 9] },
      ],
    });
    expect(text).to.match(
      /^16 +200 \(100-1000\) +100 \(90-700\) +0\.70 \(0\.50-0\.90\) +6 \(5-7\) +9 \(9-9\)$/m,
    );
  });

  it("compares each size of a log with the smallest", () => {
    const text = tables({
      ...none,
      growth: [
        { operation: "append", messages: 1000, micros: [10, 20], cpuMicros: [3, 3] },
        { operation: "append", messages: 100_000, micros: [15, 20], cpuMicros: [3, 6] },
      ],
    });
    expect(text).to.include("100,000 / 1,000");
    expect(text).to.match(/15\.0 \(10\.0-20\.0\) +17\.5 \(15\.0-20\.0\) +1\.25 \(1\.00-1\.50\)$/m);
    expect(text).to.match(/3\.0 \(3\.0-3\.0\) +4\.5 \(3\.0-6\.0\) +1\.50 \(1\.00-2\.00\)$/m);
  });

  it("warns where the data folder is in memory", () => {
    expect(tables(none)).not.to.include("--folder");
    expect(tables({ ...none, machine: { ...machine, isInMemory: true } })).to.include("--folder");
  });
});

describe("the benchmark's clients", () => {
  let server: Running;
  const start = async (options: RoomsServerOptions = {}) => {
    server = await startRooms(options);
    return Number(new URL(server.url).port);
  };
  afterEach(() => server.close());

  for (const protocol of ["bridge", "socket.io"] satisfies Protocol[]) {
    it(`publish over ${protocol}, and count what is acked`, async () => {
      const port = await start({ limits: { messagesPerSecond: 1_000_000 } });
      const publishers = await Publishers.connect(protocol, { group: "g", port, count: 2 });
      const { counted, all } = await publishers.publish(2, 0, 50);
      expect(all).to.be.at.least(2);
      expect(counted).to.be.within(0, all);
    });

    it(`fail over ${protocol} when a publish is refused`, async () => {
      const port = await start({ limits: { messageBytes: MESSAGE_BYTES - 1 } });
      const publishers = await Publishers.connect(protocol, { group: "g", port, count: 1 });
      expect(await failureOf(publishers.publish(1, 0, 10))).to.include("message_too_large");
    });
  }

  it("fail when the server does not let them in", async () => {
    const port = await start({ tokens: { guests: false } });
    const connecting = Publishers.connect("bridge", { group: "g", port, count: 1 });
    expect(await failureOf(connecting)).to.include("unauthorized");
  });

  it("come back to everything that they missed, and fail where something is missing", async () => {
    const absence = { group: "g", clients: 2, rooms: 2, messages: 4 };
    const absentees = await Absentees.leave(await start(), absence);
    const { milliseconds, joinMilliseconds } = await absentees.comeBack(Number(new URL(server.url).port));
    expect(joinMilliseconds).to.be.within(0, milliseconds);
    await server.close();

    const history = { ...DEFAULT_ROOM.history, count: 3 };
    const port = await start({ roomSettings: () => ({ ...DEFAULT_ROOM, history }) });
    const others = await Absentees.leave(port, absence);
    expect(await failureOf(others.comeBack(port))).to.include("0 of 4 messages came");
  });

  async function failureOf(promise: Promise<unknown>): Promise<string> {
    try {
      await promise;
    } catch (error) {
      return String(error);
    }
    throw new Error("nothing failed");
  }
});
