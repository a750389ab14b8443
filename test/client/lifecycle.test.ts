import type { Heartbeat } from "../../clients/typescript/src/transport.js";
import { expect } from "chai";
import { Lifecycle, type Effect, type LifecycleSettings } from "../../clients/typescript/src/lifecycle.js";

const SETTINGS: LifecycleSettings = {
  reconnection: true,
  reconnectionAttempts: Infinity,
  reconnectionDelay: 1000,
  reconnectionDelayMax: 5000,
  randomizationFactor: 0,
  timeout: 20_000,
};

/** What is to be done, in few words. */
function words(effects: Effect[]): string[] {
  return effects.map((effect) => {
    switch (effect.do) {
      case "start":
        return `start ${effect.timer} ${effect.ms}`;
      case "stop":
        return `stop ${effect.timer}`;
      case "hangUp":
        return effect.abrupt ? "hangUp abruptly" : "hangUp";
      case "announce":
        return effect.what.event + ("final" in effect.what && effect.what.final ? " (final)" : "");
      case "answer":
        return effect.error ? "answer error" : "answer";
      default:
        return effect.do;
    }
  });
}

function fresh(settings: Partial<LifecycleSettings> = {}): Lifecycle {
  return new Lifecycle({ ...SETTINGS, ...settings }, () => 0);
}

function opened(settings: Partial<LifecycleSettings> = {}, heartbeat: Heartbeat = "asked"): Lifecycle {
  const it = fresh(settings);
  it.open(true);
  it.opened(0, heartbeat);
  return it;
}

describe("client: session, opening", () => {
  it("dials, and limits the time for it", () => {
    expect(words(fresh().open(true))).to.deep.equal(["stop retry", "start dial 20000", "dial"]);
    expect(words(fresh({ timeout: false }).open(true))).to.deep.equal(["stop retry", "dial"]);
  });

  it("does nothing more while it is opening or open", () => {
    const it = fresh();
    it.open(true);
    expect(it.open(true)).to.deep.equal([]);
    it.opened(0, "asked");
    expect(it.open(true)).to.deep.equal([]);
  });

  it("tells that it is open", () => {
    const it = fresh();
    it.open(true);
    expect(words(it.opened(0, "asked"))).to.deep.equal([
      "stop dial",
      "start heartbeat 25000",
      "open",
      "answer",
    ]);
  });

  it("retries a first attempt that failed, unless somebody takes care of it", () => {
    const cared = fresh();
    cared.open(false);
    expect(words(cared.failed(new Error("x"), false))).to.deep.equal([
      "stop dial",
      "hangUp",
      "error",
      "answer error",
    ]);
    const it = fresh();
    it.open(true);
    expect(words(it.failed(new Error("x"), false))).to.deep.equal([
      "stop dial",
      "hangUp",
      "start retry 1000",
      "error",
      "answer error",
    ]);
  });

  it("gives an attempt up that takes too long", () => {
    const it = fresh();
    it.open(true);
    expect(words(it.expired("dial", 20_000))).to.include.members([
      "hangUp abruptly",
      "error",
      "start retry 1000",
    ]);
  });

  it("does not retry a failure that is final", () => {
    const it = fresh();
    it.open(true);
    const effects = words(it.failed(new Error("401"), true));
    expect(effects).to.include("error (final)").and.not.include("start retry 1000");
    expect(it.phase).to.equal("closed");
  });
});

