/** Through nginx as it comes, and as it is often set: what passes, and what a client is left with. */
import { expect } from "chai";
import { request, type IncomingMessage } from "node:http";
import { constants, createGunzip } from "node:zlib";
import { until, within } from "../../support/deadline.js";
import { EventParser } from "../../support/event-parser.js";
import { HttpSession, type Reading } from "../../support/http-session.js";
import { describeWith } from "../../support/machine.js";
import { Nginx } from "../../support/nginx.js";
import { exchange, handshake } from "../../support/raw-websocket.js";
import { BridgeServer, stopServers } from "../support/bridge-server.js";
import { Caller } from "./support/caller.js";

const WAYS = {
  // HTTP/1.0 to the server, answers buffered, no Upgrade.
  "as it comes": [],
  "where X-Accel-Buffering is ignored": ["proxy_ignore_headers X-Accel-Buffering;"],
  "with HTTP/1.1": ["proxy_http_version 1.1;", 'proxy_set_header Connection "";'],
  "with gzip": [
    "gzip on;",
    "gzip_proxied any;",
    "gzip_min_length 1;",
    "gzip_types text/event-stream text/plain;",
  ],
  "with a short proxy_read_timeout": ["proxy_read_timeout 1s;"],
};

describeWith(["nginx"], "the bridge over HTTP through nginx", function () {
  this.timeout(60_000);
  let server: BridgeServer;
  let nginx: Nginx | undefined;

  beforeEach(async () => {
    server = await BridgeServer.start();
    nginx = await Nginx.start(server.port, WAYS);
  });
  afterEach(async () => {
    await nginx?.stop();
    await stopServers();
  });

  const port = (way: keyof typeof WAYS): number => nginx?.port(way) ?? 0;

  it("a WebSocket is refused by a status that says so to a client", async () => {
    const { status } = await exchange(
      port("as it comes"),
      handshake("/bridge", { Connection: "Upgrade, close" }),
    );
    expect(status).to.equal(400);
  });

  /** A client that is connected, what it was sent, and what sends it numbers. */
  async function join(
    way: keyof typeof WAYS,
    reading: Reading,
  ): Promise<{ numbers: unknown[]; session: HttpSession }> {
    const session = await HttpSession.open(Caller.at(port(way)), { reading });
    const numbers: unknown[] = [];
    const connected = new Promise<void>((resolve) => {
      session.begin({
        onFrame: (text) => {
          const { type, args } = JSON.parse(text) as { type: string; args?: unknown[] };
          if (type === "connected") resolve();
          else numbers.push(args?.[0]);
        },
        onClose: (code) => numbers.push(`closed with ${code}`),
      });
    });
    session.send('{"type":"connect"}');
    await within(connected, "connected");
    return { numbers, session };
  }

  for (const way of Object.keys(WAYS) as (keyof typeof WAYS)[]) {
    for (const reading of ["sse", "polling"] as const) {
      if (way === "where X-Accel-Buffering is ignored" && reading === "sse") continue;
      it(`${way}: ${reading}`, async () => {
        const { numbers, session } = await join(way, reading);
        for (let n = 0; n < 50; n++) {
          server.io.emit("n", n);
          if (n % 10 === 0) await until(() => numbers.length > n, `number ${n}`);
        }
        await until(() => numbers.length === 50, "all");
        expect(numbers).to.deep.equal(Array.from({ length: 50 }, (_, n) => n));
        session.cut();
      });
    }
  }

  it("where X-Accel-Buffering is ignored: a stream is held up, and the client goes on with polls", async () => {
    const caller = await Caller.open(port("where X-Accel-Buffering is ignored"));
    await caller.post(0, [{ type: "connect" }]);
    const headers = {
      "Crossroom-Session": caller.session,
      Accept: "text/event-stream",
      "Crossroom-Ack": "0",
    };
    let hasOpen = false;
    const held = request(caller.url, { headers, agent: false });
    held.on("response", (response) => response.on("data", () => (hasOpen = true)));
    held.on("error", () => undefined).end();
    const inTime = until(() => hasOpen, "open", 1_000).then(
      () => true,
      () => false,
    );
    expect(await inTime).to.be.false;
    held.destroy();
    expect((await caller.frames(1))[0]?.type).to.equal("connected");
  });

  it("with gzip: a stream that is compressed passes as it comes", async () => {
    const caller = await Caller.open(port("with gzip"));
    await caller.post(0, [{ type: "connect" }]);
    const parser = new EventParser();
    const names: string[] = [];
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = {
        "Crossroom-Session": caller.session,
        Accept: "text/event-stream",
        "Accept-Encoding": "gzip",
      };
      request(caller.url, { headers, agent: false }).on("response", resolve).on("error", reject).end();
    });
    expect(response.headers["content-encoding"]).to.equal("gzip");
    const text = response.pipe(createGunzip({ flush: constants.Z_SYNC_FLUSH }));
    text
      .setEncoding("utf8")
      .on("data", (part: string) => names.push(...parser.read(part).map(({ name }) => name)));
    text.on("error", () => undefined); // it is cut off in the end
    await until(() => names.includes("frame"), "the first frame");
    server.io.emit("n", 1);
    await until(() => names.filter((name) => name === "frame").length === 2, "the second");
    response.destroy();
  });

  it("with a short proxy_read_timeout: what was sent meanwhile comes with the next stream", async () => {
    const { numbers, session } = await join("with a short proxy_read_timeout", "sse");
    const [socket] = [...server.io.of("/").sockets.values()].slice(-1);
    await until(() => socket?.conn.transport.writable === false, "nginx to end the stream");
    for (let n = 0; n < 10; n++) server.io.emit("n", n);
    await until(() => numbers.length === 10, "all");
    expect(numbers).to.deep.equal(Array.from({ length: 10 }, (_, n) => n));
    session.cut();
  });
});
