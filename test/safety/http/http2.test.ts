/** On a server of HTTP/2, where there is no WebSocket of the usual kind, and many requests share a connection. */
import { expect } from "chai";
import { connect, createServer, type ClientHttp2Session } from "node:http2";
import type { Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { attachBridge } from "../../../bridge/index.js";
import { until, within } from "../../support/deadline.js";
import { EventParser } from "../../support/event-parser.js";

/** The whole answer. */
async function ask(
  client: ClientHttp2Session,
  headers: Record<string, string>,
  body = "",
): Promise<{ status: number; text: string }> {
  const stream = client.request({ ":path": "/bridge", ...headers }, { endStream: body === "" });
  let status = 0;
  let text = "";
  stream.on("response", (answer) => (status = Number(answer[":status"])));
  stream.setEncoding("utf8").on("data", (part: string) => (text += part));
  if (body !== "") stream.end(body);
  await within(new Promise((resolve) => stream.once("close", resolve)), "the answer");
  return { status, text };
}

describe("the bridge over HTTP/2", () => {
  it("opens sessions, takes POSTs, and answers with streams and polls", async () => {
    const http2 = createServer();
    // Socket.IO and the bridge take it for what it looks like.
    const server = http2 as unknown as HttpServer;
    const io = new Server(server, { serveClient: false });
    attachBridge(io, server);
    io.on("connection", (socket) => socket.on("ask", (answer: (n: number) => void) => answer(7)));
    await new Promise<void>((resolve) => http2.listen(0, "127.0.0.1", resolve));
    const client = connect(`http://127.0.0.1:${(http2.address() as AddressInfo).port}`);

    const opened = await ask(client, { ":method": "POST" });
    expect(opened.status).to.equal(201);
    const { session } = JSON.parse(opened.text) as { session: string };
    const own = { "crossroom-session": session };
    const stream = client.request({ ":path": "/bridge", ...own, accept: "text/event-stream" });
    const events: string[] = [];
    const parser = new EventParser();
    stream
      .setEncoding("utf8")
      .on("data", (part: string) => events.push(...parser.read(part).map(({ data }) => data)));
    const lines = '{"type":"connect"}\n{"type":"event","event":"ask","id":0}';
    const sent = await ask(client, { ":method": "POST", ...own, "crossroom-seq": "0" }, lines);
    expect(sent).to.deep.equal({ status: 200, text: '{"received":2}' });
    await until(() => events.includes('{"type":"ack","id":0,"args":[7]}'), "the ack");
    const polled = ask(client, { ...own, "crossroom-ack": "2" });
    io.emit("news");
    expect((await polled).text).to.equal(
      'event: open\ndata: {"next":2}\n\ndata: {"type":"event","event":"news","args":[]}\n\n',
    );
    expect((await ask(client, { ":method": "DELETE", ...own })).status).to.equal(204);
    client.close();
    await io.close();
  });
});
