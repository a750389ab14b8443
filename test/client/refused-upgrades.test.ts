/** Upgrades that fail, by real HTTP: for want of the subprotocol, and with Retry-After. */
import { expect } from "chai";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { io, type Socket } from "../../clients/typescript/src/index.js";
import { DEADLINE, within } from "../support/deadline.js";

/** What a browser shows of a failure: nothing. */
class SilentWebSocket {
  readonly #socket: WebSocket;

  constructor(url: string, protocols?: string | string[]) {
    this.#socket = new WebSocket(url, protocols);
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  close(code?: number): void {
    this.#socket.close(code);
  }

  addEventListener(type: "open" | "message" | "close" | "error", listener: (event: never) => void): void {
    if (type === "error") this.#socket.on("error", () => listener({ type } as never));
    else this.#socket.addEventListener(type as "open", listener as () => void);
  }
}

const CONNECTED = { type: "connected", sid: "s", pingInterval: 25_000, pingTimeout: 20_000, maxPayload: 1e6 };

describe("client: something on the way strips the subprotocol (1.7)", () => {
  let server: WebSocketServer;
  let offers: (string | undefined)[];
  let socket: Socket;

  beforeEach(async () => {
    offers = [];
    server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => false });
    server.on("connection", (there, request) => {
      offers.push(request.headers["sec-websocket-protocol"]);
      there.on("message", () => there.send(JSON.stringify(CONNECTED)));
    });
    await new Promise((resolve) => server.once("listening", resolve));
  });

  afterEach(() => {
    socket.disconnect();
    for (const there of server.clients) there.terminate();
    server.close();
  });

  for (const [what, Class] of [
    ["a class that says so", WebSocket],
    ["a class that says nothing", SilentWebSocket],
  ] as const) {
    it(`connects without it the next time, and then for as long as it works, with ${what}`, async () => {
      const { port } = server.address() as AddressInfo;
      const options = { WebSocket: Class, forceNew: true, reconnectionDelay: 10, reconnectionDelayMax: 20 };
      socket = io(`http://127.0.0.1:${port}`, options);
      const connected = (): Promise<void> => new Promise((resolve) => socket.once("connect", resolve));
      await within(connected(), "the connection");
      const again = connected();
      for (const there of server.clients) there.terminate();
      await within(again, "the connection after a loss");
      expect(offers).to.deep.equal(["crossroom.v1", undefined, undefined]);
    });
  }
});

describe("client: a refusal that says when to come back (1.6)", () => {
  let server: Server;
  let socket: Socket;

  afterEach(() => {
    socket.disconnect();
    server.close();
  });

  it("is told with its status, and waited for", async () => {
    const asked: IncomingMessage[] = [];
    server = createServer();
    server.on("upgrade", (request, there) => {
      asked.push(request);
      there.on("error", () => there.destroy()); // the client's end of it
      const isFirst = asked.length === 1;
      const wait = isFirst ? "Retry-After: 3600\r\n" : "";
      there.end(`HTTP/1.1 ${isFirst ? "503 Busy" : "401 No"}\r\n${wait}Connection: close\r\n\r\n`);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    socket = io(`http://127.0.0.1:${port}`, { WebSocket, forceNew: true, reconnectionDelay: 1 });
    const refused = (): Promise<Error> =>
      new Promise((resolve) => socket.once("connect_error", (error) => resolve(error)));
    const first = await within(refused(), "the refusal");
    expect(first).to.include({ status: 503, retryAfter: 3_600_000 });
    expect(socket.active).to.equal(true);
    // Only the user may ask before that.
    const second = refused();
    socket.io.open();
    expect(await within(second, "the second refusal", DEADLINE)).to.include({
      status: 401,
      retryAfter: undefined,
    });
    expect([socket.active, asked.length]).to.deep.equal([false, 2]);
  });
});
