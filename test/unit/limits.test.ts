import { expect } from "chai";
import fc from "fast-check";
import { ConnectionCounter, TokenBucket } from "../../bridge/limits.js";

/** How many of `times` takes at `now` succeed. */
function takes(bucket: TokenBucket, times: number, now: number): number {
  return Array.from({ length: times }, () => bucket.take(now)).filter(Boolean).length;
}

describe("TokenBucket", () => {
  it("gives a burst at once, and no more", () => {
    expect(takes(new TokenBucket({ perSecond: 5, burst: 10 }, 0), 20, 0)).to.equal(10);
  });

  it("earns its rate as time goes by", () => {
    const bucket = new TokenBucket({ perSecond: 5, burst: 10 }, 0);
    takes(bucket, 10, 0);
    expect(takes(bucket, 20, 1_000)).to.equal(5);
    expect(takes(bucket, 20, 1_199)).to.equal(0);
    expect(takes(bucket, 20, 1_200)).to.equal(1);
  });

  it("keeps no more than a burst, however long it rests", () => {
    const bucket = new TokenBucket({ perSecond: 5, burst: 10 }, 0);
    expect(takes(bucket, 50, 86_400_000)).to.equal(10);
  });

  it("earns at rates below one a second", () => {
    const bucket = new TokenBucket({ perSecond: 20 / 60, burst: 20 }, 0);
    takes(bucket, 20, 0);
    expect(takes(bucket, 5, 2_999)).to.equal(0);
    expect(takes(bucket, 5, 3_001)).to.equal(1);
    expect(takes(bucket, 5, 60_001)).to.equal(5);
  });

  it("is not cheated of what it earns, nor earns more, by being asked often", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2_000 }),
        fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 300 }),
        (perSecond, waits) => {
          const burst = 2 * perSecond;
          const bucket = new TokenBucket({ perSecond, burst }, 0);
          let taken = takes(bucket, burst, 0);
          let now = 0;
          for (const wait of waits) taken += takes(bucket, burst + 1, (now += wait));
          const earned = (now * perSecond) / 1_000;
          expect(taken - burst).to.be.within(Math.floor(earned) - 1, Math.floor(earned));
        },
      ),
    );
  });
});

describe("ConnectionCounter", () => {
  it("counts up to its limit in all", () => {
    const counter = new ConnectionCounter(2, 9);
    expect(["a", "b", "c"].map((address) => counter.add(address))).to.deep.equal(["added", "added", "full"]);
    expect(counter.total).to.equal(2);
  });

  it("counts up to its limit for each address", () => {
    const counter = new ConnectionCounter(9, 1);
    expect(["a", "a", "b"].map((address) => counter.add(address))).to.deep.equal([
      "added",
      "address_full",
      "added",
    ]);
  });

  it("has room again when a connection has gone", () => {
    const counter = new ConnectionCounter(2, 1);
    counter.add("a");
    counter.remove("a");
    expect(counter.total).to.equal(0);
    expect(counter.add("a")).to.equal("added");
  });

  it("agrees with a count by hand, whatever comes and goes", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.constantFrom("a", "b", "__proto__"))), (steps) => {
        const counter = new ConnectionCounter(5, 3);
        const there: string[] = [];
        for (const [comes, address] of steps) {
          const ofAddress = there.filter((one) => one === address).length;
          if (comes) {
            const due = there.length >= 5 ? "full" : ofAddress >= 3 ? "address_full" : "added";
            expect(counter.add(address)).to.equal(due);
            if (due === "added") there.push(address);
          } else if (ofAddress > 0) {
            counter.remove(address);
            there.splice(there.indexOf(address), 1);
          }
          expect(counter.total).to.equal(there.length);
        }
      }),
    );
  });
});
