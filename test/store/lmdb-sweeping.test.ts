import { expect } from "chai";
import { openLmdbStore } from "../../server/store/lmdb/lmdb-store.js";
import type { Log } from "../../server/store/log.js";
import type { Store } from "../../server/store/store.js";
import { DataFolder } from "./support/folder.js";
import { ALL, DAY, KEY_WINDOW, MINUTE, TestOptions } from "./support/options.js";

/** An options' clock that counts how often it is asked: every batch asks it. */
class CountedOptions extends TestOptions {
  asked = 0;
  /** Milliseconds that pass each time. */
  step = 0;
  override readonly now = (): number => {
    this.asked += 1;
    this.time += this.step;
    return this.time;
  };
}

describe("what a store in LMDB deletes", () => {
  const folder = new DataFolder();
  let options: CountedOptions;
  let log: Log;
  let store: Store;

  beforeEach(async () => {
    options = new CountedOptions();
    store = await openLmdbStore(folder.path, options);
    folder.finally(() => store.close());
    ({ log } = store);
  });

  const appendMany = (name: string, count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        log.append(name, { value: index, at: options.time, key: `${options.time} ${index}` }),
      ),
    );

  it("is, as logs go on, about all that they let go", async () => {
    options.kept = { count: 100, age: Infinity };
    for (let round = 0; round < 20; round++) await appendMany("a", 100);
    expect(await folder.rows("entries")).to.be.within(100, 300);
  });

  it("is, after a sweep, all that logs have let go, by count, by age and by trimming", async () => {
    options.retentions.set("count", { count: 10, age: Infinity });
    options.retentions.set("age", { count: Infinity, age: DAY });
    for (const name of ["count", "age", "trimmed"]) await appendMany(name, 1_500);
    await log.trim("trimmed", 1_480);
    options.time += DAY;
    await log.sweep();
    expect(await folder.rows("entries")).to.equal(10 + 0 + 20);
    expect(await folder.rows("heads")).to.equal(3);
  });

  it("is every key that is past its window and some minutes, after a sweep, and before it as appends go on", async () => {
    await appendMany("a", 1_000);
    options.time += 2 * KEY_WINDOW;
    await appendMany("a", 600);
    expect(await folder.rows("ids")).to.equal(600);
    options.time += 2 * KEY_WINDOW;
    await log.sweep();
    expect(await folder.rows("ids")).to.equal(0);
  });

  it("is never what a reader may still see, though the clock goes on within a batch", async () => {
    options.kept = { count: Infinity, age: 2_000 };
    options.step = 1;
    for (let round = 0; round < 100; round++) {
      await Promise.all([appendMany("a", 20), appendMany("b", 20)]);
      const { state, entries } = await log.after("a", 0, ALL);
      expect(entries).to.have.length(state.last - state.first + 1);
    }
    expect((await log.state("a")).first).to.be.greaterThan(100);
    expect(await folder.rows("entries")).to.be.below(2_000);
  });

  /** How often it was asked what a log keeps, which is asked of each that is looked at. */
  const countLooks = () => {
    const looks = { count: 0 };
    options.retentions.get = () => {
      looks.count += 1;
      return undefined;
    };
    return looks;
  };

  it("is looked for in all logs once an hour, and not each time, where nothing comes of age", async () => {
    options.kept = { count: 10, age: DAY };
    for (let n = 0; n < 200; n++) await log.append(`idle ${n}`, { value: n, at: options.time });
    const looks = countLooks();
    const sweep = async () => {
      const before = looks.count;
      await log.sweep();
      return looks.count - before;
    };
    expect(await sweep()).to.be.at.least(200);
    for (let minute = 1; minute < 60; minute++) {
      options.time += MINUTE;
      expect(await sweep()).to.equal(0);
    }
    options.time += MINUTE;
    expect(await sweep()).to.be.at.least(200);
  });

  it("is looked at in so many logs at a time, and others have their turn between", async () => {
    options.kept = { count: 10, age: DAY };
    for (let n = 0; n < 1_500; n += 500) {
      await Promise.all(
        Array.from({ length: 500 }, (_, m) => log.append(`idle ${n + m}`, { value: n, at: options.time })),
      );
    }
    const looks = countLooks();
    const state = { isOver: false };
    const sweeping = log.sweep().finally(() => (state.isOver = true));
    const perTick: number[] = [];
    while (!state.isOver) {
      const before = looks.count;
      await new Promise((resolve) => setImmediate(resolve));
      perTick.push(looks.count - before);
    }
    await sweeping;
    expect(looks.count).to.be.at.least(1_500);
    expect(Math.max(...perTick)).to.be.below(1_500);
  });

  it("is what has come of age, a minute later at most, whatever the age, and whenever it was appended", async () => {
    const ages = [5 * MINUTE, 59 * MINUTE, 65 * MINUTE, 3 * 60 * MINUTE];
    for (const age of ages) options.retentions.set(`for ${age}`, { count: Infinity, age });
    const kept: { until: number }[] = [];
    for (let minute = 0; minute < 7 * 60; minute++) {
      options.time += MINUTE;
      if (minute % 7 === 0 && minute < 3 * 60) {
        for (const age of ages) {
          await log.append(`for ${age}`, { value: minute, at: options.time });
          kept.push({ until: options.time + age });
        }
      }
      await log.sweep();
      if (minute % 20 === 0)
        expect(await folder.rows("entries")).to.equal(
          kept.filter(({ until }) => until > options.time).length,
        );
    }
    expect(await folder.rows("entries")).to.equal(0);
  }).timeout(30_000);

  it("is what has come of age while the machine was down, as soon as the clock knows of it", async () => {
    options.kept = { count: Infinity, age: DAY };
    await appendMany("a", 50);
    await log.sweep();
    await store.close();
    options.time += 2 * DAY;
    options.boot = "another";
    options.started = options.time;
    store = await openLmdbStore(folder.path, options);
    ({ log } = store);
    for (let minute = 0; minute < 59; minute++) {
      options.time += MINUTE;
      await log.sweep();
    }
    expect(await folder.rows("entries")).to.equal(50);
    for (let minute = 0; minute < 3; minute++) {
      options.time += MINUTE;
      await log.sweep();
    }
    expect(await folder.rows("entries")).to.equal(0);
  });

  it("is a log that is forgotten", async () => {
    options.kept = { count: 10, age: DAY };
    await appendMany("a", 400);
    options.time += 40 * DAY;
    await log.sweep();
    expect(await folder.rows("entries")).to.equal(0);
    expect(await folder.rows("heads")).to.equal(0);
  });

  it("is not looked for when there is nothing, be it after a sweep or after many appends", async () => {
    const askedForTenAppends = async () => {
      const before = options.asked;
      for (let count = 0; count < 10; count++) await log.append("b", { value: count, at: options.time });
      return options.asked - before;
    };
    const atFirst = await askedForTenAppends();
    options.retentions.set("a", { count: 10, age: DAY });
    await appendMany("a", 400);
    await log.append("b", { value: 1, at: options.time });
    const afterAppends = await askedForTenAppends();
    options.time += 40 * DAY;
    await log.sweep();
    // The owner asks too, by its timer and when time has passed.
    expect(await askedForTenAppends()).to.be.within(atFirst - 3, atFirst + 3);
    expect(afterAppends).to.be.within(atFirst - 3, atFirst + 3);
  });
});
