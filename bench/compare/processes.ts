/** The orchestrator's side of its child processes: servers, clients, and the network between them. */
import { join } from "node:path";
import { Child } from "../shared/child.js";
import type { Usage } from "../shared/usage.js";
import type { ClientSettings, Way } from "./clients/client.js";
import type {
  Got,
  LoadQuestion,
  Missed,
  Passed,
  Published,
  RelayQuestion,
  Schedule,
  ServerQuestion,
} from "./protocol.js";

/** Milliseconds for an answer: what takes longer has gone wrong. */
const PATIENCE = 3 * 60_000;

const script = (...path: string[]) => join(import.meta.dirname, ...path);

export interface ServerProgram {
  /** A file of `servers/`. */
  readonly script: string;
  readonly args?: readonly string[];
  /** Whether it is the rooms server: its messages are published by a client, in a process of its own, and it has a folder for its data. */
  readonly isRooms?: boolean;
}

/** A server under test, in a process of its own. */
export class ServerProcess {
  readonly #child: Child<ServerQuestion>;
  /** Who publishes: the server itself, or a client of it. */
  readonly #publisher: Child<ServerQuestion>;

  private constructor(
    child: Child<ServerQuestion>,
    publisher: Child<ServerQuestion>,
    readonly port: number,
  ) {
    this.#child = child;
    this.#publisher = publisher;
  }

  /** Resolves when it listens. */
  static async start(
    name: string,
    program: ServerProgram,
    { folder, nodeOptions = [] }: { folder: string; nodeOptions?: readonly string[] },
  ): Promise<ServerProcess> {
    const args = program.isRooms === true ? [join(folder, `rooms-${counter++}`)] : (program.args ?? []);
    const child = node<ServerQuestion>(name, script("servers", `${program.script}.js`), args, nodeOptions);
    const { port } = await child.hello;
    if (program.isRooms !== true) return new ServerProcess(child, child, port);
    const publisher = node<ServerQuestion>(`${name}'s publisher`, script("servers", "rooms-publisher.js"), [
      String(port),
    ]);
    await publisher.hello;
    return new ServerProcess(child, publisher, port);
  }

  publish(schedule: Schedule): Promise<Published> {
    return this.#publisher.ask({ ask: "publish", ...schedule }, PATIENCE);
  }

  usage({ gc = false } = {}): Promise<Usage> {
    return this.#child.ask({ ask: "usage", gc }, PATIENCE);
  }

  /** How many messages of clients have come. */
  async received(): Promise<number> {
    const { count } = await this.#publisher.ask<{ count: number }>({ ask: "received" }, PATIENCE);
    return count;
  }

  async end(): Promise<void> {
    if (this.#publisher !== this.#child) await this.#publisher.end();
    await this.#child.end();
  }
}

let counter = 0;

function node<Question>(
  name: string,
  file: string,
  args: readonly string[] = [],
  options: readonly string[] = [],
): Child<Question> {
  return new Child<Question>(name, process.execPath, ["--expose-gc", ...options, file, ...args]);
}

/** A process with clients of all ways. */
export class LoadProcess {
  readonly #child: Child<LoadQuestion>;

  private constructor(child: Child<LoadQuestion>) {
    this.#child = child;
  }

  static async start(): Promise<LoadProcess> {
    const child = node<LoadQuestion>("the clients", script("children", "load.js"));
    await child.hello;
    return new LoadProcess(child);
  }

  /** Resolves to the milliseconds until each client was greeted; rejects where one was not, within `patience`. */
  async connect(
    group: string,
    to: { way: Way; port: number; settings: ClientSettings; count?: number; patience?: number },
  ): Promise<number[]> {
    const asked = { count: 1, patience: 20_000, ...to };
    const { milliseconds } = await this.#child.ask<{ milliseconds: number[] }>(
      { ask: "connect", group, ...asked },
      PATIENCE,
    );
    return milliseconds;
  }

  /** Resolves to the latencies, in milliseconds, once every client has these messages; a lost one is an error. */
  async expect(group: string, { first, last }: Published, patience = 10_000): Promise<number[]> {
    const { latencies } = await this.#child.ask<Got>(
      { ask: "expect", group, first, last, patience },
      PATIENCE,
    );
    return latencies;
  }

  /** What each client has not got, of messages of a cut or behind a proxy. */
  async missed(
    group: string,
    { first, last }: { first: number; last: number },
    inTime?: number,
  ): Promise<Missed[]> {
    const limit = inTime === undefined ? {} : { inTime };
    const { missed } = await this.#child.ask<{ missed: Missed[] }>(
      { ask: "missed", group, first, last, ...limit },
      PATIENCE,
    );
    return missed;
  }

  send(group: string, count: number, every: number): Promise<object> {
    return this.#child.ask({ ask: "send", group, count, every }, PATIENCE);
  }

  drop(group: string): Promise<object> {
    return this.#child.ask({ ask: "drop", group }, PATIENCE);
  }

  end(): Promise<void> {
    return this.#child.end();
  }
}

/** The network between clients and servers. */
export class Relay {
  readonly #child: Child<RelayQuestion>;
  readonly #control: number;

  private constructor(child: Child<RelayQuestion>, control: number) {
    this.#child = child;
    this.#control = control;
  }

  static async start(): Promise<Relay> {
    const child = node<RelayQuestion>("the relay", script("children", "relay.js"));
    return new Relay(child, (await child.hello).port);
  }

  /** A way to a server's port. @param oneWay Milliseconds in each direction. */
  async open(name: string, upstream: number, oneWay = 0): Promise<Passageway> {
    const { port } = await this.#child.ask<{ port: number }>(
      { ask: "open", name, upstream, oneWay },
      PATIENCE,
    );
    return {
      port,
      relay: { control: this.#control, name },
      passed: () => this.#child.ask<Passed>({ ask: "passed", name }, PATIENCE),
      swallow: (text) => this.#child.ask({ ask: "swallow", name, text }, PATIENCE),
    };
  }

  /** For all that passes, and for what would begin to. */
  async change(weather: "cut" | "restore" | "stall" | "release"): Promise<void> {
    await this.#child.ask({ ask: weather }, PATIENCE);
  }

  end(): Promise<void> {
    return this.#child.end();
  }
}

export interface Passageway {
  readonly port: number;
  /** For the settings of clients that need a port for UDP. */
  readonly relay: { control: number; name: string };
  /** Bytes so far. */
  passed(): Promise<Passed>;
  /** Loses the next piece with this text, on its way to a client. */
  swallow(text: string): Promise<object>;
}
