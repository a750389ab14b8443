/** A real rooms server behind a network that a test can break, and rooms layers on real sockets of both clients. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { io } from "socket.io-client";
import { WebSocket } from "ws";
import {
  createRooms,
  type Rooms,
  type RoomsOptions,
  type SocketLike,
} from "../../../../clients/typescript/src/rooms/index.js";
import { io as plain } from "../../../../clients/typescript/src/index.js";
import { createRoomsServer, type RoomsServer, type RoomsServerOptions } from "../../../../server/index.js";
import { TcpProxy } from "../../../soak/proxy.js";

/** Short delays: tests wait for real ones. */
const QUICK = { forceNew: true, reconnectionDelay: 20, reconnectionDelayMax: 60, auth: {} };

/** Sockets of both clients, as an application makes them. */
export const CLIENTS = {
  "socket.io-client": (url: string, options: object = {}): SocketLike =>
    io(url, { ...QUICK, transports: ["websocket"], ...options }),
  "@crossroom/client": (url: string, options: object = {}): SocketLike =>
    plain(url, { ...QUICK, WebSocket, ...options }),
} as const;

export type ClientName = keyof typeof CLIENTS;
export const CLIENT_NAMES = Object.keys(CLIENTS) as ClientName[];

/** For tests of connections that fall silent: milliseconds. Not for others: a busy machine looks like a dead one. */
export const QUICK_HEARTBEAT = { pingInterval: 400, pingTimeout: 400 };

/** Calls at a time: fewer than may wait for their acks. */
const BATCH = 500;

interface Running {
  server: RoomsServer;
  port: number;
}

export class Stage {
  readonly #options: RoomsServerOptions;
  #running: Running;
  readonly #opened: Rooms[] = [];
  readonly #counts = new Map<string, number>();

  private constructor(
    options: RoomsServerOptions,
    running: Running,
    readonly network: TcpProxy,
  ) {
    this.#options = options;
    this.#running = running;
  }

  static async start(options: RoomsServerOptions = {}): Promise<Stage> {
    const all: RoomsServerOptions = {
      ...options,
      limits: { messagesPerSecond: 1_000_000, ...options.limits },
      bridge: { maxMessagesPerSecond: 1_000_000, ...options.bridge },
    };
    const running = await serve(all);
    const stage = new Stage(all, running, await TcpProxy.listen({ port: running.port }));
    stage.#count();
    return stage;
  }

  get server(): RoomsServer {
    return this.#running.server;
  }

  get port(): number {
    return this.#running.port;
  }

  /** Of the network in front of the server. */
  get url(): string {
    return `http://127.0.0.1:${this.network.port}`;
  }

  /** A layer, which is closed at the end. */
  rooms(
    client: ClientName,
    options: RoomsOptions = {},
    wrap: (socket: SocketLike) => SocketLike = same,
  ): Rooms {
    return this.on(wrap(CLIENTS[client](this.url)), options);
  }

  /** The same on a socket of the test's own. */
  on(socket: SocketLike, options: RoomsOptions = {}): Rooms {
    const rooms = createRooms(socket, options);
    this.#opened.push(rooms);
    return rooms;
  }

  /** A layer that the network's faults do not touch. */
  direct(client: ClientName): Rooms {
    return this.on(CLIENTS[client](`http://127.0.0.1:${this.port}`));
  }

  socket(client: ClientName, options: object = {}): SocketLike {
    return CLIENTS[client](this.url, options);
  }

  /** Of another server. */
  socketTo(client: ClientName, url: string): SocketLike {
    return CLIENTS[client](url);
  }

  /** Publishes 1, 2, 3 and so on to a room, faster than clients would. */
  async fill(room: string, count: number): Promise<void> {
    const socket = io(`http://127.0.0.1:${this.port}`, { ...QUICK, transports: ["websocket"] });
    await socket.emitWithAck("join", { room });
    for (let done = 0; done < count; done += BATCH) {
      const batch = Array.from({ length: Math.min(BATCH, count - done) }, (_, i) => done + i + 1);
      await Promise.all(batch.map((data) => socket.emitWithAck("publish", { room, data })));
    }
    socket.disconnect();
  }

  /** How often clients have made a call. */
  calls(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** Cuts every connection there is. */
  cut(): void {
    for (const link of this.network.links) link.cut("rst");
  }

  /** Lets every connection there is fall silent. */
  stall(): void {
    for (const link of this.network.links) link.stall("both");
  }

  /** Ends the server; `up` starts another one on the same options: with a store among them, what it keeps outlasts it. */
  async down(): Promise<void> {
    await this.#running.server.close({ http: true });
  }

  async up(): Promise<void> {
    this.#running = await serve(this.#options);
    this.#count();
    this.network.setTarget({ port: this.#running.port });
  }

  async end(): Promise<void> {
    for (const rooms of this.#opened) rooms.close();
    // First, as the server waits for the answer to its close frames.
    await this.network.close();
    await this.#running.server.close({ http: true });
  }

  #count(): void {
    this.server.io.on("connection", (socket) => {
      socket.onAny((name: string) => this.#counts.set(name, this.calls(name) + 1));
    });
  }
}

async function serve(options: RoomsServerOptions): Promise<Running> {
  const http = createServer();
  const server = createRoomsServer(http, options);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return { server, port: (http.address() as AddressInfo).port };
}

const same = (socket: SocketLike): SocketLike => socket;

/** A storage of the browser's kind. */
export class MemoryStorage {
  readonly #values = new Map<string, string>();

  getItem(key: string): string | null {
    return this.#values.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.#values.set(key, value);
  }

  removeItem(key: string): void {
    this.#values.delete(key);
  }

  get keys(): string[] {
    return [...this.#values.keys()];
  }
}
