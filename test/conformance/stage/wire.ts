/**
 * A proxy that knows WebSocket messages, not what they mean: drops, repeats, holds or makes up what the server says, and
 * closes connections with a code of the scenario's. Pings and pongs go through, so that both sides see the other's life. Who comes over HTTP has
 * a session with the proxy itself.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import { answer, HttpClient, TERMS } from "./http-client.js";

/** Texts to pass on in place of one. */
type Change = (text: string) => readonly string[];

const unchanged: Change = (text) => [text];

/** Headers that belong to one connection, and not to what it carries. */
const HOP = /^(host|connection|upgrade|sec-websocket-(key|version|extensions|protocol|accept))$/;

export class Wire {
  readonly #target: string;
  /** What becomes of each text message from the server. */
  down: Change = unchanged;
  /** What becomes of each text message from a client. */
  up: Change = unchanged;
  /** Connections, or sessions, that clients have made, or tried to. */
  attempts = 0;

  readonly #http = createServer();
  // Its own pongs would hide from the server that a client is silent.
  readonly #server = new WebSocketServer({
    noServer: true,
    autoPong: false,
    maxPayload: 64 * 2 ** 20,
  });
  readonly #open = new Set<WebSocket | HttpClient>();
  readonly #sessions = new Map<string, HttpClient>();

  private constructor(target: string) {
    this.#target = target;
    this.#http.on("request", (request, response) => this.#request(request, response));
    this.#http.on("upgrade", (request, socket: Duplex, head: Buffer) => this.#upgrade(request, socket, head));
  }

  /** @param target `http:` address of the server. */
  static async listen(target: string): Promise<Wire> {
    const wire = new Wire(target);
    wire.#http.listen(0, "127.0.0.1");
    await once(wire.#http, "listening");
    return wire;
  }

  /** `http:` address for clients. */
  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** Says this to all clients, as if the server did. */
  inject(text: string): void {
    for (const client of this.#open) client.send(text);
  }

  /** Closes all clients' connections with this code. */
  closeWith(code: number): void {
    for (const client of this.#open) client.close(code);
  }

  /** Resets all connections. */
  cut(): void {
    this.#sessions.clear();
    for (const client of this.#open) client.terminate();
  }

  async close(): Promise<void> {
    const closed = once(this.#http, "close");
    this.#http.close();
    this.cut();
    this.#http.closeAllConnections();
    await closed;
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.attempts++;
    socket.on("error", () => undefined); // the client's end of it; "close" tells
    const server = this.#dial(request);
    server.on("error", () => socket.destroy());
    server.once("unexpected-response", (_request, answer) => {
      socket.end(
        `HTTP/1.1 ${answer.statusCode ?? 500} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      );
    });
    server.once("open", () => {
      this.#server.handleUpgrade(request, socket, head, (client) => this.#join(client, server));
    });
  }

  #dial({ headers, url }: IncomingMessage, autoPong = false): WebSocket {
    const offered = headers["sec-websocket-protocol"]?.split(/\s*,\s*/) ?? [];
    const passed = Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP.test(name)));
    return new WebSocket(`${this.#target.replace("http", "ws")}${url ?? "/"}`, offered, {
      headers: passed,
      autoPong,
      perMessageDeflate: false,
    });
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    const id = request.headers["crossroom-session"];
    if (id === undefined) return this.#openSession(request, response);
    const client = this.#sessions.get(String(id));
    if (client !== undefined) return void client.handle(request, response);
    answer(response, 404, { error: { code: "unknown_session", message: "there is no such session" } });
  }

  #openSession(request: IncomingMessage, response: ServerResponse): void {
    const id = `s${++this.attempts}`;
    const server = this.#dial(request, true);
    server.on("error", () => response.destroy());
    server.once("unexpected-response", (_request, { statusCode = 502 }) => {
      const code = statusCode === 401 ? "unauthorized" : "forbidden";
      answer(response, statusCode, { error: { code, message: "refused" } });
    });
    const client = new HttpClient({
      line: (text) => {
        for (const changed of this.up(text)) server.send(changed);
      },
      left: () => server.close(1000),
    });
    server.on("message", (data: Buffer) => {
      for (const text of this.down(data.toString())) client.send(text);
    });
    server.on("close", (code, reason) => {
      this.#open.delete(client);
      if (code !== 1006) return client.close(code, reason.toString());
      this.#sessions.delete(id);
      client.terminate();
    });
    server.once("open", () => {
      this.#open.add(client);
      this.#sessions.set(id, client);
      answer(response, 201, { session: id, ...TERMS });
    });
  }

  #join(client: WebSocket, server: WebSocket): void {
    this.#open.add(client);
    client.on("close", () => this.#open.delete(client));
    pass(client, server, (text) => this.up(text));
    pass(server, client, (text) => this.down(text));
  }
}

function pass(from: WebSocket, to: WebSocket, change: Change): void {
  from.on("message", (data: Buffer, isBinary) => {
    if (to.readyState !== WebSocket.OPEN) return;
    if (isBinary) to.send(data);
    else for (const text of change(data.toString())) to.send(text);
  });
  from.on("ping", (data) => {
    if (to.readyState === WebSocket.OPEN) to.ping(data);
  });
  from.on("pong", (data) => {
    if (to.readyState === WebSocket.OPEN) to.pong(data);
  });
  from.on("error", () => undefined); // "close" follows
  from.on("close", (code, reason) => {
    if (code === 1006) to.terminate();
    else if (code === 1005) to.close();
    else to.close(code, reason);
  });
}
