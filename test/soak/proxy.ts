/**
 * A TCP proxy that does to connections what networks do: cuts them, lets them fall silent without closing them, and
 * brings their bytes late. It does nothing by itself; whoever holds it says what happens to which connection, and when.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { type Delay, Pipe } from "./pipe.js";

/** From the client to the server, from the server to the client, or both. */
export type Direction = "up" | "down" | "both";

/** How a connection is cut: RST (unread bytes are lost), or FIN to both sides after what was sent. */
export type Cut = "rst" | "fin";

export interface Address {
  port: number;
  /** Default `127.0.0.1`. */
  host?: string;
}

/** One connection through the proxy. Faults on a link that is closed do nothing. */
export class Link {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #closed: (link: Link) => void;
  readonly #up: Pipe;
  readonly #down: Pipe;
  readonly #counts = { up: 0, down: 0 };
  #connected = true;

  /** @param closed Called once both sides are closed. */
  constructor(client: Socket, server: Socket, closed: (link: Link) => void) {
    this.#client = client;
    this.#server = server;
    this.#closed = closed;
    this.#up = new Pipe(client, server, (bytes) => (this.#counts.up += bytes));
    this.#down = new Pipe(server, client, (bytes) => (this.#counts.down += bytes));
    this.#mirror(client, server);
    this.#mirror(server, client);
  }

  /** Whether neither side has been cut off. */
  get isOpen(): boolean {
    return this.#connected;
  }

  /** Bytes that went through, each way. */
  get bytes(): Readonly<Record<"up" | "down", number>> {
    return this.#counts;
  }

  cut(how: Cut): void {
    this.#end(how === "rst" ? reset : (socket) => socket.destroySoon());
  }

  /** Nothing goes through any more, and neither side is told. */
  stall(direction: Direction): void {
    for (const pipe of this.#pipes(direction)) pipe.stall();
  }

  /** Ends a stall, both ways. What was sent meanwhile arrives, in order. */
  resume(): void {
    for (const pipe of this.#pipes("both")) pipe.resume();
  }

  /** Brings what is sent from now on late by as much as `delay` says for each chunk, in order; undefined: no more. */
  delay(direction: Direction, delay: Delay | undefined): void {
    for (const pipe of this.#pipes(direction)) pipe.setDelay(delay);
  }

  /** Ends it at once, whatever is under way. */
  destroy(): void {
    this.cut("rst");
    this.#client.destroy();
    this.#server.destroy();
  }

  #pipes(direction: Direction): Pipe[] {
    if (!this.isOpen) return [];
    if (direction === "both") return [this.#up, this.#down];
    return [direction === "up" ? this.#up : this.#down];
  }

  /** What ends one side, ends the other in the same way. FINs go through the pipes, as they come after bytes. */
  #mirror(one: Socket, other: Socket): void {
    // A reset, or no server there: the other side is reset as well.
    one.on("error", () => this.#end(reset));
    one.on("close", () => {
      if (!other.closed) return;
      this.#end((socket) => socket.destroy());
      this.#closed(this);
    });
  }

  #end(destroy: (socket: Socket) => void): void {
    if (!this.isOpen) return;
    this.#connected = false;
    this.#up.stop();
    this.#down.stop();
    destroy(this.#client);
    destroy(this.#server);
  }
}

/** Node can reset no socket whose FIN is out: it fails with EINVAL, and leaves the socket open. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

export class TcpProxy {
  readonly #listener: Server;
  #target: Required<Address>;
  /** Those that are being closed are among them: bytes may be under way yet. */
  readonly #all = new Set<Link>();

  private constructor(listener: Server, target: Required<Address>) {
    this.#listener = listener;
    this.#target = target;
    listener.on("connection", (client) => this.#accept(client));
  }

  /** Listens on a free port of 127.0.0.1. A connection is passed on to the target as it is when the connection comes. */
  static async listen(target: Address): Promise<TcpProxy> {
    const listener = createServer({ allowHalfOpen: true, noDelay: true });
    const proxy = new TcpProxy(listener, withHost(target));
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    return proxy;
  }

  /** What clients connect to, on 127.0.0.1. */
  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  /** The open connections, oldest first. */
  get links(): readonly Link[] {
    return [...this.#all].filter((link) => link.isOpen);
  }

  /** Where connections go from now on; those that are there stay. */
  setTarget(target: Address): void {
    this.#target = withHost(target);
  }

  /** Ends all stalls and delays. */
  heal(): void {
    for (const link of this.#all) {
      link.delay("both", undefined);
      link.resume();
    }
  }

  /** Resets all connections, and listens no more. */
  async close(): Promise<void> {
    const closed = once(this.#listener, "close");
    this.#listener.close();
    for (const link of this.#all) link.destroy();
    await closed;
  }

  #accept(client: Socket): void {
    const server = connect({ ...this.#target, allowHalfOpen: true, noDelay: true });
    // Where nobody listens, the system may give a connection its own end as the other, and it would keep the server from coming back.
    server.once("connect", () => {
      if (server.localPort === server.remotePort) server.destroy();
    });
    this.#all.add(new Link(client, server, (link) => this.#all.delete(link)));
  }
}

function withHost({ port, host = "127.0.0.1" }: Address): Required<Address> {
  return { port, host };
}
