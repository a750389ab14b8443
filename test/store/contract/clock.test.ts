import { expect } from "chai";
import { ALL, DAY, KEY_WINDOW, MINUTE, TestOptions } from "../support/options.js";
import { describeStores } from "../support/stores.js";

const WEEK = 7 * DAY;

describeStores("a clock that is set", (test) => {
  beforeEach(async () => {
    const options = new TestOptions();
    options.kept = { count: Infinity, age: WEEK };
    await test.open(options);
  });
  afterEach(() => test.dispose());

  const append = (value: string) =>
    test.store.log.append("room", { value, at: test.options.now(), key: value });
  const values = async () => (await test.store.log.after("room", 0, ALL)).entries.map(({ value }) => value);

  for (const [how, wrong] of [
    ["forward by a month", 30 * DAY],
    ["back by a month", -30 * DAY],
  ] as const) {
    it(`${how} for a minute deletes nothing, then or later`, async () => {
      await append("before");
      test.options.wrong = wrong;
      await append("meanwhile");
      await test.store.log.sweep();
      expect(await values()).to.deep.equal(["before", "meanwhile"]);
      await test.restart();
      test.options.time += MINUTE;
      await test.store.log.sweep();
      test.options.wrong = 0;
      await append("after");
      test.options.time += DAY;
      await test.store.log.sweep();
      if (test.outlastsRestart) expect(await values()).to.deep.equal(["before", "meanwhile", "after"]);
    });

    it(`${how} ends no window of a key, and makes none longer`, async () => {
      await append("a");
      test.options.wrong = wrong;
      test.options.time += KEY_WINDOW - 1;
      expect(await append("a")).to.include({ duplicate: true });
      await append("b");
      test.options.wrong = 0;
      expect(await append("b")).to.include({ duplicate: true });
      test.options.time += 1;
      expect(await append("a")).to.include({ duplicate: false });
    });

    it(`${how} ends no revocation`, async () => {
      const until = test.store.clock.now() + DAY;
      await test.store.revocations.add({ type: "token", id: "one" }, until);
      test.options.wrong = wrong;
      test.options.time += 2 * MINUTE;
      await test.store.revocations.add({ type: "token", id: "two" }, until);
      await test.restart();
      if (test.outlastsRestart) expect(test.store.revocations.has({ user: "ada", id: "one" })).to.be.true;
    });
  }

  it("is not what a week is: that deletes", async () => {
    await append("before");
    test.options.time += WEEK;
    expect(await values()).to.be.empty;
  });

  it("is not what a week is in which the machine was down: that deletes an hour after its start", async () => {
    await append("before");
    await test.restart(() => {
      test.options.boot = "next";
      test.options.started = test.options.time += WEEK;
    });
    if (!test.outlastsRestart) return;
    await append("since");
    expect(await values()).to.deep.equal(["before", "since"]);
    test.options.time += 60 * MINUTE;
    await test.store.log.sweep();
    expect(await values()).to.deep.equal(["since"]);
  });
});
