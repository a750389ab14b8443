/** The orchestrator's side of its child processes. */
import { join } from "node:path";
import type { Absence, ReturnResult } from "../durable/protocol.js";
import { Child } from "../shared/child.js";
import { cpuOf, peakRssOf } from "../shared/proc.js";
import { untilAtRest } from "../shared/rest.js";
import { startCentrifugo } from "./centrifugo.js";
import type { LoadQuestion, LoopDelay, ServerQuestion, StormResult } from "./protocol.js";
import type { Settings } from "./settings.js";
import type { Contender } from "./subjects.js";

/** Milliseconds for an answer: what takes longer has gone wrong. */
const PATIENCE = 5 * 60_000;

const script = (folder: string, name: string) => join(import.meta.dirname, folder, `${name}.js`);

/** A server under test, in a process of its own. */
export class ServerProcess {
  readonly port: number;
  readonly #pid: number;
  readonly #end: () => Promise<void>;
  /** Servers of others take no questions. */
  readonly #child: Child<ServerQuestion> | undefined;

  private constructor(
    { pid, port, end }: { pid: number; port: number; end: () => Promise<void> },
    child?: Child<ServerQuestion>,
  ) {
    this.port = port;
    this.#pid = pid;
    this.#end = end;
    this.#child = child;
  }

  /** Resolves when it listens. */
  static async start(
    { name, program, checkout }: Contender,
    { part, presence }: { part: string; presence: boolean },
    settings: Settings,
  ): Promise<ServerProcess> {
    // A folder of its own for each process: nobody finds what another one has left.
    const folder = join(settings.folder, `${part} ${name} ${counter++}`);
    if (program === "centrifugo") {
      if (settings.centrifugo === undefined) throw new Error("Centrifugo is not there");
      return new ServerProcess(await startCentrifugo(settings.centrifugo, { folder, presence }));
    }
    const args = [checkout, ...(program.args ?? []), presence ? "presence" : "none", folder];
    const file = script("servers", program.script);
    const child = new Child<ServerQuestion>(name, process.execPath, [file, ...args]);
    const { port } = await child.hello;
    return new ServerProcess({ pid: child.pid, port, end: () => child.end() }, child);
  }

  /** Microseconds of CPU that it has used, user and system, all threads. */
  cpu(): number {
    return cpuOf(this.#pid);
  }

  /** Bytes. */
  peakRss(): number {
    return peakRssOf(this.#pid);
  }

  /** Begins to watch the event loop, where there is one. */
  async watchLoop(): Promise<void> {
    await this.#child?.ask({ ask: "watch" }, PATIENCE);
  }

  /** Undefined where there is no event loop. */
  async loopDelay(): Promise<LoopDelay | undefined> {
    return this.#child?.ask<LoopDelay>({ ask: "loop delay" }, PATIENCE);
  }

  /** Resolves when it has done what was left to do; rejects if that does not end. */
  rest(): Promise<void> {
    return untilAtRest(() => this.cpu(), PATIENCE);
  }

  end(): Promise<void> {
    return this.#end();
  }
}

let counter = 0;

/** A process with clients. */
export class LoadProcess {
  readonly #child: Child<LoadQuestion>;

  private constructor(child: Child<LoadQuestion>) {
    this.#child = child;
  }

  static async start(): Promise<LoadProcess> {
    const child = new Child<LoadQuestion>("the clients", process.execPath, [script("children", "load")]);
    await child.hello;
    return new LoadProcess(child);
  }

  connectPublishers(question: Omit<Extract<LoadQuestion, { ask: "publishers" }>, "ask">): Promise<object> {
    return this.#child.ask({ ask: "publishers", ...question }, PATIENCE);
  }

  publish(group: string, each: number): Promise<object> {
    return this.#child.ask({ ask: "publish", group, each }, PATIENCE);
  }

  join(question: Omit<Extract<LoadQuestion, { ask: "join" }>, "ask">): Promise<object> {
    return this.#child.ask({ ask: "join", ...question }, PATIENCE);
  }

  leave(port: number, absence: Absence): Promise<object> {
    return this.#child.ask({ ask: "leave", port, ...absence }, PATIENCE);
  }

  comeBack(group: string, port: number): Promise<ReturnResult> {
    return this.#child.ask({ ask: "come back", group, port }, PATIENCE);
  }

  storm(question: Omit<Extract<LoadQuestion, { ask: "storm" }>, "ask">): Promise<StormResult> {
    return this.#child.ask({ ask: "storm", ...question }, question.patience + PATIENCE);
  }

  drop(group: string): Promise<object> {
    return this.#child.ask({ ask: "drop", group }, PATIENCE);
  }

  end(): Promise<void> {
    return this.#child.end();
  }
}
