/**
 * The requests of an application's HTTP server that are for paths of ours. The application's listeners do not see those, and all others are
 * the application's, whoever listened first: Node calls every listener with every request, and two answers to one end the process.
 */
import { EventEmitter } from "node:events";
import type { IncomingMessage, Server as HttpServer, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { refuseStrayUpgrade } from "./stray-upgrades.js";

/** Which paths are ours. They are compared as they were sent: one that is percent-encoded or has `//` in it is none of ours. */
export interface OwnPaths {
  isForRequest(path: string): boolean;
  /** Whether WebSockets are opened there. */
  isForUpgrade(path: string): boolean;
  /** Where plain WebSockets are to be opened, for those who try elsewhere. */
  readonly bridge: string;
}

/**
 * The events that Node emits for a request. The last two stand for `request` where somebody listens for them: with
 * `Expect: 100-continue`, and with any other `Expect`.
 */
const REQUESTS: ReadonlySet<string | symbol> = new Set(["request", "checkContinue", "checkExpectation"]);

/** The HTTP servers that have one of these. */
const mounted = new WeakSet<HttpServer>();

/**
 * Emits `request` and `upgrade` for what is ours, and `listening` and `close`, as the HTTP server does.
 *
 * Events of the HTTP server are caught where it emits them, as @crossroom/bridge does it: Engine.IO takes the listeners that it finds and calls
 * them for what it leaves, but one that is added later is called beside it.
 */
export class OwnRequests extends EventEmitter {
  /** Whether `close` closes the HTTP server too. */
  closesHost = false;
  readonly #host: HttpServer;
  /** What `emit` did before, and what it was where somebody else had wrapped it. */
  #pass: (event: string | symbol, ...args: unknown[]) => boolean = () => false;
  #wrapped: PropertyDescriptor | undefined;
  #paths: OwnPaths | undefined;

  /** Throws a TypeError where the HTTP server has a rooms server already. Nothing is done to it before `take` is called. */
  constructor(host: HttpServer) {
    super();
    if (mounted.has(host))
      throw new TypeError("this HTTP server has a rooms server already: close that first");
    this.#host = host;
  }

  /** Takes the requests for these paths, from now on and until `close`. */
  take(paths: OwnPaths): void {
    const host = this.#host;
    this.#paths = paths;
    mounted.add(host);
    this.#wrapped = Object.getOwnPropertyDescriptor(host, "emit");
    this.#pass = host.emit.bind(host) as (event: string | symbol, ...args: unknown[]) => boolean;
    host.emit = this.#emit;
    host.on("upgrade", ignore).on("listening", this.#onListening).on("close", this.#onClose);
  }

  /** For the bridge, which takes no more clients as soon as the HTTP server takes none. */
  get listening(): boolean {
    return this.#host.listening;
  }

  /**
   * As Socket.IO and the bridge want it: they listen here as on an HTTP server, and `io.close()` closes it. They use no more of it than
   * this class has (socket.io 4.8, engine.io 6.6).
   */
  get asHttpServer(): HttpServer {
    return this as unknown as HttpServer;
  }

  /** By this `io` tells an HTTP server from options (socket.io 4.8). */
  listen(): never {
    throw new Error("the HTTP server that the rooms server is on is the one to listen");
  }

  /** Leaves the HTTP server as it was, or closes that too; calls back when that is done. */
  close(callback?: (error?: Error) => void): this {
    this.#leave();
    if (this.closesHost) this.#host.close(callback);
    else callback?.();
    return this;
  }

  #leave(): void {
    const host = this.#host;
    this.#paths = undefined;
    mounted.delete(host);
    host.off("upgrade", ignore).off("listening", this.#onListening).off("close", this.#onClose);
    // Not where somebody has wrapped it again: then this one stays, and passes everything on.
    if (host.emit !== this.#emit) return;
    if (this.#wrapped === undefined) Reflect.deleteProperty(host, "emit");
    else Object.defineProperty(host, "emit", this.#wrapped);
  }

  readonly #onListening = (): boolean => this.emit("listening");
  readonly #onClose = (): boolean => this.emit("close");

  readonly #emit = ((event: string | symbol, ...args: unknown[]): boolean => {
    const paths = this.#paths;
    if (paths !== undefined && REQUESTS.has(event)) {
      const [request, response] = args as [IncomingMessage, ServerResponse];
      if (this.#takesRequest(event, request, response, paths)) return true;
    } else if (paths !== undefined && event === "upgrade") {
      const [request, socket, head] = args as [IncomingMessage, Duplex, Buffer];
      if (this.#takesUpgrade(request, socket, head, paths)) return true;
    }
    return this.#pass(event, ...args);
  }) as HttpServer["emit"];

  #takesRequest(
    event: string | symbol,
    request: IncomingMessage,
    response: ServerResponse,
    paths: OwnPaths,
  ): boolean {
    const url = originForm(request.url);
    if (paths.isForRequest(pathOf(url))) {
      request.url = url;
      if (event === "checkContinue") response.writeContinue();
    } else if (event !== "request" || this.#host.listenerCount("request") > 0) {
      return false;
    } // else there is no application, and it is answered with what is said of a path at which there is nothing
    return this.emit("request", request, response);
  }

  #takesUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, paths: OwnPaths): boolean {
    const url = originForm(request.url);
    const path = pathOf(url);
    if (paths.isForUpgrade(path)) {
      request.url = url;
      return this.emit("upgrade", request, socket, head);
    }
    const others = this.#host.listenerCount("upgrade") - 1;
    if (others > 0 && !paths.isForRequest(path)) return false;
    refuseStrayUpgrade(socket, paths.bridge);
    return true;
  }
}

/** Node emits `upgrade` only where somebody listens for it. */
function ignore(): void {
  // What is to be done is done where the event is emitted.
}

/** `/path` of `http://host/path`, which a server must take as well (RFC 9112, section 3.2.2). */
function originForm(url = ""): string {
  const authority = /^https?:\/\/[^/?]*/i.exec(url)?.[0];
  if (authority === undefined) return url;
  const rest = url.slice(authority.length);
  return rest.startsWith("/") ? rest : `/${rest}`;
}

/** By hand, as `new URL` throws on some request targets that Node lets through. */
function pathOf(url: string): string {
  const query = url.indexOf("?");
  return query === -1 ? url : url.slice(0, query);
}
