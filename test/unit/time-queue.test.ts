import { expect } from "chai";
import fc from "fast-check";
import { TimeQueue } from "../../server/store/memory/time-queue.js";

describe("the queue of what is due", () => {
  it("gives what is due by its time, what was added first before what is due with it, and nothing that is not due", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 60 }), fc.nat(20), (times, now) => {
        const queue = new TimeQueue<number>();
        times.forEach((at, index) => queue.add(at, index));
        const expected = times
          .map((at, what) => ({ at, what }))
          .toSorted((a, b) => a.at - b.at || a.what - b.what);
        const take = (until: number) => {
          const found: { at: number; what: number }[] = [];
          for (let due = queue.take(until); due !== undefined; due = queue.take(until))
            found.push({ at: due.at, what: due.what });
          return found;
        };
        expect(take(now)).to.deep.equal(expected.filter(({ at }) => at <= now));
        expect(take(Infinity)).to.deep.equal(expected.filter(({ at }) => at > now));
        expect(queue.size).to.equal(0);
      }),
    );
  });

  it("is empty when it was cleared", () => {
    const queue = new TimeQueue<string>();
    queue.add(1, "a");
    queue.clear();
    expect(queue.take(1)).to.be.undefined;
  });
});
