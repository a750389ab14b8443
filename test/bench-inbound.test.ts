import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect } from "chai";
import { WebSocketServer } from "ws";
import { DIALECTS } from "../bench/inbound/dialects.js";
import { Publishers } from "../bench/inbound/load/publishers.js";
import { Storm } from "../bench/inbound/load/storm.js";
import { DATA, DATA_BYTES } from "../bench/inbound/message.js";
import { tables } from "../bench/inbound/report.js";
import type { Results } from "../bench/inbound/results.js";
import { listen } from "../bench/shared/listen.js";
import { MessageReader, textFrame } from "../bench/shared/websocket.js";

/** Milliseconds: it starts two dozen processes, on a machine that may be busy. */
const RUN_TIMEOUT = 120_000;

const SIZE = "--rounds 1 --publishers 3 --publishes 9 --joins 4 --absentees 2 --clients 8 --few-clients 2";

describe("the benchmark of what comes in", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "crossroom-test-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  function bench(args: string) {
    const program = join(import.meta.dirname, "..", "bench", "inbound.js");
    const all = [...`${SIZE} ${args}`.split(" "), "--folder", folder];
    return spawnSync(process.execPath, [program, ...all], { encoding: "utf8" });
  }

  it("measures every server, prints one JSON object and nothing else, and leaves no data behind", function () {
    this.timeout(RUN_TIMEOUT);
    const ours = ["crossroom", "crossroom-ids", "crossroom-lmdb", "crossroom-socketio", "bridge-minimal"];
    const servers = [...ours, "socketio-minimal", "ws"];
    const { stdout, stderr, status } = bench(
      `--json --only publish,join,rejoin --servers ${servers.join(",")}`,
    );
    expect(status, stderr).to.equal(0);
    const results = JSON.parse(stdout) as Results;
    expect(results.publish.map(({ server }) => server)).to.deep.equal(servers);
    expect(results.join.map(({ server }) => server)).to.deep.equal(
      servers.filter((server) => server !== "crossroom-ids"),
    );
    expect(results.rejoin.map(({ server }) => server)).to.deep.equal(["crossroom", "crossroom-lmdb"]);
    expect(results.storm).to.be.empty;
    expect(readdirSync(folder)).to.be.empty;
  });

  it("has storms of two sizes, with presence where the server knows it, and without", function () {
    this.timeout(RUN_TIMEOUT);
    const { stdout, stderr, status } = bench("--json --only storm --servers crossroom-lmdb,ws");
    expect(status, stderr).to.equal(0);
    const { storm } = JSON.parse(stdout) as Results;
    expect(storm.map(({ server, presence, clients }) => `${server} ${presence} ${clients}`)).to.deep.equal([
      ...["crossroom-lmdb true 2", "crossroom-lmdb true 8"],
      ...["crossroom-lmdb false 2", "crossroom-lmdb false 8", "ws false 2", "ws false 8"],
    ]);
    for (const { server, seconds, loopDelay, peakRssMegabytes, bytesPerClient, lost } of storm) {
      expect(lost, server).to.equal(0);
      expect(seconds.last, server).to.be.at.least(seconds.p50);
      expect(loopDelay?.max, server).to.be.at.least(loopDelay?.p99 ?? NaN);
      expect(Math.min(peakRssMegabytes, bytesPerClient), server).to.be.above(0);
    }
    expect(readdirSync(folder)).to.be.empty;
  });

  it("sets the servers of another checkout beside those of this one", function () {
    this.timeout(RUN_TIMEOUT);
    const here = join(import.meta.dirname, "..", "..");
    const { stdout, stderr, status } = bench(
      `--json --only publish --servers bridge-minimal,crossroom,ws --vs ${here}`,
    );
    expect(status, stderr).to.equal(0);
    const other = basename(here);
    expect((JSON.parse(stdout) as Results).publish.map(({ server }) => server)).to.deep.equal(
      [["bridge-minimal", `bridge-minimal@${other}`], ["crossroom", `crossroom@${other}`], "ws"].flat(),
    );
  });

  it("says so where the other checkout has not been made", () => {
    const { stderr, status } = bench(`--vs ${folder}`);
    expect(status).to.equal(1);
    expect(stderr).to.include("npm ci");
  });

  it("publishes messages of one size", () => {
    expect(JSON.stringify(DATA)).to.have.length(DATA_BYTES);
  });
});

