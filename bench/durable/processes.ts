/** The orchestrator's side of its child processes. */
import { join } from "node:path";
import { Child } from "../shared/child.js";
import type { Usage } from "../shared/usage.js";
import type { Cost } from "./cost.js";
import type {
  Absence,
  AppendQuestion,
  GrowthQuestion,
  GrowthResult,
  LoadQuestion,
  PublishResult,
  ReturnResult,
  ServerQuestion,
} from "./protocol.js";
import type { Protocol } from "../shared/wires.js";
import type { StoreName } from "./settings.js";

/** Milliseconds for an answer; the longest one is that of a log that is filled with a million messages. */
const PATIENCE = 10 * 60_000;

const script = (name: string) => join(import.meta.dirname, "children", `${name}.js`);

/** A rooms server with one of the stores. */
export class RoomsServerProcess {
  readonly #child: Child<ServerQuestion>;

  private constructor(
    child: Child<ServerQuestion>,
    /** On 127.0.0.1. */
    readonly port: number,
  ) {
    this.#child = child;
  }

  /** Resolves when it listens. */
  static async start(store: StoreName, folder: string): Promise<RoomsServerProcess> {
    const child = new Child<ServerQuestion>(`the server (${store})`, process.execPath, [
      script("serve"),
      store,
      folder,
    ]);
    return new RoomsServerProcess(child, (await child.hello).port);
  }

  /** Microseconds of CPU that it has used. */
  async cpu(): Promise<number> {
    return (await this.#child.ask<Usage>({ ask: "usage" }, PATIENCE)).cpu;
  }

  /** Kills it: it puts nothing in order. */
  end(): Promise<void> {
    return this.#child.end();
  }
}

/** The process with all clients. */
export class LoadProcess {
  readonly #child: Child<LoadQuestion>;

  private constructor(child: Child<LoadQuestion>) {
    this.#child = child;
  }

  static async start(): Promise<LoadProcess> {
    const child = new Child<LoadQuestion>("the load generator", process.execPath, [script("load")]);
    await child.hello;
    return new LoadProcess(child);
  }

  connectPublishers(group: string, protocol: Protocol, port: number, count: number): Promise<object> {
    return this.#child.ask({ ask: "publishers", group, protocol, port, count }, PATIENCE);
  }

  publish(group: string, count: number, warmUp: number, milliseconds: number): Promise<PublishResult> {
    return this.#child.ask({ ask: "publish", group, count, warmUp, milliseconds }, PATIENCE);
  }

  leave(port: number, absence: Absence): Promise<object> {
    return this.#child.ask({ ask: "leave", port, ...absence }, PATIENCE);
  }

  comeBack(group: string, port: number): Promise<ReturnResult> {
    return this.#child.ask({ ask: "come back", group, port }, PATIENCE);
  }

  end(): Promise<void> {
    return this.#child.end();
  }
}

/** A process with stores and no server. */
class StoreProcess<Question, Result extends object> {
  readonly #child: Child<Question>;

  constructor(name: string, folder: string) {
    this.#child = new Child<Question>(name, process.execPath, [script(name), folder]);
  }

  async start(): Promise<this> {
    await this.#child.hello;
    return this;
  }

  ask(question: Question): Promise<Result> {
    return this.#child.ask(question, PATIENCE);
  }

  end(): Promise<void> {
    return this.#child.end();
  }
}

export function startStores(folder: string): Promise<StoreProcess<AppendQuestion, Cost>> {
  return new StoreProcess<AppendQuestion, Cost>("stores", folder).start();
}

export function startGrowth(folder: string): Promise<StoreProcess<GrowthQuestion, GrowthResult>> {
  return new StoreProcess<GrowthQuestion, GrowthResult>("growth", folder).start();
}
