/** Keys that have a meaning in JavaScript are keys like any other, and reach nobody's prototype. */
import { expect } from "chai";
import { io as connectSocketIO } from "socket.io-client";
import type { Socket } from "socket.io";
import { within } from "../support/deadline.js";
import { RawWebSocket } from "../support/raw-websocket.js";
import { BridgeServer, stopServers } from "./support/bridge-server.js";

const HOSTILE =
  '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"prototype":{"polluted":1},' +
  '"hasOwnProperty":1,"toString":{},"a":{"__proto__":{"polluted":1}}}';

const BINARY = '{"$binary":"QQ=="}';

/** What the application can tell of a value: its own keys, all the way down, and whose methods it has. */
function shape(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return `bytes ${value.toString("hex")}`;
  if (typeof value !== "object" || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  return {
    plain: prototype === Object.prototype || prototype === Array.prototype,
    own: Object.entries(value).map(([key, item]) => [key, shape(item)]),
  };
}

afterEach(async () => {
  await stopServers();
  expect(({} as Record<string, unknown>)["polluted"]).to.equal(undefined);
  expect(Reflect.ownKeys(Object.prototype)).not.to.include("polluted");
});

/** What the server gets as `hostile`, and as auth. */
async function receivedFrom(
  send: (server: BridgeServer) => Promise<void>,
): Promise<{ auth: unknown; args: unknown }> {
  const server = await BridgeServer.start();
  const got = new Promise<{ auth: unknown; args: unknown }>((resolve) => {
    server.io.on("connection", (socket: Socket) => {
      socket.on("hostile", (...args) => resolve({ auth: shape(socket.handshake.auth), args: shape(args) }));
    });
  });
  await send(server);
  return within(got, "the event");
}

function fromPlain(args: string): Promise<{ auth: unknown; args: unknown }> {
  return receivedFrom(async (server) => {
    const ws = await server.open();
    ws.send(`{"type":"connect","__proto__":{"ns":"/x"},"auth":${HOSTILE}}`);
    ws.send(`{"type":"event","event":"hostile","__proto__":{"id":1},"args":${args}}`);
  });
}

describe("a frame with keys like __proto__ and constructor", () => {
  it("in auth and args: the server sees what it sees from socket.io-client", async () => {
    const parsed = JSON.parse(HOSTILE) as Record<string, unknown>;
    const expected = await receivedFrom((server) => {
      const socket = connectSocketIO(`http://127.0.0.1:${server.port}`, {
        auth: parsed,
        transports: ["websocket"],
        reconnection: false,
        forceNew: true,
      });
      socket.emit("hostile", parsed);
      return Promise.resolve();
    });
    expect(await fromPlain(`[${HOSTILE}]`)).to.deep.equal(expected);
    expect(JSON.stringify(expected)).to.include("__proto__");
  });

  it("with binary values: they are keys of its own still, and the values beside them arrive", async () => {
    // `__proto__` beside binary is refused (PROTOCOL.md, 5.3): Socket.IO would drop it.
    const withBinary = HOSTILE.replaceAll('"__proto__"', '"proto"').replaceAll(
      '{"polluted":1}',
      `{"polluted":${BINARY}}`,
    );
    const { args } = await fromPlain(`[${withBinary}]`);
    const bytes = shape({ polluted: Buffer.from("A") });
    expect(args).to.deep.equal(
      shape([
        JSON.parse(withBinary, (key, value: unknown) => (key === "polluted" ? Buffer.from("A") : value)),
      ]),
    );
    expect(JSON.stringify(args)).to.include(JSON.stringify(bytes));
  });

  it("in the query string: they are keys of handshake.query", async () => {
    const server = await BridgeServer.start();
    const came = new Promise<Socket>((resolve) => server.io.once("connection", resolve));
    const ws = await RawWebSocket.open(server.port, "/bridge?__proto__=x&constructor=y");
    ws.send({ type: "connect" });
    const { handshake } = await within(came, "the socket");
    expect(Object.entries(handshake.query)).to.deep.equal([
      ["__proto__", "x"],
      ["constructor", "y"],
      ["EIO", "4"],
      ["transport", "websocket"],
    ]);
    ws.socket.destroy();
  });

  it("as names of events, namespaces and types: like any other name", async () => {
    const server = await BridgeServer.start();
    server.io.of("/__proto__").on("connection", (socket) => {
      socket.on("__proto__", (ack: (word: string) => void) => ack("heard"));
    });
    const { ws } = await server.connect();
    ws.send({ type: "connect", ns: "/__proto__" });
    expect(await ws.json()).to.include({ type: "connected", ns: "/__proto__" });
    ws.send({ type: "event", ns: "/__proto__", event: "__proto__", id: 0 });
    expect(await ws.json()).to.deep.equal({ type: "ack", ns: "/__proto__", id: 0, args: ["heard"] });
    ws.send({ type: "__proto__" });
    expect(await ws.json()).to.include({ code: "unknown_type" });
    ws.send({ type: "event", event: "error", args: ["no listener"] });
    ws.send({ type: "ping" });
    expect(await ws.json()).to.deep.equal({ type: "pong" });
  });
});