describe("the benchmark's report of what comes in", () => {
  const none: Results = { machine: { node: "20", cores: 2 }, publish: [], join: [], rejoin: [], storm: [] };

  it("sets each server beside the yardsticks and beside the other checkout's, round by round", () => {
    const publish = [
      { server: "crossroom", cpuMicros: [45, 90] },
      { server: "crossroom@before", cpuMicros: [60, 60] },
      { server: "ws", cpuMicros: [15, 45] },
      { server: "centrifugo", cpuMicros: [30, 60] },
    ];
    const text = tables({ ...none, publish });
    expect(text).to.match(/^server +\/ centrifugo +\/ ws +\/ @before +us$/m);
    const ratios = ["1.50 (1.50-1.50)", "2.50 (2.00-3.00)", "1.13 (0.75-1.50)"];
    expect(columnsOf("crossroom", text)).to.deep.equal([...ratios, "67.5 (45.0-90.0)"]);
    expect(columnsOf("ws", text)).to.deep.equal(["0.63 (0.50-0.75)", "1.00 (1.00-1.00)", "30.0 (15.0-45.0)"]);
    expect(text).not.to.match(/storm|joins/);
  });

  it("tells how the bytes of a storm grow", () => {
    const storm = (clients: number, bytesPerClient: number) => ({
      ...{ server: "crossroom", presence: true, clients, bytesPerClient, cpuMicros: 100 },
      ...{ seconds: { p50: 1, p99: 2, last: 3 }, peakRssMegabytes: 100, lost: 0, toldToWait: 7 },
    });
    const text = tables({ ...none, storm: [storm(1_000, 2_000), storm(10_000, 3_000)] });
    expect(text).to.match(/^crossroom +on +1\.50 +1\.00$/m);
    expect(text).to.match(/^crossroom +10000 +1\.00 +2\.00 +3\.00 +100 +100 +3\.0 +0 +7$/m);
  });

  /** Of the table's row of a server. */
  function columnsOf(server: string, text: string): string[] {
    const row = text.split("\n").find((line) => line.startsWith(`${server} `)) ?? "";
    return row.slice(server.length).match(/[\d.]+ \([\d.-]+\)/g) ?? [];
  }
});

describe("the benchmark's reader of WebSocket messages", () => {
  function read(bytes: Buffer, piece: number): string[] {
    const texts: string[] = [];
    const reader = new MessageReader((text) => texts.push(text.toString()));
    for (let at = 0; at < bytes.length; at += piece) reader.push(bytes.subarray(at, at + piece));
    return texts;
  }
  const frame = (text: string) => {
    const masked = textFrame(text);
    // As a server sends it: without the mask's bit and its four zeros.
    masked[1]! &= 0x7f;
    const header = masked.length - text.length;
    return Buffer.concat([masked.subarray(0, header - 4), masked.subarray(header)]);
  };

  for (const piece of [1, 7, 100_000]) {
    it(`gives each message once, in pieces of ${piece} bytes`, () => {
      const texts = ["", "a", "b".repeat(125), "c".repeat(126), "d".repeat(4096)];
      expect(read(Buffer.concat(texts.map(frame)), piece)).to.deep.equal(texts);
    });

    it(`gives how a long message begins, and the one after it, in pieces of ${piece} bytes`, () => {
      const long = Buffer.alloc(10 + 70_000, "x");
      long.set([0x81, 127]);
      long.writeBigUInt64BE(70_000n, 2);
      const texts = read(Buffer.concat([long, frame("y".repeat(5_000)), frame("end")]), piece);
      expect(texts).to.deep.equal(["x".repeat(4096), "y".repeat(4096), "end"]);
    });
  }

  it("says with which code the server closed the connection", () => {
    const close = Buffer.concat([Buffer.from([0x88, 5, 0x11, 0x95]), Buffer.from("why")]);
    expect(() => read(close, 100)).to.throw("code 4501 why");
  });
});