describe("client: session, reconnecting", () => {
  it("waits, longer each time, tells of each attempt before it dials, and begins anew once open", () => {
    const it = opened();
    expect(words(it.lost("transport close", undefined, false, 0))).to.deep.equal([
      "stop heartbeat",
      "hangUp",
      "start retry 1000",
      "close",
    ]);
    for (const delay of [2000, 4000, 5000, 5000]) {
      expect(words(it.expired("retry", 0))).to.deep.equal(["start dial 20000", "reconnect_attempt", "dial"]);
      const failed = words(it.failed(new Error("x"), false));
      expect(failed).to.include(`start retry ${delay}`);
      expect(failed.at(-1)).to.equal("reconnect_error");
    }
    it.expired("retry", 0);
    expect(words(it.opened(0, "asked")).slice(2)).to.deep.equal(["open", "answer", "reconnect"]);
    it.accepted(25_000, 20_000, 0);
    expect(words(it.lost("transport close", undefined, false, 10_000))).to.include("start retry 1000");
  });

  it("waits longer each time for a server that accepts and closes at once (8.4)", () => {
    const it = opened();
    for (const delay of [1000, 2000, 4000, 5000]) {
      it.accepted(25_000, 20_000, 0);
      expect(words(it.lost("transport close", undefined, false, 9_999))).to.include(`start retry ${delay}`);
      it.expired("retry", 0);
      it.opened(0, "asked");
    }
    // One that accepts no namespace does not count as a connection, however long it lasts.
    expect(words(it.lost("transport close", undefined, false, 60_000))).to.include("start retry 5000");
  });

  it("does not come back before the server wants it (1.6), nor in the same instant as others who were told the same", () => {
    for (const [random, delay] of [
      [0, 8_000],
      [0.5, 8_250],
    ] as const) {
      const it = new Lifecycle({ ...SETTINGS, randomizationFactor: 0.5 }, () => random);
      it.open(true);
      const effects = it.failed(new Error("503"), false, { notBefore: 7_000 });
      expect(words(effects)).to.include(`start retry ${delay}`);
    }
  });

  it("gives up after the attempts that it may make", () => {
    const it = opened({ reconnectionAttempts: 1 });
    it.lost("transport close", undefined, false, 0);
    it.expired("retry", 0);
    expect(words(it.failed(new Error("x"), false))).to.include("reconnect_failed");
    expect(it.phase).to.equal("closed");
    expect(it.reconnecting).to.equal(false);
  });

  it("stays closed after an end that is final, or where reconnection is off", () => {
    const told = opened();
    expect(words(told.lost("transport close", undefined, true, 0))).to.deep.equal([
      "stop heartbeat",
      "hangUp",
      "close (final)",
    ]);
    const off = opened({ reconnection: false });
    expect(words(off.lost("transport close", undefined, false, 0)).at(-1)).to.equal("close");
    expect([told.phase, off.phase]).to.deep.equal(["closed", "closed"]);
  });

  it("does not dial when reconnection was turned off meanwhile", () => {
    const settings = { ...SETTINGS };
    const it = new Lifecycle(settings, () => 0);
    it.open(true);
    it.opened(0, "asked");
    it.lost("transport close", undefined, false, 0);
    settings.reconnection = false;
    expect(it.expired("retry", 0)).to.deep.equal([]);
    expect(it.phase).to.equal("closed");
    expect(words(it.open(true))).to.include("dial");
  });

  it("dials at once when asked to while it waits, and counts that as reconnecting", () => {
    const it = opened();
    it.lost("transport close", undefined, false, 0);
    expect(words(it.open(true))).to.deep.equal(["stop retry", "start dial 20000", "dial"]);
    expect(words(it.opened(0, "asked")).at(-1)).to.equal("reconnect");
  });

  it("closes in every phase, stops all timers, and does nothing when it is closed", () => {
    for (const phase of ["opening", "open", "waiting"] as const) {
      const it = fresh();
      it.open(true);
      if (phase !== "opening") it.opened(0, "asked");
      if (phase === "waiting") it.lost("transport close", undefined, false, 0);
      expect(it.phase).to.equal(phase);
      const effects = words(it.close());
      expect(effects).to.include.members(["stop dial", "stop retry", "stop heartbeat", "hangUp", "close"]);
      expect(it.phase).to.equal("closed");
      expect(it.close()).to.deep.equal([]);
    }
  });

  it("changes its turn with every change of phase, and with nothing else", () => {
    const it = fresh();
    const turns = [it.generation];
    it.open(true);
    turns.push(it.generation);
    it.opened(0, "asked");
    turns.push(it.generation);
    it.accepted(25_000, 20_000, 0);
    it.heard(5);
    turns.push(it.generation);
    it.close();
    turns.push(it.generation);
    expect(turns).to.deep.equal([0, 1, 2, 2, 3]);
  });

  it("ignores what comes too late", () => {
    const it = fresh();
    expect(it.opened(0, "asked")).to.deep.equal([]);
    expect(it.lost("transport close", undefined, false, 0)).to.deep.equal([]);
    expect(it.failed(new Error("x"), false)).to.deep.equal([]);
    expect(it.expired("dial", 0)).to.deep.equal([]);
    expect(it.expired("retry", 0)).to.deep.equal([]);
    expect(it.expired("heartbeat", 0)).to.deep.equal([]);
    expect(it.accepted(1, 1, 0)).to.deep.equal([]);
  });
});

