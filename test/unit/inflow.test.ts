import { expect } from "chai";
import { costOf, costOfText, Inflow, type Inlet, type Valve } from "../../bridge/inflow.js";
import { until } from "../support/deadline.js";

const KiB = 1024;

describe("bytes that come in", () => {
  let now = 0;
  let inflow: Inflow;
  let inlets: Inlet[] = [];
  let told: string[] = [];

  beforeEach(() => {
    now = 0;
    told = [];
    const ofConnection = { perSecond: 100 * KiB, burst: 200 * KiB };
    inflow = new Inflow({ ofConnection, ofAddress: { perSecond: 150 * KiB, burst: 300 * KiB } }, () => now);
  });

  afterEach(() => {
    for (const inlet of inlets) inlet.close();
    inlets = [];
  });

  function open(address: string, name = address): Inlet {
    const valve: Valve = {
      pause: () => void told.push(`pause ${name}`),
      resume: () => void told.push(`resume ${name}`),
    };
    const inlet = inflow.open(address, valve);
    inlets.push(inlet);
    return inlet;
  }

  it("are let through up to the burst, and paused once beyond it", () => {
    const ada = open("ada");
    ada.count(200 * KiB);
    expect(told).to.deep.equal([]);
    ada.count(1);
    ada.count(1);
    expect(told).to.deep.equal(["pause ada"]);
    expect(ada.isPaused).to.equal(true);
  });

  it("go on when nothing is owed any more, and not before", async () => {
    const ada = open("ada");
    ada.count(201 * KiB);
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).to.deep.equal(["pause ada"]);
    now = 10;
    await until(() => told.length > 1, "the valve is open");
    expect(told).to.deep.equal(["pause ada", "resume ada"]);
  });

  it("may have come up to the end of a pause: until then nobody has looked", async () => {
    const ada = open("ada");
    ada.count(201 * KiB);
    now = 5;
    expect(ada.pausedUntil).to.equal(5);
    now = 10;
    await until(() => !ada.isPaused, "the valve is open");
    now = 1_000;
    expect(ada.pausedUntil).to.equal(10);
  });

  it("of one address are counted together, and those of another by themselves", () => {
    open("ada", "first").count(190 * KiB);
    open("ada", "second").count(190 * KiB);
    open("bob").count(190 * KiB);
    expect(told).to.deep.equal(["pause second"]);
  });

  it("of an address are still owed when its connections are others", () => {
    const first = open("ada", "first");
    first.count(300 * KiB);
    first.close();
    open("ada", "second").count(1);
    expect(told).to.deep.equal(["pause first", "resume first", "pause second"]);
  });

  it("are read to the end of a connection that ends", () => {
    const ada = open("ada");
    ada.count(400 * KiB);
    ada.close();
    ada.count(400 * KiB);
    expect(told).to.deep.equal(["pause ada", "resume ada"]);
  });

  it("count for more where many values are to be made of them", () => {
    for (const text of ["", "hello", '{"a":[1,2]}', "[[],[],[]]", "дом"]) {
      const values = text.replace(/[^[{,:]/g, "").length;
      expect(costOf(text)).to.equal(text.length + 16 * values);
      expect(costOfText(Buffer.from(text))).to.equal(Buffer.byteLength(text) + 16 * values);
    }
    expect(costOf(Buffer.from("[[[["))).to.equal(4);
    expect(costOf(undefined)).to.equal(0);
  });
});
