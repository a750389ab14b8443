import { expect } from "chai";
import { ALL } from "../support/options.js";
import { describeLogs } from "../support/log-test.js";

describeLogs("reading the log", (test) => {
  describe("state", () => {
    it("of a log that was never appended to is empty, with an epoch that it keeps", async () => {
      const before = await test.log.state("a");
      expect(before).to.include({ first: 1, last: 0 });
      expect(before.epoch).not.to.equal("");
      await test.append("b", 1);
      expect((await test.append("a", 1)).position.epoch).to.equal(before.epoch);
      await test.restart();
      expect((await test.log.state("a")).epoch).to.equal(before.epoch);
    });

    it("says what is kept, and the newest that there ever was", async () => {
      await test.appendMany("a", 5);
      await test.log.trim("a", 3);
      expect(await test.log.state("a")).to.include({ first: 4, last: 5 });
      await test.log.trim("a", Infinity);
      expect(await test.log.state("a")).to.include({ first: 6, last: 5 });
      expect((await test.append("a", 6)).position.offset).to.equal(6);
    });
  });

  describe("after", () => {
    beforeEach(() => test.appendMany("a", 10));

    it("gives the entries after an offset, oldest first, with the state", async () => {
      const { state, entries } = await test.log.after("a", 7, ALL);
      expect(entries.map(({ offset }) => offset)).to.deep.equal([8, 9, 10]);
      expect(state).to.deep.equal(await test.log.state("a"));
    });

    it("gives a page of the oldest", async () => {
      expect(await test.valuesAfter("a", 2, { entries: 3, bytes: Infinity })).to.deep.equal([3, 4, 5]);
    });

    it("begins with the oldest that is kept", async () => {
      await test.log.trim("a", 8);
      expect(await test.valuesAfter("a", 2)).to.deep.equal([9, 10]);
    });

    it("gives nothing after the end, beyond it, and of a log that is not there", async () => {
      expect(await test.valuesAfter("a", 10)).to.be.empty;
      expect(await test.valuesAfter("a", 11)).to.be.empty;
      expect((await test.log.after("none", 0, ALL)).entries).to.be.empty;
    });
  });

  describe("before", () => {
    beforeEach(() => test.appendMany("a", 10));

    it("gives the entries before an offset, oldest first, with the state", async () => {
      const { state, entries } = await test.log.before("a", 4, ALL);
      expect(entries.map(({ offset }) => offset)).to.deep.equal([1, 2, 3]);
      expect(state).to.deep.equal(await test.log.state("a"));
    });

    it("gives a page of the newest of them", async () => {
      expect(await test.offsetsBefore("a", 8, { entries: 2, bytes: Infinity })).to.deep.equal([6, 7]);
    });

    it("gives the newest of all before Infinity, and before any offset beyond the end", async () => {
      expect(await test.offsetsBefore("a", Infinity, { entries: 2, bytes: Infinity })).to.deep.equal([9, 10]);
      expect(await test.offsetsBefore("a", 100, { entries: 2, bytes: Infinity })).to.deep.equal([9, 10]);
    });

    it("ends with the oldest that is kept", async () => {
      await test.log.trim("a", 5);
      expect(await test.offsetsBefore("a", 8)).to.deep.equal([6, 7]);
      expect(await test.offsetsBefore("a", 6)).to.be.empty;
      expect(await test.offsetsBefore("none", Infinity)).to.be.empty;
    });
  });

  describe("a page", () => {
    it("has no more bytes of values than the limit, but always one entry", async () => {
      for (let count = 0; count < 5; count++) await test.append("a", "x".repeat(100));
      const bytes = 250;
      expect(await test.valuesAfter("a", 0, { entries: 10, bytes })).to.have.length(2);
      expect(await test.offsetsBefore("a", Infinity, { entries: 10, bytes })).to.deep.equal([4, 5]);
      expect(await test.valuesAfter("a", 2, { entries: 10, bytes: 1 })).to.have.length(1);
      expect(await test.offsetsBefore("a", 4, { entries: 10, bytes: 1 })).to.deep.equal([3]);
    });
  });

  describe("reading", () => {
    it("never shows an entry before its append could resolve", async () => {
      const progress = { acked: 0, ended: false };
      const appends = Array.from({ length: 50 }, async (_, index) => {
        await test.append("a", index);
        progress.acked += 1;
      });
      const all = Promise.all(appends).then(() => (progress.ended = true));
      while (!progress.ended) {
        const { entries } = await test.log.before("a", Infinity, ALL);
        // Those that resolve in the same turn of the event loop have their turn.
        await new Promise((resolve) => setImmediate(resolve));
        expect(progress.acked).to.be.at.least(entries.length);
      }
      await all;
      expect(await test.valuesAfter("a")).to.have.length(50);
    });
  });

  describe("list", () => {
    it("gives names and states by prefix, in the order of names, page by page", async () => {
      for (const name of ["room:b", "room:a", "inbox:a", "room:c", "room", "rooms"])
        await test.append(name, 1);
      const names = async (prefix: string, after: string, limit: number) =>
        (await test.log.list(prefix, after, limit)).map(({ name }) => name);
      expect(await names("room:", "", 10)).to.deep.equal(["room:a", "room:b", "room:c"]);
      expect(await names("room:", "", 2)).to.deep.equal(["room:a", "room:b"]);
      expect(await names("room:", "room:b", 2)).to.deep.equal(["room:c"]);
      expect(await names("", "", 10)).to.have.length(6);
      expect(await names("none", "", 10)).to.be.empty;
      expect((await test.log.list("inbox:", "", 1))[0]?.state).to.deep.equal(await test.log.state("inbox:a"));
    });

    it("does not list a log that was only asked for", async () => {
      await test.log.state("a");
      await test.log.append("a", { value: 1, at: 0, limit: 0 });
      expect(await test.log.list("", "", 10)).to.be.empty;
    });
  });
});
