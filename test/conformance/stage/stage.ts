/** What one run of a scenario has: servers, proxies and clients of its own, all gone at its end. */
import type { Server } from "socket.io";
import type { RoomsServerOptions } from "../../../server/index.js";
import type { Agent } from "../agent.js";
import { Client, type Fields } from "../client.js";
import type { TransportName } from "../scenario.js";
import { App, type AppOptions } from "./app.js";
import { Lobby } from "./lobby.js";
import { NginxProxy } from "./nginx-proxy.js";
import { Wire } from "./wire.js";

/** Makes a client, with options of `open` (docs/conformance-agent.md). */
export type Opener = (options: Fields) => Promise<Client>;

/** Delays between attempts, and what one may take: as an application would set them where the network is bad. */
const RECONNECT = { min: 50, max: 300, timeout: 3_000 };

/** An agent that is told of no way to take, as in an application that sets nothing. */
export const ANY_WAY = "";

type Starter = (ways: TransportName | typeof ANY_WAY) => Promise<Agent>;

export class Stage {
  readonly #start: Starter;
  readonly #clients: Client[] = [];
  readonly #ends: (() => Promise<void>)[] = [];

  /**
   * @param transport the way that clients take.
   * @param start another agent of the same kind.
   * @param others agents of all kinds of clients, for scenarios that have them together.
   */
  constructor(
    readonly agent: Agent,
    readonly transport: TransportName,
    start: Starter,
    readonly others: readonly Agent[] = [],
  ) {
    this.#start = start;
  }

  /** A Socket.IO app with the bridge. `prepare` sets it up. */
  async app(prepare: (io: Server) => void = () => undefined, options: AppOptions = {}): Promise<App> {
    const app = await App.start((fields) => this.open(fields), this.transport, options, prepare);
    this.#ends.push(() => app.close());
    return app;
  }

  /** A rooms server. */
  async lobby(options: RoomsServerOptions = {}): Promise<Lobby> {
    const lobby = await Lobby.start((fields) => this.open(fields), this.transport, options);
    this.#ends.push(() => lobby.close());
    return lobby;
  }

  /** A proxy for messages, before `target`. */
  async wire(target: string): Promise<Wire> {
    const wire = await Wire.listen(target);
    this.#ends.push(() => wire.close());
    return wire;
  }

  /** A real nginx before `target`, which can be set anew. */
  async nginx(target: string): Promise<NginxProxy> {
    const nginx = await NginxProxy.start(Number(new URL(target).port));
    this.#ends.push(() => nginx.close());
    return nginx;
  }

  /** A client of the agent's kind, or of another one's. */
  async open(options: Fields, agent = this.agent): Promise<Client> {
    const client = new Client(agent);
    this.#clients.push(client);
    await client.do("open", { reconnect: RECONNECT, ...options });
    return client;
  }

  /** Another agent of the same kind, which the scenario may end. */
  async newAgent(ways: TransportName | typeof ANY_WAY = this.transport): Promise<Agent> {
    const agent = await this.#start(ways);
    this.#ends.push(() => Promise.resolve(agent.kill()));
    return agent;
  }

  /** Something else to be done at the end, in any case. */
  atEnd(task: () => Promise<void>): void {
    this.#ends.push(task);
  }

  /**
   * Closes all clients, then the servers. @throws Error if a client has reported what the scenario did not account for: a
   * message that came twice, say.
   */
  async end(): Promise<void> {
    try {
      await Promise.all(this.#clients.map((client) => client.end()));
      for (const client of this.#clients) {
        const [report] = client.leftOver;
        if (report !== undefined) throw new Error(`not expected: ${JSON.stringify(report).slice(0, 400)}`);
      }
    } finally {
      for (const end of this.#ends.reverse()) await end();
    }
  }

  /** The same where the scenario has failed: what else is wrong is of no interest. */
  async abandon(): Promise<void> {
    this.agent.thaw();
    await this.end().catch(() => undefined);
  }
}
