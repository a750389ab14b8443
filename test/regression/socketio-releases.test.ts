import { expect } from "chai";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server as Current } from "socket.io";
import { Server as Server45 } from "socket.io-4.5";
import { Server as Server46 } from "socket.io-4.6";
import { Server as Server47 } from "socket.io-4.7";
import { attachBridge, type SocketIOServer } from "../../bridge/index.js";
import { RawWebSocket } from "../support/raw-websocket.js";

interface Io extends SocketIOServer {
  on(event: "connection", listener: (socket: Guest) => void): unknown;
  to(room: string): { emit(event: string, ...args: unknown[]): unknown };
  close(): unknown;
}

interface Guest {
  on(event: string, listener: (...args: never[]) => void): unknown;
  join(room: string): unknown;
}

/** That these compile is a test too: of the releases' types. */
const RELEASES: readonly [string, (http: HttpServer) => Io][] = [
  ["4.6", (http) => new Server46(http)],
  ["4.7", (http) => new Server47(http)],
  ["4.8 and newer", (http) => new Current(http)],
];

/** Takes down what Socket.IO's decoders are given to read from now on, until it is asked for that. */
function whatIsDecoded(io: SocketIOServer): () => string[] {
  const { Decoder } = io._parser as { Decoder: { prototype: { decodeString: (text: string) => unknown } } };
  const own = Decoder.prototype.decodeString;
  const decoded: string[] = [];
  Decoder.prototype.decodeString = function (text) {
    decoded.push(text);
    return own.call(this, text);
  };
  return () => {
    Decoder.prototype.decodeString = own;
    return decoded;
  };
}

describe("the bridge on releases of Socket.IO", () => {
  for (const [release, create] of RELEASES) {
    it(`works on ${release}: connect, events, acks, rooms, and the end`, async () => {
      const http = createServer();
      const io = create(http);
      attachBridge(io, http);
      const decoded = whatIsDecoded(io);
      io.on("connection", (socket) => {
        socket.on("hello", (name: string, ack: (text: string) => void) => {
          void socket.join("r");
          ack(`hello, ${name}`);
          io.to("r").emit("news", { n: 1 });
        });
      });
      await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
      const ws = await RawWebSocket.open((http.address() as AddressInfo).port, "/bridge");
      ws.send({ type: "connect" });
      ws.send({ type: "event", event: "hello", args: ["world"], id: 0 });
      expect(await ws.json()).to.include({ type: "connected" });
      expect(await ws.json()).to.deep.equal({ type: "ack", id: 0, args: ["hello, world"] });
      expect(await ws.json()).to.deep.equal({ type: "event", event: "news", args: [{ n: 1 }] });
      // The event was parsed once, by the bridge, and went past Socket.IO's decoder.
      expect(decoded()).to.deep.equal(["0{}"]);
      io.close();
      expect((await ws.end()).close.code).to.equal(4501);
    });
  }

  it("is refused on an older one, with a sentence that says what to do", () => {
    const http = createServer();
    expect(() => attachBridge(new Server45(http) as unknown as SocketIOServer, http)).to.throw(
      TypeError,
      /before 4\.6.*npm install socket\.io@4/,
    );
  });

  it("is refused where there is no server of Socket.IO at all", () => {
    for (const io of [undefined, null, {}, createServer()]) {
      expect(() => attachBridge(io as SocketIOServer, createServer())).to.throw(TypeError, /4\.6/);
    }
  });

  it("is refused where there is no HTTP server", () => {
    for (const http of [undefined, null, {}]) {
      const io = new Current();
      expect(() => attachBridge(io, http as HttpServer)).to.throw(TypeError, /HTTP server/);
    }
  });
});
