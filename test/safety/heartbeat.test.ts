import { expect } from "chai";
import { within } from "../support/deadline.js";
import { clientFrame, Opcode } from "../support/wire.js";
import { BridgeServer, stopServers } from "./support/bridge-server.js";

/** Milliseconds. */
const SHORT = { pingInterval: 60, pingTimeout: 60 };

afterEach(stopServers);

describe("the heartbeat (PROTOCOL.md, 6.1)", () => {
  it("finds a client that neither answers pings nor closes, and cuts it off if it answers no close either", async () => {
    const server = await BridgeServer.start({ ...SHORT, closeTimeout: 100 });
    const { ws, socket } = await server.connect();
    const ended = new Promise<string>((resolve) => socket.once("disconnect", resolve));
    ws.socket.pause();
    expect(await within(ended, "the end")).to.equal("ping timeout");
    await server.idle();
  });

  it("sends a ping every pingInterval, and keeps a client that answers", async () => {
    const server = await BridgeServer.start(SHORT);
    const { ws, socket } = await server.connect();
    ws.answersPings = false;
    for (let times = 0; times < 5; times++) {
      const ping = await ws.frame("a ping");
      expect(ping.opcode).to.equal(Opcode.PING);
      ws.write(clientFrame({ opcode: Opcode.PONG, payload: ping.payload }));
    }
    expect(socket.connected).to.be.true;
  });

  it("keeps a client that answers no ping but sends `ping` frames", async () => {
    const server = await BridgeServer.start(SHORT);
    const { ws, socket } = await server.connect();
    ws.answersPings = false;
    // The fifth ping of the server's says that four were let pass.
    for (let pings = 0; pings < 5;) {
      const { opcode } = await ws.frame("a ping");
      if (opcode !== Opcode.PING) continue;
      pings++;
      ws.send({ type: "ping" });
    }
    expect(socket.connected).to.be.true;
  });

  it("keeps a client whose one large frame is long under way", async () => {
    const server = await BridgeServer.start(SHORT);
    const { ws, socket } = await server.connect();
    ws.answersPings = false;
    const got = new Promise<string>((resolve) => socket.once("large", resolve));
    const text = JSON.stringify({ type: "event", event: "large", args: ["x".repeat(2_000)] });
    const bytes = clientFrame({ opcode: Opcode.TEXT, payload: text });
    const since = Date.now();
    let sent = 0;
    // A byte at a time: the whole takes several times as long as the server waits for a sign of life.
    const trickle = setInterval(() => {
      const end = Date.now() - since > 4 * (SHORT.pingInterval + SHORT.pingTimeout) ? bytes.length : sent + 1;
      ws.write(bytes.subarray(sent, end));
      sent = end;
      if (sent === bytes.length) clearInterval(trickle);
    }, 10);
    expect(await within(got, "the event")).to.have.length(2_000);
  });

  it("tells the client its times in `connected`, and takes them from Socket.IO unless they are set", async () => {
    const server = await BridgeServer.start(
      { pingTimeout: 3_000 },
      { pingInterval: 4_000, pingTimeout: 5_000 },
    );
    const ws = await server.open();
    ws.send({ type: "connect" });
    expect(await ws.json()).to.include({ pingInterval: 4_000, pingTimeout: 3_000 });
  });
});
