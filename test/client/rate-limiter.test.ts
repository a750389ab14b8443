import { expect } from "chai";
import * as fc from "fast-check";
import { DEFAULT_RATE, RateLimiter } from "../../clients/typescript/src/rate-limiter.js";

/** How many may leave at this time. */
function leaving(rateLimiter: RateLimiter, now: number): number {
  let count = 0;
  while (rateLimiter.take(now)) count++;
  return count;
}

describe("client: rateLimiter (9)", () => {
  it("lets nine tenths of the burst leave at once, and then nine tenths of the rate", () => {
    const rateLimiter = new RateLimiter();
    rateLimiter.reset(0);
    expect(leaving(rateLimiter, 0)).to.equal(900);
    expect(leaving(rateLimiter, 1000)).to.equal(450);
    expect(leaving(rateLimiter, 60_000)).to.equal(900);
  });

  it("goes by what the server says, and counts what left before", () => {
    const rateLimiter = new RateLimiter();
    rateLimiter.reset(0);
    rateLimiter.spend(0);
    rateLimiter.limit({ perSecond: 10, burst: 20 }, 0);
    expect(leaving(rateLimiter, 0)).to.equal(17);
    expect(leaving(rateLimiter, 1000)).to.equal(9);
    rateLimiter.limit({ perSecond: 10, burst: 40 }, 1000);
    expect(leaving(rateLimiter, 1000)).to.equal(18);
  });

  it("lets what cannot wait leave, and the rest wait for it", () => {
    const rateLimiter = new RateLimiter();
    rateLimiter.reset(0);
    leaving(rateLimiter, 0);
    for (let i = 0; i < 9; i++) rateLimiter.spend(0);
    expect([rateLimiter.wait(0), rateLimiter.take(22)]).to.deep.equal([23, false]);
    expect(rateLimiter.take(23)).to.equal(true);
  });

  it("never stops, however little the server takes, and never exceeds what it takes", () => {
    const rate = fc.record({
      perSecond: fc.double({ min: 0.01, max: 1e6, noNaN: true }),
      burst: fc.double({ min: 1, max: 1e6, noNaN: true }),
    });
    fc.assert(
      fc.property(rate, fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 20 }), (said, pauses) => {
        const rateLimiter = new RateLimiter();
        rateLimiter.reset(0);
        rateLimiter.limit(said, 0);
        let now = 0;
        let server = said.burst;
        for (const pause of pauses) {
          now += pause;
          server = Math.min(server + (pause * said.perSecond) / 1000, said.burst);
          for (let i = 0; i < 50 && rateLimiter.take(now); i++) server--;
          expect(server).to.be.greaterThan(-1e-6);
        }
        const later = now + rateLimiter.wait(now) + 1;
        expect(rateLimiter.take(later)).to.equal(true);
      }),
    );
  });

  it("has the default of PROTOCOL.md", () => {
    expect(DEFAULT_RATE).to.deep.equal({ perSecond: 500, burst: 1000 });
  });
});
