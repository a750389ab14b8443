import { expect } from "chai";
import { ProtocolError } from "../../clients/typescript/src/errors.js";
import { connectedRig, rig } from "./support/rig.js";

const never = (): never => {
  throw new Error("called");
};

describe("client: acks that do not come", () => {
  it("time out, and what has not left then never leaves", () => {
    const { clock, ws, socket } = rig();
    const { socket: it } = socket();
    const errors: unknown[] = [];
    it.timeout(500).emit("a", (error: Error | null) => errors.push(error?.message));
    clock.advance(500);
    expect(errors).to.deep.equal(["operation has timed out"]);
    ws().open().accept();
    expect(ws().sent).to.deep.equal([]);
  });

  it("give null for the error when they do come in time", () => {
    const { clock, ws, it } = connectedRig({ ackTimeout: 500 });
    const answers: unknown[][] = [];
    it.emit("a", (...args: unknown[]) => answers.push(args));
    ws().receive({ type: "ack", id: 0, args: ["yes"] });
    clock.advance(1000);
    expect(answers).to.deep.equal([[null, "yes"]]);
  });

  it("fail when the connection is lost, those that want errors; the others are dropped", async () => {
    const { ws, it } = connectedRig();
    it.emit("a", never);
    const promise = it.emitWithAck("b").catch((error: unknown) => (error as Error).message);
    ws().fire("close", { code: 1006 });
    expect(await promise).to.equal("socket has been disconnected");
  });

  it("are still to come for events that have not left", async () => {
    const { clock, ws, it } = connectedRig();
    ws().fire("close", { code: 1006 });
    const promise = it.emitWithAck("later");
    clock.advance(1000);
    ws().open().fire("close", { code: 1006 });
    clock.advance(2000);
    ws().open().accept();
    ws().receive({ type: "ack", id: ws().take()["id"], args: ["answer"] });
    expect(await promise).to.equal("answer");
  });

  it("fail with the server's error frame for their event (7.1), which the manager tells as well", async () => {
    const { ws, it, told } = connectedRig();
    const promise = it.emitWithAck("a").catch((error: unknown) => error);
    ws().receive({ type: "error", code: "namespace_closed", message: "gone", id: 0 });
    const error = await promise;
    expect(error).to.be.instanceOf(ProtocolError).and.include({ code: "namespace_closed", id: 0 });
    expect(told.rest()).to.deep.equal([["error", error]]);
  });

  it("are asked for again with retries, one event at a time", () => {
    const { clock, ws, it } = connectedRig({ retries: 1, ackTimeout: 100 });
    const done: unknown[][] = [];
    it.emit("a", (...args: unknown[]) => done.push(["a", ...args]));
    it.emit("b", (...args: unknown[]) => done.push(["b", ...args]));
    expect(ws().take()).to.include({ event: "a", id: 0 });
    clock.advance(100);
    expect(ws().take()).to.include({ event: "a", id: 1 });
    expect(ws().sent).to.deep.equal([]);
    ws().receive({ type: "ack", id: 1, args: ["ok"] });
    expect(ws().take()).to.include({ event: "b", id: 2 });
    clock.advance(100);
    expect(ws().take()).to.include({ event: "b", id: 3 });
    clock.advance(100);
    expect(done[0]).to.deep.equal(["a", null, "ok"]);
    expect(done[1]?.[1]).to.include({ message: "operation has timed out" });
    expect([ws().sent, done.length]).to.deep.equal([[], 2]);
  });

  it("are asked for again after a reconnection", () => {
    const { clock, ws, it } = connectedRig({ retries: 3 });
    const done: unknown[][] = [];
    it.emit("a", (...args: unknown[]) => done.push(args));
    ws().fire("close", { code: 1006 });
    clock.advance(1000);
    ws().open().accept();
    ws().receive({ type: "ack", id: ws().take()["id"], args: ["ok"] });
    expect(done).to.deep.equal([[null, "ok"]]);
  });
});
