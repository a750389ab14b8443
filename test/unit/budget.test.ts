import { expect } from "chai";
import { Budget } from "../../server/limits/budget.js";
import { DEFAULT_RATES, ratesOf } from "../../server/limits/rates.js";
import { sizeOf } from "../../server/api/size.js";

describe("a budget", () => {
  let now = 0;
  let budget: Budget;
  const rates = { ...DEFAULT_RATES, readsOfUser: { perSecond: 10, burst: 3 } };
  const read = (amount = 1) => budget.take([{ rate: "readsOfUser", of: "ada", amount }]);

  beforeEach(() => {
    now = 0;
    budget = new Budget(rates, () => now);
  });

  it("gives a burst, and then says when there is more", () => {
    for (let n = 0; n < 3; n++) expect(read()).to.equal(undefined);
    expect(read()).to.equal(100);
    now = 99;
    expect(read()).to.equal(1);
    now = 100;
    expect(read()).to.equal(undefined);
    expect(read()).to.equal(100);
  });

  it("takes all charges or none, and says when all can be had", () => {
    const join = { rate: "joinsOfUser", of: "ada", amount: 1 } as const;
    for (let n = 0; n < 3; n++) read();
    for (let n = 0; n < 1_000; n++) {
      expect(budget.take([join, { rate: "readsOfUser", of: "ada", amount: 1 }])).to.equal(100);
    }
    expect(budget.take([join])).to.equal(undefined);
  });

  it("lets what was read be owed, and pays nothing out until it is paid back", () => {
    budget.owe([{ rate: "readsOfUser", of: "ada", amount: 13 }]);
    expect(read(0)).to.equal(1_000);
    now = 1_000;
    expect(read(0)).to.equal(undefined);
  });

  it("counts each for itself, and forgets who has all again", () => {
    for (let n = 0; n < 3; n++) read();
    expect(budget.take([{ rate: "readsOfUser", of: "ben", amount: 3 }])).to.equal(undefined);
    budget.tidy();
    expect(read()).to.equal(100);
    now = 1_000;
    budget.tidy();
    expect(read(3)).to.equal(undefined);
  });
});

describe("the rates that hold", () => {
  const limits = { messagesPerSecond: 100, messageBytes: 65_536 };

  it("are the defaults, where nothing is set", () => {
    expect(ratesOf({}, limits)).to.deep.equal(DEFAULT_RATES);
  });

  it("of what is sent grow with messagesPerSecond, but for those that are set", () => {
    const set = { messagesOfRoom: { perSecond: 7, burst: 8 } };
    const rates = ratesOf(set, { ...limits, messagesPerSecond: 1_000 });
    expect(rates.messagesOfUser).to.deep.equal({ perSecond: 1_000, burst: 2_000 });
    expect(rates.messagesOfRoom).to.deep.equal({ perSecond: 7, burst: 8 });
    expect(rates.readsOfUser).to.deep.equal(DEFAULT_RATES.readsOfUser);
  });
});

describe("the size of a message", () => {
  it("is that of its JSON, with binary as it is", () => {
    for (const value of [null, 0, -1.5, "é\n", [], {}, [1, [2, "x"]], { a: { b: [null, true] }, c: "" }]) {
      expect(sizeOf(value)).to.deep.equal({ bytes: Buffer.byteLength(JSON.stringify(value)), binaries: 0 });
    }
    expect(sizeOf([Buffer.alloc(10), new Uint8Array(5)])).to.deep.equal({ bytes: 18, binaries: 2 });
  });
});
