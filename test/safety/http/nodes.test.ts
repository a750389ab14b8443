/** Several nodes with nothing before them that leads a session's requests to one (PROTOCOL.md, 12.22; docs/bridge.md). */
import { expect } from "chai";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { until, within } from "../../support/deadline.js";
import { BridgeServer, stopServers } from "../support/bridge-server.js";
import { Caller, errorOf } from "./support/caller.js";

const addresses = new Map<string, string>();
const peers = (node: string): string | undefined => addresses.get(node);

async function startNode(node: string): Promise<BridgeServer> {
  const server = await BridgeServer.start({ http: { node, peers } });
  addresses.set(node, `http://127.0.0.1:${server.port}`);
  return server;
}

describe("nodes that hand requests on to each other", () => {
  afterEach(stopServers);
  afterEach(() => addresses.clear());

  it("serve a session of one through the other: polls, POSTs, streams, and the end", async () => {
    const [a, b] = [await startNode("a"), await startNode("b")];
    const { caller, socket } = await Caller.connect(a);
    socket.on("ask", (n: number, answer: (n: number) => void) => answer(n + 1));
    const other = new Caller(Caller.at(b.port), caller.session);
    expect((await other.post(1, [{ type: "event", event: "ask", args: [1], id: 0 }])).body).to.equal(
      '{"received":2}',
    );
    expect((await other.frames(1, 1))[0]).to.deep.equal({ type: "ack", id: 0, args: [2] });
    const stream = await other.stream(2);
    await stream.until("open");
    socket.emit("news", "é");
    expect((await stream.json()).args).to.deep.equal(["é"]);
    socket.disconnect(true);
    expect((await stream.until("close")).data).to.equal('{"code":4000,"reason":"disconnected"}');
    expect(errorOf(await other.post(2, [{ type: "ping" }])).code).to.equal("closed");
    expect(b.bridge.clientsCount).to.equal(0);
  });

  it("tell the session's node when its reader at the other is gone", async () => {
    const [a, b] = [await startNode("a"), await startNode("b")];
    const { caller, socket } = await Caller.connect(a);
    const stream = await new Caller(Caller.at(b.port), caller.session).stream(1);
    await stream.until("open");
    await until(() => socket.conn.transport.writable, "the reader");
    stream.cut();
    await until(() => !socket.conn.transport.writable, "the reader to be gone");
  });

  it("hand nothing on twice, whatever they know of each other", async () => {
    const [a, b] = [await startNode("a"), await startNode("b")];
    // Each believes that the other is c.
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      addresses.set("c", `http://127.0.0.1:${other.port}`);
      const reply = await new Caller(Caller.at(one.port), `c.${"A".repeat(24)}`).get();
      expect(errorOf(reply).code).to.equal("unknown_session");
    }
  });

  it("answer 502 where the other is gone, and cut a stream off that it has cut off", async () => {
    const a = await startNode("a");
    const dying = createServer((_request, response) => {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.write('event: open\ndata: {"next":0}\n\n');
      setImmediate(() => response.destroy());
    });
    await new Promise<void>((resolve) => dying.listen(0, "127.0.0.1", resolve));
    addresses.set("b", `http://127.0.0.1:${(dying.address() as AddressInfo).port}`);
    const other = new Caller(Caller.at(a.port), `b.${"A".repeat(24)}`);
    const stream = await other.stream(0);
    await until(() => stream.isEnded, "the end of the stream");
    expect(stream.response.complete).to.be.false;
    await within(new Promise((resolve) => dying.close(resolve)), "its end");
    expect(errorOf(await other.get()).code).to.equal("node_unreachable");
  });
});
