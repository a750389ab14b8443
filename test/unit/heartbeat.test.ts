import { expect } from "chai";
import { Heartbeat } from "../../bridge/heartbeat.js";

const TIMES = { pingInterval: 100, pingTimeout: 40 };

describe("a heartbeat", () => {
  it("pings after pingInterval, and again, as long as the client is heard", () => {
    const heartbeat = new Heartbeat(TIMES, 0);
    expect([heartbeat.look(99, 0, 0), heartbeat.look(100, 0, 0)]).to.deep.equal([100, "ping"]);
    expect(heartbeat.pinged(100, 0)).to.equal(140);
    heartbeat.heard(120);
    expect([heartbeat.look(140, 0, 0), heartbeat.look(200, 0, 0)]).to.deep.equal([200, "ping"]);
  });

  it("finds one dead that says nothing within pingTimeout of a ping", () => {
    const heartbeat = new Heartbeat(TIMES, 0);
    heartbeat.pinged(100, 0);
    expect([heartbeat.look(139, 0, 0), heartbeat.look(140, 0, 0)]).to.deep.equal([140, "dead"]);
  });

  it("takes bytes for a sign of life, and waits while nothing is read", () => {
    const slow = new Heartbeat(TIMES, 0);
    slow.pinged(100, 10);
    expect(slow.look(140, 11, 0)).to.equal(200);
    const paused = new Heartbeat(TIMES, 0);
    paused.pinged(100, 10);
    expect(paused.look(140, 10, 140)).to.equal(200);
  });

  it("begins anew with a first ping at another time", () => {
    const heartbeat = new Heartbeat(TIMES, 0);
    heartbeat.restart(1_000, 5);
    expect(heartbeat.nextPing).to.equal(1_005);
    expect([heartbeat.look(1_004, 0, 0), heartbeat.look(1_005, 0, 0)]).to.deep.equal([1_005, "ping"]);
  });
});
