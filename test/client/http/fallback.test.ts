/** The client behind something that refuses WebSockets, over real HTTP. */
import { expect } from "chai";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import { io, type Options, type Socket, TransportError } from "../../../clients/typescript/src/index.js";
import { until, within } from "../../support/deadline.js";
import { FakeBridge, refuse } from "./support/fake-bridge.js";

const refusal = (status: string, headers = ""): ((_: unknown, socket: Duplex) => void) => {
  return (_, socket) => void socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n${headers}\r\n`);
};

describe("client over HTTP: behind something that refuses WebSockets", () => {
  let bridge: FakeBridge;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    bridge = await FakeBridge.start();
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.disconnect();
    await bridge.stop();
  });

  function connect(options: Options = {}): Socket {
    const quick = { WebSocket, forceNew: true, reconnectionDelay: 10, reconnectionDelayMax: 20 };
    const socket = io(bridge.url, { ...quick, ...options });
    sockets.push(socket);
    return socket;
  }

  const next = <T>(socket: Pick<Socket, "once">, event: string): Promise<T> =>
    within(new Promise<T>((resolve) => void socket.once(event, resolve as () => void)), event);

  async function connected(options: Options = {}): Promise<Socket> {
    const socket = connect(options);
    await next(socket, "connect");
    return socket;
  }

  for (const status of [
    "400 Bad Request",
    "404 Not Found",
    "426 Upgrade Required",
    "502 Bad Gateway",
    "503 Busy",
  ]) {
    it(`opens a session at once where the upgrade is answered with ${status}`, async () => {
      bridge.upgrade = refusal(status);
      const errors: Error[] = [];
      const socket = connect();
      socket.on("connect_error", (error) => errors.push(error));
      await next(socket, "connect");
      expect(socket.io.transport).to.equal("sse");
      expect(await socket.emitWithAck("hello", "world")).to.equal("world");
      expect(errors).to.deep.equal([]);
    });
  }

  it("opens one where the handshake is cut, or answered with nonsense", async () => {
    bridge.upgrade = (_, socket) => void socket.destroy();
    expect((await connected()).io.transport).to.equal("sse");
    await bridge.stop();
    bridge = await FakeBridge.start();
    bridge.upgrade = refusal("101 Switching Protocols", "Upgrade: nonsense\r\n");
    expect((await connected()).io.transport).to.equal("sse");
  });

  it("opens one where the handshake hangs", async () => {
    bridge.upgrade = () => undefined;
    expect((await connected({ timeout: 400 })).io.transport).to.equal("sse");
  });

  it("opens one with the next attempt where the WebSocket was open, and brought nothing", async () => {
    const server = new WebSocketServer({ noServer: true });
    bridge.upgrade = (request, socket) => {
      server.handleUpgrade(request, socket, Buffer.alloc(0), (there) =>
        there.once("message", () => there.terminate()),
      );
    };
    const socket = await connected();
    expect([socket.io.transport, bridge.upgrades]).to.deep.equal(["sse", 1]);
    server.close();
  });

  for (const [status, headers, isActive] of [
    ["401 Unauthorized", "", false],
    ["403 Forbidden", "", false],
    ["407 Proxy Authentication Required", "", true],
    ["429 Too Many Requests", "", true],
    ["503 Busy", "Retry-After: 60\r\n", true],
  ] as const) {
    it(`does not where the client is refused: ${status} ${headers.trim()}`, async () => {
      bridge.upgrade = refusal(status, headers);
      const socket = connect();
      const error = await next<TransportError>(socket, "connect_error");
      expect([error.status, socket.active]).to.deep.equal([Number(status.slice(0, 3)), isActive]);
      expect(bridge.log).to.deep.equal([]);
    });
  }

  it("does not where it is turned off", async () => {
    const socket = connect({ transports: ["websocket"] });
    expect((await next<TransportError>(socket, "connect_error")).status).to.equal(426);
    expect(bridge.log).to.deep.equal([]);
  });

  it("is refused as by an upgrade, where the bridge refuses the session", async () => {
    bridge.before = (_request, response) => {
      refuse(response, 401, "unauthorized");
      return true;
    };
    const socket = connect();
    const error = await next<TransportError>(socket, "connect_error");
    expect(error).to.include({ message: "http error", status: 401 });
    expect([error.description, socket.active]).to.deep.equal([
      { type: "error", message: "unauthorized" },
      false,
    ]);
  });

  it("is told what the WebSocket was told, where there is no bridge over HTTP, and asks no more", async () => {
    bridge.before = (_request, response) => {
      response.writeHead(404).end();
      return true;
    };
    const socket = connect();
    const errors: (number | undefined)[] = [];
    socket.on("connect_error", (error) => errors.push(error instanceof TransportError ? error.status : 0));
    await until(() => errors.length >= 3, "three attempts");
    expect(errors.slice(0, 3)).to.deep.equal([426, 426, 426]);
    expect(bridge.log).to.deep.equal(["POST"]);
  });

  it("begins with the WebSocket again where HTTP had no answer", async () => {
    bridge.before = (_request, response) => {
      response.destroy();
      return true;
    };
    const socket = connect();
    await next(socket, "connect_error");
    expect(socket.active).to.equal(true);
    await until(() => bridge.upgrades >= 2, "another upgrade");
  });

  it("remembers what worked, for all connections to the address", async () => {
    await connected();
    await connected();
    expect([bridge.upgrades, bridge.openings.length]).to.deep.equal([1, 2]);
  });

  it("opens a session with the headers and the query of the options", async () => {
    await connected({ transports: ["sse"], query: { a: 1 }, extraHeaders: { "x-who": "ada" } });
    const [opening] = bridge.openings;
    expect([opening?.url, opening?.headers["x-who"]]).to.deep.equal(["/bridge?a=1", "ada"]);
    expect(bridge.upgrades).to.equal(0);
  });

  it("reads by polls, with polling alone", async () => {
    const socket = await connected({ transports: ["polling"] });
    expect(socket.io.transport).to.equal("polling");
    expect(await socket.emitWithAck("hello", 1)).to.equal(1);
    expect(bridge.log).to.not.include("GET text/event-stream");
  });

  it("has nothing to read with before it is connected, and none afterwards", async () => {
    const socket = connect({ autoConnect: false });
    expect(socket.io.transport).to.equal(undefined);
    socket.connect();
    await next(socket, "connect");
    socket.disconnect();
    expect(socket.io.transport).to.equal(undefined);
    await until(() => bridge.left === 1, "the DELETE");
  });
});
