import { expect } from "chai";
import * as fc from "fast-check";
import { DEFAULT_RATE, Pacer } from "../../clients/typescript/pacer.js";

/** How many may leave at this time. */
function leaving(pacer: Pacer, now: number): number {
  let count = 0;
  while (pacer.take(now)) count++;
  return count;
}

describe("client: pacer (9)", () => {
  it("lets nine tenths of the burst leave at once, and then nine tenths of the rate", () => {
    const pacer = new Pacer();
    pacer.reset(0);
    expect(leaving(pacer, 0)).to.equal(900);
    expect(leaving(pacer, 1000)).to.equal(450);
    expect(leaving(pacer, 60_000)).to.equal(900);
  });

  it("goes by what the server says, and counts what left before", () => {
    const pacer = new Pacer();
    pacer.reset(0);
    pacer.spend(0);
    pacer.limit({ perSecond: 10, burst: 20 }, 0);
    expect(leaving(pacer, 0)).to.equal(17);
    expect(leaving(pacer, 1000)).to.equal(9);
    pacer.limit({ perSecond: 10, burst: 40 }, 1000);
    expect(leaving(pacer, 1000)).to.equal(18);
  });

  it("lets what cannot wait leave, and the rest wait for it", () => {
    const pacer = new Pacer();
    pacer.reset(0);
    leaving(pacer, 0);
    for (let i = 0; i < 9; i++) pacer.spend(0);
    expect([pacer.wait(0), pacer.take(22)]).to.deep.equal([23, false]);
    expect(pacer.take(23)).to.equal(true);
  });

  it("never stops, however little the server takes, and never exceeds what it takes", () => {
    const rate = fc.record({
      perSecond: fc.double({ min: 0.01, max: 1e6, noNaN: true }),
      burst: fc.double({ min: 1, max: 1e6, noNaN: true }),
    });
    fc.assert(
      fc.property(rate, fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 20 }), (said, pauses) => {
        const pacer = new Pacer();
        pacer.reset(0);
        pacer.limit(said, 0);
        let now = 0;
        let server = said.burst;
        for (const pause of pauses) {
          now += pause;
          server = Math.min(server + (pause * said.perSecond) / 1000, said.burst);
          for (let i = 0; i < 50 && pacer.take(now); i++) server--;
          expect(server).to.be.greaterThan(-1e-6);
        }
        const later = now + pacer.wait(now) + 1;
        expect(pacer.take(later)).to.equal(true);
      }),
    );
  });

  it("has the default of PROTOCOL.md", () => {
    expect(DEFAULT_RATE).to.deep.equal({ perSecond: 500, burst: 1000 });
  });
});
