import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { barsOf, type Bar } from "../bench/growth/bars.js";
import { tables } from "../bench/growth/report.js";
import { LOG_OPERATIONS, REFUSAL_KINDS, type Results } from "../bench/growth/results.js";
import { STORES } from "../bench/growth/settings.js";

/** Milliseconds: it starts two dozen processes, on a machine that may be busy. */
const RUN_TIMEOUT = 120_000;

const SIZE = [
  "--rounds 1 --connections 20 --few-connections 10 --idle-logs 40 --upkeep-seconds 0.2 --ids 50 --members 8",
  "--grace 50 --items 20 --publishes 16 --entries 600 --few-entries 100 --heads 60 --few-heads 20 --minutes 0.01",
].join(" ");

const NONE: Results = {
  machine: { node: "20", cores: 2 },
  ...{ idle: [], upkeep: [], ids: [], disconnect: [], acks: [], refusals: [] },
  ...{ logs: [], heads: [], trim: [], mixed: [] },
};

describe("the benchmark of what grows", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "crossroom-test-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  function bench(args: string) {
    const program = join(import.meta.dirname, "..", "bench", "growth.js");
    const all = [...`${SIZE} ${args}`.split(" "), "--folder", folder];
    return spawnSync(process.execPath, [program, ...all], { encoding: "utf8" });
  }

  it("measures every part, prints one JSON object and nothing else, and leaves no data behind", function () {
    this.timeout(RUN_TIMEOUT);
    const { stdout, stderr, status } = bench("--json");
    expect(status, stderr).to.equal(0);
    const { bars, ...results } = JSON.parse(stdout) as Results & { bars: Bar[] };
    expect(results.idle.map(({ connections }) => connections)).to.deep.equal([10, 20]);
    expect(results.upkeep.map(({ logs }) => logs)).to.deep.equal([0, 40]);
    expect(results.ids.map(({ ids }) => ids)).to.deep.equal([50]);
    for (const each of [results.disconnect, results.acks, results.trim]) {
      expect(each.map(({ store }) => store)).to.deep.equal([...STORES]);
    }
    expect(results.refusals.map(({ kind }) => kind)).to.deep.equal(Object.keys(REFUSAL_KINDS));
    expect(results.logs).to.have.length(STORES.length * Object.keys(LOG_OPERATIONS).length * 2);
    expect(results.heads.map(({ logs }) => logs)).to.deep.equal([20, 60]);
    expect(results.mixed.at(-1)?.calls).to.be.above(0);
    const costs = [...results.refusals, ...results.logs, ...results.heads].map(({ cpuMicros }) => cpuMicros);
    for (const cost of costs) {
      expect(cost).to.have.length(1);
      expect(cost[0]).to.be.above(0);
    }
    expect(new Set(bars.map(({ part }) => part))).to.deep.equal(
      new Set(Object.keys(NONE).filter((part) => part !== "machine")),
    );
    expect(readdirSync(folder)).to.be.empty;
  });

  it("measures only what is asked for, and says of each bar whether it is met", function () {
    this.timeout(RUN_TIMEOUT);
    const { stdout, stderr, status } = bench("--only acks");
    expect(status, stderr).to.equal(0);
    expect(stdout).to.match(
      /^acks: one user's acks of an inbox \(lmdb\) +(pass|MISS) +\S+ +>= 3000 +a second$/m,
    );
    expect(stdout).not.to.match(/idle|refusals|trim/);
  });

  it("says what is wrong with an option", () => {
    const { stderr, status } = bench("--minutes 0");
    expect(status).to.equal(1);
    expect(stderr).to.include("a number above 0 is wanted");
  });
});

describe("the bars of what grows", () => {
  const barOf = (results: Partial<Results>, what: string): Bar => {
    const found = barsOf({ ...NONE, ...results }).filter((bar) => bar.what.includes(what));
    expect(found).to.have.length(1);
    return found[0]!;
  };

  it("are none where nothing was measured", () => {
    expect(barsOf(NONE)).to.be.empty;
    expect(tables(NONE, [])).to.equal("Node.js 20, 2 cores");
  });

  it("hold many against few, round by round, and what was refused against what was taken", () => {
    const idle = [10, 20].map((connections) => ({
      ...{ store: "lmdb" as const, connections, kilobytes: connections },
    }));
    expect(barOf({ idle }, "/ of 10")).to.include({ value: 2, limit: 1.3, isMet: false });
    expect(barOf({ idle }, "RSS of each of 20")).to.include({ value: 20, isMet: true });
    const refusals = [
      { kind: "good" as const, cpuMicros: [100, 200, 50] },
      { kind: "forbidden" as const, cpuMicros: [40, 90, 30] },
    ];
    expect(barOf({ refusals }, "may not publish")).to.include({ value: 0.45, isMet: true });
    const heads = [1_000, 30_000].map((logs) => ({
      ...{ store: "lmdb" as const, logs, cpuMicros: [logs / 1_000, logs / 1_000] },
    }));
    expect(barOf({ heads }, "30000 logs / 1000")).to.include({ value: 30, isMet: false });
  });

  it("are met by as many acks as are wanted, or more", () => {
    const acks = (perSecond: number[]) => [{ store: "lmdb" as const, perSecond }];
    expect(barOf({ acks: acks([2_999]) }, "acks")).to.include({ isMet: false, isLeast: true });
    expect(barOf({ acks: acks([1_000, 3_000, 9_000]) }, "acks")).to.include({ isMet: true });
  });

  it("hold the last third of a mixed load against the one before, whatever the first was", () => {
    const mixed = (heaps: number[]) =>
      heaps.map((heapMegabytes, index) => ({
        ...{ minutes: index + 1, heapMegabytes, rssMegabytes: 100, descriptors: 80, calls: index },
      }));
    expect(barOf({ mixed: mixed([5, 10, 20, 20, 20, 20]) }, "heap")).to.include({ value: 1, isMet: true });
    expect(barOf({ mixed: mixed([5, 10, 20, 20, 30, 30]) }, "heap")).to.include({ value: 1.5, isMet: false });
    expect(tables({ ...NONE, mixed: mixed([5, 6]) }, [])).to.match(/^2\.0 +6\.0 +100 +80 +1$/m);
  });
});
