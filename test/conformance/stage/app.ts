/** A Socket.IO app with the bridge, for one scenario, and its clients; with a proxy between them. */
import { listenAgain } from "../../support/listen-again.js";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type ServerOptions, type Socket } from "socket.io";
import { attachBridge, type BridgeOptions } from "../../../bridge/index.js";
import { until } from "../../support/deadline.js";
import { type Cut, TcpProxy } from "../../soak/proxy.js";
import type { Client, Fields } from "../client.js";
import type { TransportName } from "../scenario.js";
import { Loss, RESUME_TIMEOUT } from "./loss.js";
import type { Opener } from "./stage.js";

export interface AppOptions {
  io?: Partial<ServerOptions>;
  bridge?: BridgeOptions;
}

/** A client with its socket at the server. */
export interface Guest {
  client: Client;
  socket: Socket;
}

export class App {
  readonly #options: AppOptions;
  readonly #open: Opener;
  readonly #prepare: (io: Server) => void;
  readonly #port: number;
  readonly #transport: TransportName;
  readonly #loss: Loss;

  private constructor(
    /** The app's own. A restart makes another one. */
    public io: Server,
    readonly proxy: TcpProxy,
    options: AppOptions,
    open: Opener,
    prepare: (io: Server) => void,
    port: number,
    transport: TransportName,
  ) {
    this.#transport = transport;
    this.#loss = new Loss(proxy, transport);
    this.#options = options;
    this.#open = open;
    this.#prepare = prepare;
    this.#port = port;
  }

  /** @param prepare sets the app up, at each start: its namespaces, middlewares and handlers. */
  static async start(
    open: Opener,
    transport: TransportName,
    options: AppOptions,
    prepare: (io: Server) => void,
  ): Promise<App> {
    const { http, io } = await listen(options, prepare, 0);
    const { port } = http.address() as AddressInfo;
    const proxy = await TcpProxy.listen({ port });
    return new App(io, proxy, options, open, prepare, port, transport);
  }

  /** What clients connect to: the proxy. */
  get url(): string {
    return `http://127.0.0.1:${this.proxy.port}`;
  }

  /** Past the proxy. */
  get directUrl(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** A client of the bridge layer, not connected. */
  client(options: Fields = {}): Promise<Client> {
    return this.#open({ layer: "bridge", url: this.url, ...options });
  }

  /** A client that is connected to a namespace, with its socket there. */
  async enter(options: Fields = {}, ns = "/"): Promise<Guest> {
    const client = await this.client(options);
    return { client, socket: await this.connect(client, ns) };
  }

  /** Connects a client to a namespace; its socket there. */
  async connect(client: Client, ns = "/"): Promise<Socket> {
    const { sid } = await client.do("connect", nsField(ns));
    await client.next("connected", nsField(ns));
    return this.#socket(sid, ns);
  }

  /** The socket of the next time that the client says it is connected: after a reconnect. */
  async reconnected(client: Client, ns = "/"): Promise<Socket> {
    const { sid } = await client.next("connected", nsField(ns));
    return this.#socket(String(sid), ns);
  }

  /** Has all clients lose their connections. */
  cut(how?: Cut): void {
    this.#loss.cut(this.#port, how);
  }

  /** Resolves when clients can connect again after a cut. */
  get back(): Promise<void> {
    return this.#loss.back;
  }

  /** Connections, or sessions over HTTP, that clients have. */
  get connections(): number {
    if (this.#transport === "websocket") return this.proxy.links.length;
    const sockets = [...this.io._nsps.values()].flatMap((nsp) => [...nsp.sockets.values()]);
    return new Set(sockets.map(({ conn }) => conn)).size;
  }

  /** How many sockets there are in a namespace; waits until that is so. */
  async count(expected: number, ns = "/"): Promise<void> {
    await until(() => this.io.of(ns).sockets.size === expected, `${ns} has ${expected} sockets`);
  }

  /** Ends the server, and nobody listens on its port. */
  async stop(): Promise<void> {
    await this.io.close();
  }

  /** Starts it again on the same port. */
  async startAgain(): Promise<void> {
    ({ io: this.io } = await listen(this.#options, this.#prepare, this.#port));
  }

  async close(): Promise<void> {
    this.#loss.end();
    await this.proxy.close();
    await this.io.close();
  }

  #socket(sid: string, ns: string): Socket {
    const socket = this.io.of(ns).sockets.get(sid);
    if (socket === undefined) throw new Error(`the server has no socket ${sid} in ${ns}`);
    return socket;
  }
}

/** `/` is left out. */
export function nsField(ns: string): { ns?: string } {
  return ns === "/" ? {} : { ns };
}

async function listen(
  options: AppOptions,
  prepare: (io: Server) => void,
  port: number,
): Promise<{ http: HttpServer; io: Server }> {
  const http = createServer();
  const io = new Server(http, options.io);
  attachBridge(io, http, { http: { resumeTimeout: RESUME_TIMEOUT }, ...options.bridge });
  prepare(io);
  await listenAgain(http, port);
  return { http, io };
}
