/** A Socket.IO server with the bridge, on loopback; and sockets that a test cannot forget to close. */
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type ServerOptions } from "socket.io";
import { WebSocket } from "ws";
import { attachBridge, type Bridge, type BridgeOptions } from "../../../bridge/index.js";
import { io as plain, type Options, type Socket } from "../../../clients/typescript/src/index.js";
import { EventLog, SOCKET_EVENTS } from "./events.js";

/** Short delays: a test waits for real ones here. */
export const QUICK: Options = { WebSocket, forceNew: true, reconnectionDelay: 20, reconnectionDelayMax: 40 };

export class TestServer {
  readonly #sockets: { socket: Socket; log: EventLog }[] = [];

  private constructor(
    readonly http: HttpServer,
    readonly io: Server,
    readonly bridge: Bridge,
    readonly port: number,
  ) {}

  static async start(
    options: BridgeOptions = {},
    more: Partial<ServerOptions> = {},
    port = 0,
  ): Promise<TestServer> {
    const http = createServer();
    const io = new Server(http, { serveClient: false, ...more });
    const bridge = attachBridge(io, http, options);
    await new Promise<void>((resolve) => http.listen(port, "127.0.0.1", resolve));
    return new TestServer(http, io, bridge, (http.address() as AddressInfo).port);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** A plain socket, and what it tells. */
  connect(ns = "/", options: Options = {}): { socket: Socket; log: EventLog } {
    const socket = plain(this.url + ns, { ...QUICK, ...options });
    const log = new EventLog(socket, SOCKET_EVENTS);
    this.#sockets.push({ socket, log });
    return { socket, log };
  }

  /** Ends the server; its clients stay as they are. */
  async stop(): Promise<void> {
    await this.io.close();
  }

  /** Ends clients and server, and says which events of theirs the test has not looked at. */
  async end(): Promise<unknown[]> {
    const unseen = this.#sockets.flatMap(({ log }) => log.rest());
    for (const { socket } of this.#sockets) socket.disconnect();
    await this.stop();
    return unseen;
  }
}
