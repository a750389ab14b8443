import { expect } from "chai";
import { ALL, DAY, FOREVER, MINUTE } from "../support/options.js";
import { describeLogs } from "../support/log-test.js";

describeLogs("what the log keeps", (test) => {
  describe("trim", () => {
    it("drops the entries up to and with an offset, and leaves the rest", async () => {
      await test.appendMany("a", 5);
      await test.log.trim("a", 2);
      expect(await test.valuesAfter("a")).to.deep.equal([3, 4, 5]);
      await test.restart();
      if (test.outlastsRestart) expect(await test.valuesAfter("a")).to.deep.equal([3, 4, 5]);
    });

    it("drops all for an offset beyond the end, and nothing that comes later", async () => {
      await test.appendMany("a", 3);
      await test.log.trim("a", 1_000);
      expect(await test.valuesAfter("a")).to.be.empty;
      await test.append("a", "new");
      expect(await test.valuesAfter("a")).to.deep.equal(["new"]);
    });

    it("to what is dropped already, or of a log that is not there, does nothing", async () => {
      await test.appendMany("a", 5);
      await test.log.trim("a", 3);
      await test.log.trim("a", 2);
      await test.log.trim("a", 0);
      await test.log.trim("none", 5);
      expect(await test.log.state("a")).to.include({ first: 4, last: 5 });
      expect(await test.log.state("none")).to.include({ first: 1, last: 0 });
    });

    it("of very many entries is whole at once", async () => {
      await test.appendMany("a", 3_000);
      await test.log.trim("a", 2_990);
      expect(await test.offsetsBefore("a", Infinity)).to.have.length(10);
      await test.appendMany("a", 10);
      await test.log.sweep();
      expect(await test.offsetsBefore("a", Infinity)).to.deep.equal(
        Array.from({ length: 20 }, (_, index) => 2_991 + index),
      );
    });
  });

  describe("reading while entries are let go", () => {
    /** Reads the log at every turn of the event loop while `work` is done, and wants pages with no gap. */
    async function readDuring(work: Promise<unknown>): Promise<number> {
      const progress = { ended: false, pages: 0 };
      const ended = work.finally(() => (progress.ended = true));
      while (!progress.ended) {
        const { state, entries } = await test.log.after("a", 0, ALL);
        expect(entries.map(({ offset }) => offset)).to.deep.equal(
          Array.from({ length: state.last - state.first + 1 }, (_, index) => state.first + index),
        );
        progress.pages += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
      await ended;
      return progress.pages;
    }

    it("by count shows no gap", async () => {
      test.options.kept = { count: 40, age: Infinity };
      const rounds = async () => {
        for (let round = 0; round < 30; round++) await test.appendMany("a", 40);
      };
      expect(await readDuring(rounds())).to.be.greaterThan(0);
    });

    it("by trimming shows no gap", async () => {
      const rounds = async () => {
        for (let round = 1; round <= 15; round++) {
          await test.appendMany("a", 80);
          await test.log.trim("a", round * 80 - 5);
        }
      };
      expect(await readDuring(rounds())).to.be.greaterThan(0);
    });
  });

  describe("retention", () => {
    it("by count keeps the newest, and lets go no younger and fewer", async () => {
      test.options.kept = { count: 100, age: Infinity };
      await test.appendMany("a", 500);
      const { first, last } = await test.log.state("a");
      expect(last).to.equal(500);
      expect(last - first + 1).to.be.within(100, 110);
      expect((await test.log.after("a", 0, ALL)).entries[0]?.offset).to.equal(first);
    });

    it("by a count of 0 keeps nothing, but its offsets and keys", async () => {
      test.options.kept = { count: 0, age: Infinity };
      await test.append("a", 1, { key: "k" });
      expect(await test.valuesAfter("a")).to.be.empty;
      expect(await test.log.state("a")).to.include({ first: 2, last: 1 });
      expect((await test.append("a", 2, { key: "k" })).duplicate).to.be.true;
      expect((await test.append("a", 2)).position.offset).to.equal(2);
    });

    it("by age never shows what is past it, and keeps what is younger", async () => {
      test.options.kept = { count: Infinity, age: MINUTE };
      await test.append("a", "old");
      test.options.time += MINUTE - 1;
      expect(await test.valuesAfter("a")).to.deep.equal(["old"]);
      await test.append("a", "young");
      test.options.time += 1;
      expect(await test.valuesAfter("a")).to.deep.equal(["young"]);
      expect(await test.offsetsBefore("a", Infinity)).to.deep.equal([2]);
      expect(await test.log.state("a")).to.include({ first: 2, last: 2 });
    });

    it("by age leaves no gap where the clock was set back between two appends", async () => {
      test.options.kept = { count: Infinity, age: MINUTE };
      await test.append("a", 1);
      test.options.wrong = -MINUTE;
      await test.append("a", 2);
      await test.append("a", 3);
      test.options.wrong = 0;
      test.options.time += MINUTE - 1;
      expect(await test.valuesAfter("a")).to.deep.equal([1, 2, 3]);
      test.options.time += 1;
      expect(await test.valuesAfter("a")).to.be.empty;
    });

    it("finds the oldest that is young enough among many, at every place", async () => {
      test.options.kept = { count: Infinity, age: 100 };
      const start = test.options.time;
      for (let index = 0; index < 70; index++) {
        test.options.time = start + index;
        await test.append("a", index);
      }
      for (const gone of [0, 1, 2, 3, 7, 30, 31, 32, 62, 69, 70]) {
        test.options.time = start + 99 + gone;
        expect(await test.log.state("a")).to.include({ first: gone + 1, last: 70 });
        expect((await test.log.after("a", 0, ALL)).entries).to.have.length(70 - gone);
      }
    });

    it("is that of each log's name", async () => {
      test.options.retentions.set("short", { count: 2, age: Infinity });
      await test.appendMany("short", 5);
      await test.appendMany("long", 5);
      expect(await test.valuesAfter("short")).to.deep.equal([4, 5]);
      expect(await test.valuesAfter("long")).to.have.length(5);
    });
  });

  describe("sweep", () => {
    it("changes nothing that can be read", async () => {
      test.options.kept = { count: 50, age: MINUTE };
      await test.appendMany("a", 80);
      test.options.time += MINUTE / 2;
      await test.appendMany("a", 10);
      const before = await test.log.after("a", 0, ALL);
      await test.log.sweep();
      expect(await test.log.after("a", 0, ALL)).to.deep.equal(before);
    });

    it("keeps offsets and epoch of a log that is empty, for 30 days beyond its age", async () => {
      test.options.kept = { count: Infinity, age: DAY };
      const { position } = await test.append("a", 1);
      test.options.time += 31 * DAY;
      await test.log.sweep();
      expect(await test.log.state("a")).to.deep.equal({ epoch: position.epoch, first: 2, last: 1 });
    });

    it("forgets such a log after that, and its name begins anew in another epoch", async () => {
      test.options.kept = { count: Infinity, age: DAY };
      const { position } = await test.append("a", 1);
      test.options.time += 31 * DAY + 1;
      await test.log.sweep();
      const state = await test.log.state("a");
      expect(state).to.include({ first: 1, last: 0 });
      expect(state.epoch).not.to.equal(position.epoch);
      expect(await test.append("a", 1)).to.deep.include({ position: { epoch: state.epoch, offset: 1 } });
      await test.restart();
      if (test.outlastsRestart) expect((await test.log.state("new")).epoch).to.equal(state.epoch);
    });

    it("that forgets a log leaves the epochs of all others", async () => {
      test.options.retentions.set("a", { count: Infinity, age: DAY });
      await test.append("a", 1);
      const { position } = await test.append("b", 1);
      test.options.time += 31 * DAY + 1;
      await test.log.sweep();
      expect(await test.log.list("", "", 10)).to.have.length(1);
      expect((await test.append("b", 2)).position).to.deep.equal({ epoch: position.epoch, offset: 2 });
    });

    it("never forgets a log that keeps something, or whose entries have no age", async () => {
      test.options.retentions.set("trimmed", FOREVER);
      test.options.retentions.set("kept", FOREVER);
      await test.append("trimmed", 1);
      await test.append("kept", 1);
      await test.log.trim("trimmed", 1);
      test.options.time += 1_000 * DAY;
      await test.log.sweep();
      expect(await test.log.state("trimmed")).to.include({ first: 2, last: 1 });
      expect(await test.valuesAfter("kept")).to.deep.equal([1]);
    });

    it("goes through more logs than it looks at in one turn", async () => {
      test.options.kept = { count: Infinity, age: DAY };
      const names = Array.from({ length: 1_200 }, (_, index) => `log ${index}`);
      await Promise.all(names.map((name) => test.append(name, 1)));
      test.options.time += 31 * DAY + 1;
      await test.append("log 77", 2);
      await test.log.sweep();
      expect((await test.log.list("", "", 10)).map(({ name }) => name)).to.deep.equal(["log 77"]);
    });
  });
});
