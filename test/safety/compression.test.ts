import { expect } from "chai";
import { once } from "node:events";
import { WebSocket } from "ws";
import { within } from "../support/deadline.js";
import { BridgeServer, stopServers } from "./support/bridge-server.js";

const TEXT = "all the same ".repeat(500);

afterEach(stopServers);

describe("perMessageDeflate", () => {
  it("compresses for a client that agrees to it, both ways, and serves one that does not in the same room", async () => {
    const server = await BridgeServer.start({ perMessageDeflate: { threshold: 100 } });
    server.io.on("connection", (socket) => {
      void socket.join("room");
      socket.on("say", (text: unknown, ack: () => void) => {
        server.io.to("room").emit("said", text);
        ack();
      });
    });
    const { ws: plain } = await server.connect();
    const deflating = new WebSocket(`ws://127.0.0.1:${server.port}/bridge`);
    const messages: string[] = [];
    let wake: () => void = () => undefined;
    deflating.on("message", (data: Buffer) => {
      messages.push(data.toString());
      wake();
    });
    await within(once(deflating, "open"), "the WebSocket");
    expect(deflating.extensions).to.include("permessage-deflate");
    const next = async (): Promise<Record<string, unknown>> => {
      if (messages.length === 0) await within(new Promise<void>((resolve) => (wake = resolve)), "a message");
      return JSON.parse(messages.shift() ?? "") as Record<string, unknown>;
    };
    deflating.send('{"type":"connect"}');
    expect(await next()).to.include({ type: "connected" });

    deflating.send(JSON.stringify({ type: "event", event: "say", args: [TEXT], id: 1 }), { compress: true });
    expect((await next())["args"]).to.deep.equal([TEXT]);
    expect(await next()).to.include({ type: "ack", id: 1 });
    const frame = await plain.frame();
    expect(frame.rsv, "not compressed").to.equal(0);
    expect(JSON.parse(frame.payload.toString())).to.deep.include({ event: "said", args: [TEXT] });
    deflating.close();
    await within(once(deflating, "close"), "the end");
  });

  it("bounds a message by what it holds, not by what it takes on the wire", async () => {
    const server = await BridgeServer.start({ perMessageDeflate: true, maxPayload: 10_000 });
    const bomb = new WebSocket(`ws://127.0.0.1:${server.port}/bridge`);
    await within(once(bomb, "open"), "the WebSocket");
    bomb.send(JSON.stringify({ type: "ping", data: "0".repeat(5_000_000) }), { compress: true });
    const [code] = (await within(once(bomb, "close"), "the close")) as [number];
    expect(code).to.equal(1009);
  });

  it("is off unless asked for", async () => {
    const server = await BridgeServer.start();
    const ws = await server.open({ "Sec-WebSocket-Extensions": "permessage-deflate" });
    expect(ws.answer.headers).not.to.have.property("sec-websocket-extensions");
  });
});
