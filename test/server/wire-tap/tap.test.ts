import { expect } from "chai";
import { get } from "node:http";
import { WebSocket } from "ws";
import type { FrameRecord, InspectRecord } from "../../../server/demo/wire-tap/records.js";
import { Inbox } from "../support/inbox.js";
import { startRooms, type Running } from "../support/server.js";

const TOKEN = "00112233445566778899aabbccddeeff";

describe("the inspector", () => {
  let server: Running;
  beforeEach(async () => {
    server = await startRooms({ demo: true, now: () => 7 });
  });
  afterEach(() => server.close());

  /** Reads `/inspect` as an EventSource does. Ends with the server. */
  async function watch(): Promise<Inbox<InspectRecord>> {
    const inbox = new Inbox<InspectRecord>();
    const response = await fetch(`${server.url}/inspect?token=${TOKEN}`);
    expect(response.headers.get("content-type")).to.equal("text/event-stream");
    const { body } = response;
    if (body === null) throw new Error("no body");
    void (async () => {
      let text = "";
      for await (const chunk of body) {
        text += Buffer.from(chunk as Uint8Array).toString();
        const events = text.split("\n\n");
        text = events.pop() ?? "";
        for (const event of events) {
          if (event.startsWith("data: ")) inbox.put(JSON.parse(event.slice(6)) as InspectRecord);
        }
      }
    })();
    return inbox;
  }

  const frame = async (records: Inbox<InspectRecord>): Promise<FrameRecord> => {
    const record = await records.next("a frame");
    if (record.type !== "frame") throw new Error(`no frame: ${JSON.stringify(record)}`);
    return record;
  };

  it("shows a connection from its handshake to its end, as it was on the wire", async () => {
    const records = await watch();
    const ws = new WebSocket(`${server.url.replace("http", "ws")}/bridge?inspect=${TOKEN}`);
    await new Promise((resolve) => ws.once("open", resolve));
    const handshake = await records.next();
    expect(handshake).to.include({ type: "handshake", connection: 1, at: 7, path: "/bridge" });
    expect(handshake).to.have.nested.property("response.status", 101);
    expect(handshake)
      .to.have.nested.property("response.text")
      .that.matches(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    expect(handshake)
      .to.have.nested.property("request.text")
      .that.matches(/^GET \/bridge\?inspect=\w+ HTTP\/1\.1\r\n/);

    const connect = '{"type":"connect"}';
    ws.send(connect);
    expect(await frame(records)).to.deep.equal({
      type: "frame",
      connection: 1,
      at: 7,
      direction: "up",
      opcode: 1,
      fin: true,
      masked: true,
      compressed: false,
      headerBytes: 6,
      payloadBytes: connect.length,
      text: connect,
      cut: false,
    });
    expect(await frame(records)).to.include({ direction: "down", opcode: 1, masked: false, headerBytes: 4 });
    expect(await frame(records))
      .to.have.property("text")
      .that.includes("welcome");
    ws.ping("hi");
    expect(await frame(records)).to.include({ direction: "up", opcode: 9 });
    expect(await frame(records)).to.include({ direction: "down", opcode: 10 });
    ws.send(`{"type":"ping","data":"${"x".repeat(70_000)}"}`);
    expect(await frame(records)).to.include({
      direction: "up",
      headerBytes: 14,
      payloadBytes: 70_025,
      cut: true,
    });
    expect(await frame(records)).to.include({
      direction: "down",
      headerBytes: 10,
      payloadBytes: 70_025,
      cut: true,
    });
    ws.close(1000, "done");
    expect(await frame(records)).to.include({ direction: "up", opcode: 8, closeCode: 1000, text: "done" });
    expect(await frame(records)).to.include({ direction: "down", opcode: 8, closeCode: 1000 });
    expect(await records.next()).to.deep.equal({ type: "end", connection: 1, at: 7 });
    expect(records.left).to.deep.equal([]);
  });

  it("shows a frame that came with the handshake, and loses none of it for the bridge", async () => {
    const records = await watch();
    const ws = new WebSocket(`${server.url.replace("http", "ws")}/bridge?inspect=${TOKEN}`);
    const answers = new Inbox<Buffer>();
    ws.on("message", (data: Buffer) => answers.put(data));
    ws.once("open", () => {
      for (let i = 0; i < 3; i++) ws.send(`{"type":"ping","data":${i}}`);
    });
    for (let i = 0; i < 3; i++)
      expect((await answers.next()).toString()).to.equal(`{"type":"pong","data":${i}}`);
    expect(await records.next()).to.include({ type: "handshake" });
    for (let i = 0; i < 3; i++) expect(await frame(records)).to.include({ direction: "up" });
    for (let i = 0; i < 3; i++) expect(await frame(records)).to.include({ direction: "down" });
    ws.terminate();
    expect(await records.next()).to.include({ type: "end" });
  });

  it("shows of the request's head what makes the handshake, and never a secret or what a proxy added", async () => {
    const records = await watch();
    const headers = {
      cookie: "session=secret-1",
      authorization: "Basic secret-2",
      "x-forwarded-for": "secret-3",
      forwarded: "for=secret-4",
      "cf-connecting-ip": "secret-5",
      "x-custom": "secret-6",
    };
    const url = `${server.url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket&inspect=${TOKEN}`;
    server.io.engine.on("headers", (answer: Record<string, string>) => {
      answer["set-cookie"] = "node=secret-7";
    });
    const ws = new WebSocket(url, { headers, origin: server.url });
    await new Promise((resolve) => ws.once("open", resolve));
    const handshake = await records.next();
    expect(JSON.stringify(handshake)).not.to.include("secret");
    expect(handshake).to.have.nested.property("request.text").that.includes(`Origin: ${server.url}`);
    expect(handshake).to.have.nested.property("request.hidden", 6);
    expect(handshake).to.have.nested.property("response.hidden").that.is.at.least(1);
    ws.terminate();
  });

  it("shows nothing of a connection that a page of another site opened", async () => {
    const records = await watch();
    for (const headers of [
      { origin: "https://evil.example" },
      { origin: "null" },
      { "sec-fetch-site": "cross-site" },
    ]) {
      const ws = new WebSocket(`${server.url.replace("http", "ws")}/bridge?inspect=${TOKEN}`, { headers });
      await new Promise((resolve) => ws.once("open", resolve));
      const closed = new Promise((resolve) => ws.once("close", resolve));
      ws.close();
      await closed;
    }
    const ws = new WebSocket(`${server.url.replace("http", "ws")}/bridge?inspect=${TOKEN}`, {
      origin: server.url,
    });
    expect(await records.next()).to.include({ type: "handshake", connection: 1 });
    ws.terminate();
  });

  it("tells nothing to a page of another site", async () => {
    for (const headers of [{ origin: "https://evil.example" }, { "sec-fetch-site": "cross-site" }]) {
      const response = await fetch(`${server.url}/inspect?token=${TOKEN}`, { headers });
      expect(response.status).to.equal(403);
      expect(await response.json()).to.have.nested.property("error.code", "origin_not_allowed");
    }
  });

  it("shows a refusal", async () => {
    const records = await watch();
    const headers = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "7" };
    const path = `/bridge?inspect=${TOKEN}`;
    await new Promise((resolve) => {
      get(server.url + path, { headers }, (response) => response.resume().once("end", resolve));
    });
    expect(await records.next()).to.have.nested.property("response.status", 400);
    expect(await records.next()).to.include({ type: "end" });
  });

  it("says that a token is none", async () => {
    const response = await fetch(`${server.url}/inspect?token=123`);
    expect(response.status).to.equal(400);
    expect(await response.json()).to.have.nested.property("error.code", "bad_token");
  });
});
