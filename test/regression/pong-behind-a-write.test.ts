import { expect } from "chai";
import { until } from "../support/deadline.js";
import { jsonOf } from "../support/raw-websocket.js";
import { clientFrame, Opcode } from "../support/wire.js";
import { BridgeServer, stopServers } from "../safety/support/bridge-server.js";

/** More than the kernel takes from a server whose client does not read. */
const FILL = "x".repeat(60_000);

describe("regression: a pong that waited behind a write stopped all later messages", () => {
  afterEach(stopServers);

  it("a client that was slow for a while, and was sent a pong meanwhile, gets all that follows", async () => {
    const server = await BridgeServer.start({ maxBufferedBytes: 50_000_000 });
    const { ws, socket } = await server.connect();
    ws.socket.pause();
    let filled = 0;
    const pinged = new Promise((resolve) => socket.conn.on("packet", resolve));
    await until(() => {
      if (filled > 0 && !socket.conn.transport.writable && filled > 100) return true;
      socket.emit("fill", filled++, FILL);
      return false;
    }, "the kernel takes no more");
    ws.write(clientFrame({ opcode: Opcode.PING, payload: "still there" }));
    ws.write(clientFrame({ opcode: Opcode.PONG }));
    await pinged;
    socket.emit("fill", "after");
    ws.socket.resume();
    const messages: unknown[] = [];
    let pong = "";
    while (messages.length <= filled) {
      const frame = await ws.frame("what was sent while it was slow");
      if (frame.opcode === Opcode.PONG) pong = frame.payload.toString();
      else messages.push(jsonOf(frame).args?.[0]);
    }
    expect(pong).to.equal("still there");
    expect(messages).to.deep.equal([...Array(filled).keys(), "after"]);
    await until(() => socket.conn.transport.writable, "the connection is writable again");
    socket.emit("last");
    expect((await ws.json("what was sent later")).event).to.equal("last");
    expect(ws.left).to.be.empty;
  });
});
