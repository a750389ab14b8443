import { expect } from "chai";
import { connectedRig, rig } from "./support/rig.js";

describe("client: credentials", () => {
  it("are asked for anew at every connect", () => {
    let asked = 0;
    const { clock, ws, socket } = rig();
    socket("/", { auth: (callback) => callback({ n: ++asked }) });
    expect(ws().open().accept()).to.deep.include({ auth: { n: 1 } });
    ws().fire("close", { code: 1006 });
    clock.advance(1000);
    expect(ws().open().accept()).to.deep.include({ auth: { n: 2 } });
  });

  it("may come from an async function", async () => {
    const { ws, socket } = rig();
    const { socket: it } = socket("/", { auth: () => Promise.resolve({ token: "t" }) });
    ws().open();
    await Promise.resolve();
    expect(ws().accept()).to.deep.include({ auth: { token: "t" } });
    expect(it.connected).to.equal(true);
  });

  it("that come too late, for a connection that is gone, are dropped", () => {
    const callbacks: ((data: object) => void)[] = [];
    const { clock, ws, socket } = rig();
    socket("/", { auth: (callback) => void callbacks.push(callback as (data: object) => void) });
    ws().open().fire("close", { code: 1006 });
    clock.advance(1000);
    ws().open();
    callbacks[0]?.({ n: 1 });
    expect(ws().sent).to.deep.equal([]);
    callbacks[1]?.({ n: 2 });
    callbacks[1]?.({ n: 3 });
    expect(ws().sent).to.deep.equal([{ type: "connect", auth: { n: 2 } }]);
  });

  it("that cannot be had are a connect_error, and asked for again with backoff", async () => {
    let asked = 0;
    const { clock, ws, socket } = rig();
    const other = socket("/other");
    const auth = (): Promise<object> =>
      ++asked < 3 ? Promise.reject(new Error(`no token ${asked}`)) : Promise.resolve({ n: asked });
    const { socket: it, log } = socket("/", { auth });
    ws().open().accept();
    expect((await log.next())[1]).to.include({ message: "no token 1" });
    expect([it.active, clock.pending]).to.deep.equal([true, [1000, 25_000]]);
    clock.advance(1000);
    expect((await log.next())[1]).to.include({ message: "no token 2" });
    clock.advance(2000);
    await Promise.resolve();
    expect(ws().accept()).to.deep.include({ auth: { n: 3 } });
    expect([other.socket.connected, log.names()]).to.deep.equal([true, ["connect"]]);
  });

  it("that could be had again are asked for after the first delay, should they fail once more", async () => {
    let fails = true;
    const auth = (): Promise<object> => (fails ? Promise.reject(new Error("no")) : Promise.resolve({}));
    const { clock, ws, socket } = rig();
    const { log } = socket("/", { auth });
    ws().open();
    await log.next();
    fails = false;
    clock.advance(1000);
    await Promise.resolve();
    ws().accept();
    fails = true;
    ws().fire("close", { code: 1006 });
    clock.advance(1000);
    ws().open();
    expect([await log.next(), (await log.next())[0]]).to.deep.equal([["connect"], "disconnect"]);
    expect((await log.next())[0]).to.equal("connect_error");
    expect(clock.pending).to.deep.equal([1000, 25_000]);
  });

  it("may be larger than the former connection took messages to be", () => {
    const { clock, ws, it } = connectedRig();
    ws().fire("close", { code: 1006 });
    it.auth = { token: "x".repeat(2000) };
    clock.advance(1000);
    expect(ws().open().accept({ maxPayload: 4000 })).to.deep.include({ auth: it.auth });
  });

  it("that no frame can carry are a connect_error, and not asked for again", () => {
    const { clock, ws, socket } = rig();
    const { socket: it, log } = socket("/", { auth: { n: 1n } });
    ws().open();
    expect(log.rest()[0]?.[1]).to.be.instanceOf(TypeError);
    expect([it.active, clock.pending, ws().closedWith]).to.deep.equal([false, [], 1000]);
  });

  it("that cannot be had leave no timer behind after disconnect", async () => {
    const { clock, ws, socket } = rig();
    const { socket: it, log } = socket("/", { auth: () => Promise.reject(new Error("no")) });
    ws().open();
    await log.next();
    it.disconnect();
    expect(clock.pending).to.deep.equal([]);
  });
});
