/** Against a WebSocket server that does what the test says: what a real bridge would not do, or not in time. */
import { expect } from "chai";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { realEnvironment } from "../../clients/typescript/src/environment.js";
import { io, type Options, type Socket } from "../../clients/typescript/src/index.js";
import type { WebSocketLike } from "../../clients/typescript/src/websocket-transport.js";
import { EventLog, SOCKET_EVENTS } from "./support/events.js";

/** What a browser shows of a WebSocket: the class of `ws`, with no pings to be seen and no terminate. */
class BrowserWebSocket implements WebSocketLike {
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

  addEventListener: WebSocketLike["addEventListener"] = (type, listener) => {
    this.#socket.addEventListener(type, listener);
  };
}

class ScriptedServer {
  readonly #pace: { pingInterval: number; pingTimeout: number };
  readonly #answersPings: boolean;
  readonly #server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  readonly #sockets: Socket[] = [];

  /** @param pace what it says of its pings, in milliseconds; it sends none by itself. */
  constructor(pace = { pingInterval: 40, pingTimeout: 40 }, answersPings = true) {
    this.#pace = pace;
    this.#answersPings = answersPings;
  }

  /** A client, and the server's end of its connection, on which `connect` is accepted. */
  async connect(
    options: Options,
  ): Promise<{ socket: Socket; log: EventLog; there: WebSocket; frames: EventLog }> {
    if (!this.#server.address()) await new Promise((resolve) => this.#server.once("listening", resolve));
    const { port } = this.#server.address() as AddressInfo;
    const arriving = new Promise<WebSocket>((resolve) => this.#server.once("connection", resolve));
    const socket = io(`http://127.0.0.1:${port}`, {
      WebSocket,
      forceNew: true,
      reconnection: false,
      ...options,
    });
    this.#sockets.push(socket);
    const log = new EventLog(socket, SOCKET_EVENTS);
    const there = await arriving;
    const frames = new EventLog(there, ["close"]);
    there.on("message", (data: Buffer) =>
      this.#answer(there, (JSON.parse(data.toString()) as { type: string }).type),
    );
    return { socket, log, there, frames };
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.disconnect();
    for (const client of this.#server.clients) client.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(there: WebSocket, type: string): void {
    const frame = { type: "connected", sid: "s", maxPayload: 1000, ...this.#pace };
    if (type === "connect") there.send(JSON.stringify(frame));
    if (type === "ping" && this.#answersPings) there.send('{"type":"pong"}');
  }
}

/** Counts the timers of all clients, until it is restored. */
function countTimers(): { running: number; restore: () => void } {
  const { after } = realEnvironment;
  const timers = { running: 0, restore: () => void (realEnvironment.after = after) };
  realEnvironment.after = (ms, task) => {
    let runs = true;
    const end = (): void => {
      if (runs) timers.running--;
      runs = false;
    };
    timers.running++;
    const stop = after(ms, () => {
      end();
      task();
    });
    return () => {
      end();
      stop();
    };
  };
  return timers;
}

describe("client: over a real WebSocket", () => {
  let server: ScriptedServer;
  let timers: { running: number; restore: () => void };

  beforeEach(() => {
    timers = countTimers();
  });

  afterEach(async () => {
    await server.stop();
    timers.restore();
    expect(timers.running, "timers left").to.equal(0);
  });

  for (const [kind, Class] of [
    ["the class of ws, which shows pings", WebSocket],
    ["a class that shows no pings", BrowserWebSocket],
  ] as const) {
    it(`takes a server that stalls for dead: ping timeout, with ${kind}`, async () => {
      server = new ScriptedServer(undefined, false);
      const { log, frames } = await server.connect({ WebSocket: Class });
      expect(await log.next()).to.deep.equal(["connect"]);
      expect(await log.next()).to.deep.equal(["disconnect", "ping timeout", undefined]);
      expect((await frames.next())[0]).to.equal("close");
    });

    it(`gives the code and reason of a close, with ${kind}`, async () => {
      server = new ScriptedServer();
      const { socket, log, there } = await server.connect({ WebSocket: Class });
      await log.next();
      there.close(4400, "malformed_frames");
      const [event, reason, details] = await log.next();
      expect([event, reason]).to.deep.equal(["disconnect", "transport close"]);
      expect(details).to.include({ code: 4400, reason: "malformed_frames" });
      expect(socket.active).to.equal(false);
    });

    it(`leaves with code 1000 and nothing running, with ${kind}`, async () => {
      server = new ScriptedServer({ pingInterval: 60_000, pingTimeout: 60_000 });
      const { socket, log, frames } = await server.connect({ WebSocket: Class });
      await log.next();
      expect(timers.running).to.equal(1);
      socket.disconnect();
      expect(await log.next()).to.deep.equal(["disconnect", "io client disconnect", undefined]);
      expect((await frames.next())[1]).to.equal(1000);
      expect(timers.running).to.equal(0);
      expect(log.rest()).to.deep.equal([]);
    });
  }

  it("keeps a quiet connection by ping frames, where pings cannot be seen", async () => {
    server = new ScriptedServer();
    const { socket, log, there } = await server.connect({ WebSocket: BrowserWebSocket });
    await log.next();
    const asked = new EventLog(there, ["message"]);
    for (let i = 0; i < 4; i++) expect(String((await asked.next())[1])).to.equal('{"type":"ping"}');
    expect([socket.connected, log.rest()]).to.deep.equal([true, []]);
  });

  it("can be left while it is being opened", async () => {
    server = new ScriptedServer();
    const opening = server.connect({});
    const { socket, log, frames } = await opening;
    socket.disconnect();
    await frames.next();
    expect([log.rest(), socket.active]).to.deep.equal([[], false]);
  });
});