describe("client: session, heartbeat (6.2)", () => {
  it("without sight of pings, asks after pingInterval of silence, and is dead a pingTimeout later", () => {
    const it = opened();
    expect(words(it.accepted(25_000, 20_000, 0))).to.deep.equal(["start heartbeat 25000"]);
    expect(words(it.expired("heartbeat", 25_000))).to.deep.equal(["ping", "start heartbeat 20000"]);
    const end = words(it.expired("heartbeat", 45_000));
    expect(end).to.deep.equal(["stop heartbeat", "hangUp abruptly", "start retry 1000", "close"]);
  });

  it("takes anything that is heard for a sign of life", () => {
    const it = opened();
    it.accepted(25_000, 20_000, 0);
    it.heard(10_000);
    expect(words(it.expired("heartbeat", 25_000))).to.deep.equal(["start heartbeat 10000"]);
    expect(words(it.expired("heartbeat", 35_000))).to.include("ping");
    it.heard(36_000);
    expect(words(it.expired("heartbeat", 55_000))).to.deep.equal(["start heartbeat 6000"]);
  });

  it("with sight of pings, asks nothing, and is dead after pingInterval + pingTimeout of silence", () => {
    const it = opened({}, "heard");
    expect(words(it.accepted(25_000, 20_000, 0))).to.deep.equal(["start heartbeat 45000"]);
    it.heard(25_000);
    expect(words(it.expired("heartbeat", 45_000))).to.deep.equal(["start heartbeat 25000"]);
    expect(words(it.expired("heartbeat", 70_000))).to.include("close");
  });

  it("asks before it takes silence for death, though a timer was late (a throttled page)", () => {
    const it = opened();
    it.accepted(25_000, 20_000, 0);
    expect(it.hasExpired(3_600_000)).to.equal(false);
    expect(words(it.expired("heartbeat", 3_600_000))).to.include("ping");
    expect(it.hasExpired(3_619_999)).to.equal(false);
    expect(it.hasExpired(3_620_000)).to.equal(true);
  });

  it("knows a connection for dead before the late timer says so", () => {
    const it = opened({}, "heard");
    it.accepted(25_000, 20_000, 0);
    expect(it.hasExpired(44_999)).to.equal(false);
    expect(it.hasExpired(45_000)).to.equal(true);
  });

  it("begins with Socket.IO's defaults, and goes on at the pace that the server says", () => {
    const it = opened();
    expect(words(it.expired("heartbeat", 25_000))).to.deep.equal(["ping", "start heartbeat 20000"]);
    it.heard(25_001);
    expect(words(it.accepted(100, 50, 25_001))).to.deep.equal(["start heartbeat 100"]);
    expect(words(it.expired("heartbeat", 25_101))).to.deep.equal(["ping", "start heartbeat 50"]);
  });
});
