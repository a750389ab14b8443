/** A rooms server for one scenario, and its clients; with a proxy between them. */
import type { RoomsServerOptions } from "../../../server/index.js";
import { World } from "../../guarantees/world.js";
import { TcpProxy } from "../../soak/proxy.js";
import type { Client, Fields, Message } from "../client.js";
import type { TransportName } from "../scenario.js";
import { Loss, RESUME_TIMEOUT } from "./loss.js";
import type { Opener } from "./stage.js";

export class Lobby {
  readonly #open: Opener;
  readonly #transport: TransportName;
  readonly #loss: Loss;

  private constructor(
    /** The server: its clock can be moved, and it can be restarted on what it kept. */
    readonly world: World,
    readonly proxy: TcpProxy,
    open: Opener,
    transport: TransportName,
  ) {
    this.#open = open;
    this.#transport = transport;
    this.#loss = new Loss(proxy, transport);
  }

  static async start(open: Opener, transport: TransportName, options: RoomsServerOptions): Promise<Lobby> {
    const bridge = { http: { resumeTimeout: RESUME_TIMEOUT }, ...options.bridge };
    const world = await new World({ ...options, bridge }).start();
    const proxy = await TcpProxy.listen({ port: Number(new URL(world.url).port) });
    return new Lobby(world, proxy, open, transport);
  }

  /** What clients connect to: the proxy. */
  get url(): string {
    return `http://127.0.0.1:${this.proxy.port}`;
  }

  /** Past the proxy. */
  get directUrl(): string {
    return this.world.url;
  }

  /** A client of the rooms layer, which begins to connect. */
  client(options: Fields = {}): Promise<Client> {
    return this.#open({ layer: "rooms", url: this.url, ackTimeout: 2_000, ...options });
  }

  /** A client that is connected. */
  async enter(options: Fields = {}): Promise<Client> {
    const client = await this.client(options);
    await client.do("ready");
    await client.next("connect");
    return client;
  }

  /** A client that has joined a room. */
  async join(room: string, options: Fields = {}): Promise<Client> {
    const client = await this.enter(options);
    await client.do("join", { room });
    await client.next("joined", { room });
    return client;
  }

  /** Publishes past the proxy: a writer that no fault touches. */
  writer(room: string, options: Fields = {}): Promise<Client> {
    return this.join(room, { url: this.directUrl, ...options });
  }

  /** Has all clients lose their connections, but for those past the proxy. */
  cut(): void {
    this.#loss.cut(Number(new URL(this.directUrl).port));
  }

  /** Connections that go through the proxy; undefined over HTTP, where a session has any number of them. */
  get connections(): number | undefined {
    return this.#transport === "websocket" ? this.proxy.links.length : undefined;
  }

  /** All that the room's log has, as a client reads it. */
  async log(client: Client, room: string): Promise<Message[]> {
    return (await client.do("history", { room, limit: 500 })).messages;
  }

  async close(): Promise<void> {
    this.#loss.end();
    await this.proxy.close();
    await this.world.stop();
  }
}
