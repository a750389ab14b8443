/** A Socket.IO server with the bridge on loopback; `afterEach(stopServers)` ends those that a test has started. */
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type ServerOptions, type Socket } from "socket.io";
import { attachBridge, type Bridge, type BridgeOptions } from "../../../bridge/index.js";
import { until, within } from "../../support/deadline.js";
import { exchange, handshake, RawWebSocket, type HttpAnswer } from "../../support/raw-websocket.js";

/** The refusal of an upgrade: status, headers, and what the JSON body says. */
export interface Refused {
  status: number;
  headers: Record<string, string>;
  code: string;
  message: string;
}

export function refusedOf({ status, headers, body }: HttpAnswer): Refused {
  const { error } = JSON.parse(body) as { error: { code: string; message: string } };
  return { status, headers, ...error };
}

const started: BridgeServer[] = [];

export async function stopServers(): Promise<void> {
  await Promise.all(started.splice(0).map((server) => server.end()));
}

export class BridgeServer {
  readonly #sockets: ReadonlySet<object>;
  readonly #clients: RawWebSocket[] = [];

  private constructor(
    readonly http: HttpServer,
    readonly io: Server,
    readonly bridge: Bridge,
    readonly port: number,
    sockets: ReadonlySet<object>,
  ) {
    this.#sockets = sockets;
  }

  /** The servers, with no bridge and not listening. */
  static create(more: Partial<ServerOptions>): { http: HttpServer; io: Server } {
    const http = createServer((_request, response) => response.writeHead(404).end());
    return { http, io: new Server(http, { serveClient: false, ...more }) };
  }

  static async start(options: BridgeOptions = {}, more: Partial<ServerOptions> = {}): Promise<BridgeServer> {
    const { http, io } = BridgeServer.create(more);
    const bridge = attachBridge(io, http, options);
    const sockets = new Set<object>();
    http.on("connection", (socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    const server = new BridgeServer(http, io, bridge, (http.address() as AddressInfo).port, sockets);
    started.push(server);
    return server;
  }

  /** A WebSocket that has asked for no namespace yet. */
  async open(headers?: Record<string, string>, more?: Buffer): Promise<RawWebSocket> {
    const ws = await RawWebSocket.open(this.port, "/bridge", headers, more);
    this.#clients.push(ws);
    return ws;
  }

  /** A WebSocket that is connected to `/`, and the socket that the server has for it. */
  async connect(headers?: Record<string, string>): Promise<{ ws: RawWebSocket; socket: Socket }> {
    const came = new Promise<Socket>((resolve) => this.io.once("connection", resolve));
    const ws = await this.open(headers);
    ws.send({ type: "connect" });
    const frame = await ws.json("connected");
    if (frame.type !== "connected") throw new Error(`not connected: ${JSON.stringify(frame)}`);
    return { ws, socket: await within(came, "the server's socket") };
  }

  /** How many TCP connections the server has. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Resolves when the last client's TCP connection is gone here, too. */
  async idle(): Promise<void> {
    await until(() => this.#sockets.size === 0, "the server has no connection");
  }

  /** What the bridge answers to a handshake that it refuses. */
  async refusal(headers?: Record<string, string>): Promise<Refused> {
    return refusedOf(await exchange(this.port, handshake("/bridge", headers), "a refusal"));
  }

  /** Cuts all clients off, and ends. */
  async end(): Promise<void> {
    for (const { socket } of this.#clients) socket.destroy();
    await within(this.io.close(), "the server to end");
  }
}