describe("the benchmark's clients that come in", () => {
  let http: Server;
  const sockets = new Set<Duplex>();
  const joined = '{"type":"ack","id":0,"args":[{"ok":true}]}';
  const published = '{"type":"ack","id":1,"args":[{"ok":true}]}';
  const messageOf = (call: { args: object[] }) =>
    JSON.stringify({ type: "event", event: "message", args: call.args });

  beforeEach(() => (http = createServer()));
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await new Promise((resolve) => http.close(resolve));
  });

  /** A server that answers each publish with what `answers` says. */
  async function serve(answers: (call: { args: object[] }) => string[]): Promise<number> {
    const wss = new WebSocketServer({ noServer: true });
    wss.on("connection", (socket) => {
      socket.on("message", (text: Buffer) => {
        const call = JSON.parse(text.toString()) as { event: string; args: object[] };
        for (const answer of call.event === "join" ? [joined] : answers(call)) socket.send(answer);
      });
      socket.on("error", () => undefined);
    });
    return answerUpgrades((request, socket, head) => {
      wss.handleUpgrade(request, socket, head, (client) => wss.emit("connection", client));
    });
  }

  async function publishTo(answers: (call: { args: object[] }) => string[]): Promise<string> {
    const port = await serve(answers);
    const publishers = await Publishers.connect("g", { dialect: DIALECTS.plain, port, count: 2 });
    try {
      await publishers.publish(3);
      return "done";
    } catch (error) {
      return String(error);
    } finally {
      publishers.drop();
    }
  }

  it("publish each message once it has the one before back, before its ack or after it", async () => {
    expect(await publishTo((call) => [published, messageOf(call)])).to.equal("done");
  });

  it("take the ack after the message too", async () => {
    expect(await publishTo((call) => [messageOf(call), published])).to.equal("done");
  });

  const wrong: [what: string, answers: (call: { args: object[] }) => string[], complaint: string][] = [
    ["acks a message twice", (call) => [published, published, messageOf(call)], "acked twice"],
    ["delivers a message twice", (call) => [messageOf(call), messageOf(call), published], "was delivered"],
    [
      "delivers another message",
      () => [messageOf({ args: [{ n: "99999999" }] }), published],
      "was delivered",
    ],
    ["refuses a message", () => ['{"type":"ack","id":1,"args":[{"ok":false}]}'], '"ok":false'],
    ["says something else", () => ['{"type":"error"}'], "a publisher heard"],
  ];
  for (const [what, answers, complaint] of wrong) {
    it(`fail where a server ${what}`, async () => {
      expect(await publishTo(answers)).to.include(complaint);
    });
  }

  const storm = (port: number, patience = 10_000) =>
    new Storm({ dialect: DIALECTS.plain, port, count: 3, patience });

  /** Has every handshake answered by `answer`. */
  function answerUpgrades(answer: (...upgrade: [IncomingMessage, Duplex, Buffer]) => void): Promise<number> {
    http.on("upgrade", (request, socket, head) => {
      sockets.add(socket);
      // A client drops its connection with a reset.
      socket.on("error", () => undefined);
      answer(request, socket, head);
    });
    return listen(http);
  }

  it("of a storm come back when they were told to, and are counted", async () => {
    const wss = new WebSocketServer({ noServer: true });
    let refused = 0;
    const port = await answerUpgrades((request, socket, head) => {
      if (refused++ < 4) {
        socket.end("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nConnection: close\r\n\r\n");
        return;
      }
      wss.handleUpgrade(request, socket, head, (client) => client.on("message", () => client.send(joined)));
    });
    const running = storm(port);
    const { milliseconds, lost, toldToWait, bytes } = await running.run();
    running.drop();
    expect({ in: milliseconds.length, lost, toldToWait }).to.deep.equal({ in: 3, lost: 0, toldToWait: 4 });
    expect(bytes).to.be.above(3 * joined.length);
  });

  it("of a storm are lost where they are refused for good", async () => {
    const port = await answerUpgrades((_request, socket) => {
      socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n");
    });
    const { milliseconds, lost, reason } = await storm(port).run();
    expect({ in: milliseconds.length, lost }).to.deep.equal({ in: 0, lost: 3 });
    expect(reason).to.include("403");
  });

  it("of a storm are lost where nobody answers them", async () => {
    const port = await answerUpgrades(() => undefined);
    const { milliseconds, lost, reason } = await storm(port, 50).run();
    expect({ in: milliseconds.length, lost }).to.deep.equal({ in: 0, lost: 3 });
    expect(reason).to.include("50 ms");
  });
});
