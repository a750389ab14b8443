import { expect } from "chai";
import { Random } from "../support/random.js";
import { plan } from "./plan.js";

const MINUTE = 60_000;

describe("the soak's plan of faults", () => {
  it("is the same for the same seed, and another for another", () => {
    expect(plan(new Random(1), MINUTE)).to.deep.equal(plan(new Random(1), MINUTE));
    expect(plan(new Random(1), MINUTE)).not.to.deep.equal(plan(new Random(2), MINUTE));
  });

  it("has every kind of fault in the first four seconds, whatever the seed", () => {
    for (let seed = 0; seed < 200; seed++) {
      const kinds = new Set(plan(new Random(seed), 4_000).map(({ fault }) => fault));
      const all = ["kill", "cut", "stall", "delay", "clock", "reload", "double", "visit"];
      expect([...kinds], `seed ${seed}`).to.have.members(all);
    }
  });

  it("is in the order of time, and within it", () => {
    const times = plan(new Random(3), MINUTE).map(({ at }) => at);
    expect(times).to.deep.equal([...times].sort((a, b) => a - b));
    expect(times[0]).to.be.at.least(0);
    expect(times.at(-1)).to.be.below(MINUTE);
  });

  it("stalls some connections for longer than the heartbeat finds out, and some for less", () => {
    const stalls = plan(new Random(4), MINUTE).flatMap((step) =>
      step.fault === "stall" ? [step.lasts] : [],
    );
    expect(Math.max(...stalls)).to.be.above(3_000);
    expect(Math.min(...stalls)).to.be.below(1_000);
  });
});
