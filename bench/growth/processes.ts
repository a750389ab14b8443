/** The orchestrator's side of its child processes. */
import { join } from "node:path";
import { Child } from "../shared/child.js";
import { cpuOf } from "../shared/proc.js";
import { untilAtRest } from "../shared/rest.js";
import type {
  AcksResult,
  FillQuestion,
  IdsQuestion,
  LoadQuestion,
  LogsQuestion,
  MixResult,
  ServerQuestion,
  ServerSetup,
  ServerUsage,
  TrimQuestion,
  Watched,
} from "./protocol.js";

/** Milliseconds for an answer; the longest one is that of a log that gets a million entries. */
const PATIENCE = 10 * 60_000;

const script = (name: string) => join(import.meta.dirname, "children", `${name}.js`);

/** A rooms server. */
export class ServerProcess {
  readonly #child: Child<ServerQuestion>;

  private constructor(
    child: Child<ServerQuestion>,
    /** On 127.0.0.1. */
    readonly port: number,
  ) {
    this.#child = child;
  }

  /** Resolves when it listens. */
  static async start(setup: ServerSetup): Promise<ServerProcess> {
    const args = ["--expose-gc", script("serve"), JSON.stringify(setup)];
    const child = new Child<ServerQuestion>(`the server (${setup.store})`, process.execPath, args);
    return new ServerProcess(child, (await child.hello).port);
  }

  /** After all garbage has been collected, if it is to be. */
  usage({ gc }: { gc: boolean }): Promise<ServerUsage> {
    return this.#child.ask<ServerUsage>({ ask: "usage", gc }, PATIENCE);
  }

  async watch(): Promise<void> {
    await this.#child.ask({ ask: "watch" }, PATIENCE);
  }

  watched(): Promise<Watched> {
    return this.#child.ask<Watched>({ ask: "watched" }, PATIENCE);
  }

  /** Resolves when it has done what was left to do; rejects if that does not end. */
  rest(): Promise<void> {
    return untilAtRest(() => cpuOf(this.#child.pid), PATIENCE);
  }

  end(): Promise<void> {
    return this.#child.end();
  }
}

type Asked<Ask extends LoadQuestion["ask"]> = Omit<Extract<LoadQuestion, { ask: Ask }>, "ask">;

/** A process with clients. */
export class LoadProcess {
  readonly #child = new Child<LoadQuestion>("the clients", process.execPath, [script("load")]);

  static async start(): Promise<LoadProcess> {
    const load = new LoadProcess();
    await load.#child.hello;
    return load;
  }

  come(question: Asked<"come">): Promise<object> {
    return this.#child.ask({ ask: "come", ...question }, PATIENCE);
  }

  cut(question: Asked<"cut">): Promise<object> {
    return this.#child.ask({ ask: "cut", ...question }, PATIENCE);
  }

  callers(question: Asked<"callers">): Promise<object> {
    return this.#child.ask({ ask: "callers", ...question }, PATIENCE);
  }

  call(question: Asked<"call">): Promise<object> {
    return this.#child.ask({ ask: "call", ...question }, PATIENCE);
  }

  acks(question: Asked<"acks">): Promise<AcksResult> {
    return this.#child.ask<AcksResult>({ ask: "acks", ...question }, PATIENCE);
  }

  mix(port: number): Promise<object> {
    return this.#child.ask({ ask: "mix", port }, PATIENCE);
  }

  mixed(): Promise<MixResult> {
    return this.#child.ask<MixResult>({ ask: "mixed" }, PATIENCE);
  }

  end(): Promise<void> {
    return this.#child.end();
  }
}

/** A process with stores and no server. */
export class StoreProcess<Question> {
  readonly #child: Child<Question>;

  constructor(name: "fill" | "ids" | "logs" | "trim", args: readonly string[] = []) {
    this.#child = new Child<Question>(`the stores (${name})`, process.execPath, [
      "--expose-gc",
      script(name),
      ...args,
    ]);
  }

  async ask<Answer extends object>(question: Question): Promise<Answer> {
    await this.#child.hello;
    return this.#child.ask<Answer>(question, PATIENCE);
  }

  end(): Promise<void> {
    return this.#child.end();
  }
}

/** Fills a data folder, in a process that has ended when it resolves. */
export async function fill(question: FillQuestion): Promise<void> {
  const filling = new StoreProcess<FillQuestion>("fill");
  try {
    await filling.ask(question);
  } finally {
    await filling.end();
  }
}

export const startIds = (folder: string, ids: number) =>
  new StoreProcess<IdsQuestion>("ids", [folder, String(ids)]);
export const startLogs = (folder: string) => new StoreProcess<LogsQuestion>("logs", [folder]);
export const startTrim = () => new StoreProcess<TrimQuestion>("trim");
