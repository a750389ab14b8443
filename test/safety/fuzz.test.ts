/**
 * 200,000 random, mutated and truncated frames and handshakes against a server in a process of its own. Others than the
 * last time: FUZZ_SEED=number. FUZZ_FRAMES and FUZZ_HANDSHAKES say how many, for a longer run.
 */
import { expect } from "chai";
import { Random, SEED } from "../support/random.js";
import { FrameFuzzer } from "./support/frame-fuzzer.js";
import { FuzzTarget, type Memory } from "./support/fuzz-target.js";
import { fuzzHandshakes } from "./support/handshake-fuzzer.js";
import { HonestClients } from "./support/honest-clients.js";

const FRAMES = Number(process.env["FUZZ_FRAMES"] ?? 190_000);
const HANDSHAKES = Number(process.env["FUZZ_HANDSHAKES"] ?? 10_000);

/** After each round the server's memory is looked at, with no attacker connected. */
const ROUNDS = 20;
const FUZZERS = 6;
const HONEST = 2;

/** Bytes by which the means of the second and the last quarter may differ: what noise makes, and no more. */
const HEAP_NOISE = 1024 ** 2;
const NATIVE_NOISE = 12 * 1024 ** 2;

describe(`under ${FRAMES + HANDSHAKES} random frames and handshakes (FUZZ_SEED=${SEED})`, function () {
  this.timeout(300_000);
  let target: FuzzTarget | undefined;
  let honest: HonestClients | undefined;
  const samples: Memory[] = [];

  before(async () => {
    target = await FuzzTarget.start();
    honest = await HonestClients.join(target.port);
  });

  after(async () => {
    try {
      await honest?.leave();
    } finally {
      expect(await target?.stop(), target?.stderr).to.equal(0);
    }
  });

  it("the server answers each as PROTOCOL.md says, and does not crash", async () => {
    const { port } = target!;
    const fuzzers = Array.from({ length: FUZZERS }, (_, n) => new FrameFuzzer(port, new Random(SEED + n)));
    const handshakes = new Random(SEED + FUZZERS);
    try {
      for (let round = 0; round < ROUNDS; round++) {
        await Promise.all([
          ...fuzzers.map((fuzzer) => fuzzer.run(Math.ceil(FRAMES / ROUNDS / FUZZERS))),
          fuzzHandshakes(port, handshakes, Math.ceil(HANDSHAKES / ROUNDS)),
        ]);
        samples.push(await target!.settled(HONEST));
      }
    } catch (error) {
      throw new Error(`FUZZ_SEED=${SEED} ${String(error)}\n${target!.stderr}`, { cause: error });
    }
    expect(target!.crashed, target!.stderr).to.be.false;
    expect(target!.stderr).to.equal("");
  });

  it("its memory does not grow", () => {
    for (const [what, noise] of [
      ["heapUsed", HEAP_NOISE],
      ["external", HEAP_NOISE],
      ["native", NATIVE_NOISE],
    ] as const) {
      const bytes = samples.map((sample) => sample[what]);
      const growth = mean(quarter(bytes, 4)) - mean(quarter(bytes, 2));
      expect(growth, `${what}, in bytes: ${bytes.join(" ")}`).to.be.below(noise);
    }
  });

  it("honest clients in the same room, plain and of Socket.IO, see every message once and in order", async () => {
    const last = samples.at(-1)?.ticks ?? 0;
    const { plain, socketIO, ends } = honest!;
    await honest!.reach(last);
    for (const counter of [plain, socketIO]) {
      expect(counter.wrong).to.be.empty;
      expect(counter.last - (counter.first ?? 0)).to.be.greaterThan(ROUNDS);
    }
    expect(ends).to.be.empty;
  });

  it("Object.prototype stays as it was", () => {
    expect(samples.at(-1)?.pollution).to.deep.equal([]);
  });
});

function quarter(values: number[], which: 1 | 2 | 3 | 4): number[] {
  const size = values.length / 4;
  return values.slice(Math.floor((which - 1) * size), Math.floor(which * size));
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
