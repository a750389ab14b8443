/** Where a scenario plays: servers and clients that are ended with it, whatever happens. */
import { createServer, type Server as HttpServer } from "node:http";
import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { Server, type ServerOptions, type Socket } from "socket.io";
import { attachBridge, type BridgeOptions } from "../../../bridge/index.js";
import type { Client, ClientSocket, Driver, Target } from "../drivers/driver.js";
import { Log, within, type Entry } from "./log.js";

export type Web = HttpServer | HttpsServer;

/** A Socket.IO server with a bridge, listening on a port of its own. */
export interface Site {
  readonly io: Server;
  readonly web: Web;
  readonly target: Target;
}

export interface SiteOptions extends Partial<ServerOptions> {
  bridge?: BridgeOptions;
  /** PEM of a key and its certificate: served over https. */
  tls?: { key: string; cert: string };
}

/** The two ends of one namespace's connection. */
export interface Pair {
  /** The server's socket. */
  there: Socket;
  /** The client's. */
  here: ClientSocket;
  client: Client;
}

/** A client over HTTP that was cut off is missed soon. */
export const SOON_LOST = { resumeTimeout: 500 };

export class Stage {
  readonly #endings: (() => unknown)[] = [];
  readonly #logs: Log[] = [];

  constructor(readonly driver: Driver) {}

  /** Has something ended with the scenario, before everything that was there earlier. */
  onEnd(ending: () => unknown): void {
    this.#endings.unshift(ending);
  }

  /** A log that the scenario must have read to its end. */
  log(title = "what the server saw"): Log {
    const log = new Log(title);
    this.#logs.push(log);
    return log;
  }

  /** What the scenario has not looked at, of its logs and of the clients of its pairs. */
  leftOver(): Entry[] {
    return this.#logs.flatMap((log) => log.rest());
  }

  /** Starts a server with a bridge. */
  async serve({ bridge = {}, tls, ...options }: SiteOptions = {}): Promise<Site> {
    const web = tls === undefined ? createServer() : createHttpsServer(tls);
    const io = new Server(web, { serveClient: false, ...options });
    attachBridge(io, web, { http: SOON_LOST, ...bridge });
    this.onEnd(() => io.close());
    const target = await this.listen(web, {
      bridgePath: bridge.path ?? "/bridge",
      ...(options.parser !== undefined && { parser: options.parser }),
      ...(tls && { ca: tls.cert }),
    });
    return { io, web, target };
  }

  /** Has an HTTP server listen on loopback, and says how to reach it. The caller has it closed. */
  async listen(web: Web, more: Partial<Target> = {}): Promise<Target> {
    await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
    const { port } = web.address() as AddressInfo;
    const scheme = "setSecureContext" in web ? "https" : "http";
    return { url: `${scheme}://127.0.0.1:${port}`, bridgePath: "/bridge", ...more };
  }

  /** A client of the kind that the scenario is run with. */
  client({ target }: Pick<Site, "target">, more: Partial<Target> = {}): Client {
    const client = this.driver.open({ ...target, ...more });
    this.onEnd(() => client.cut());
    return client;
  }

  /** A client that is connected to a namespace, and the server's socket for it. */
  async pair(site: Site, ns = "/", auth?: Readonly<Record<string, unknown>>): Promise<Pair> {
    return this.join(site, this.client(site), ns, auth);
  }

  /** As `pair`, for a client that there is already. */
  async join(
    { io }: Site,
    client: Client,
    ns = "/",
    auth?: Readonly<Record<string, unknown>>,
  ): Promise<Pair> {
    const here = client.socket(ns, auth);
    const arrival = new Promise<Socket>((resolve) => io.of(ns).once("connection", resolve));
    this.#logs.push(here.log);
    await here.connected();
    return { there: await within("the server's connection event", arrival), here, client };
  }

  async end(): Promise<void> {
    const errors: unknown[] = [];
    for (const ending of this.#endings.splice(0)) {
      try {
        await ending();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, "the stage could not be cleared");
  }
}
