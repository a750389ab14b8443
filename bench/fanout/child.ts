/** The orchestrator's side of a child process: asks it questions, one answer each, in order. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Answer, Entry, Hello, ReceiverQuestion, ServerQuestion, Usage } from "./protocol.js";

interface Waiting {
  resolve: (value: object) => void;
  reject: (error: Error) => void;
}

class Child<Question> {
  /** What the child says first, by itself. Asked for at once, so that a child that dies early is heard of. */
  readonly hello: Promise<Hello>;
  readonly #name: string;
  readonly #process: ChildProcess;
  readonly #waiting: Waiting[] = [];
  readonly #ended: Promise<void>;
  #failure: Error | undefined;

  constructor(name: string, program: string, args: readonly string[]) {
    this.#name = name;
    this.#process = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.#process.stdout! }).on("line", (line) => this.#onLine(line));
    this.#process.once("error", (error) => this.#fail(error));
    // A child that died cannot be written to; its "close" says what is to be said.
    this.#process.stdin!.on("error", (error) => this.#fail(error));
    this.#ended = new Promise((resolve) => {
      this.#process.once("close", (code, signal) => {
        this.#fail(new Error(`${name} ended (${signal ?? code ?? "unknown"})`));
        resolve();
      });
    });
    this.hello = this.#answer<Hello>();
  }

  ask<Value extends object>(question: Question): Promise<Value> {
    const answer = this.#answer<Value>();
    if (!this.#failure) this.#process.stdin!.write(`${JSON.stringify(question)}\n`);
    return answer;
  }

  /** Ends the process. */
  async end(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#ended;
  }

  #answer<Value extends object>(): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (this.#failure) reject(this.#failure);
      // The protocol says which answer belongs to which question; both sides are of this folder.
      else this.#waiting.push({ resolve: (value) => resolve(value as Value), reject });
    });
  }

  #onLine(line: string): void {
    const answer = JSON.parse(line) as Answer<object>;
    const asker = this.#waiting.shift();
    if ("ok" in answer) asker?.resolve(answer.ok);
    else asker?.reject(new Error(`${this.#name}: ${answer.error}`));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}

/** A server under test, in a process of its own. */
export class ServerProcess {
  readonly #child: Child<ServerQuestion>;

  private constructor(
    child: Child<ServerQuestion>,
    /** The port on 127.0.0.1 that it listens on. */
    readonly port: number,
  ) {
    this.#child = child;
  }

  static async start(name: string, program: string, args: readonly string[]): Promise<ServerProcess> {
    const child = new Child<ServerQuestion>(name, program, args);
    return new ServerProcess(child, (await child.hello).port);
  }

  broadcast(turns: number, burst: number): Promise<object> {
    return this.#child.ask({ ask: "broadcast", turns, burst });
  }

  usage(options: { gc: boolean } = { gc: false }): Promise<Usage> {
    return this.#child.ask({ ask: "usage", ...options });
  }

  end(): Promise<void> {
    return this.#child.end();
  }
}

/** The process with the receivers of all servers. */
export class Receivers {
  readonly #child: Child<ReceiverQuestion>;

  private constructor(child: Child<ReceiverQuestion>) {
    this.#child = child;
  }

  static async start(script: string): Promise<Receivers> {
    const child = new Child<ReceiverQuestion>("receivers", process.execPath, [script]);
    await child.hello;
    return new Receivers(child);
  }

  connect(group: string, entry: Entry, port: number, count: number): Promise<object> {
    return this.#child.ask({ ask: "connect", group, entry, port, count });
  }

  expect(group: string, bytes: number): Promise<object> {
    return this.#child.ask({ ask: "expect", group, bytes, deadline: 30_000 });
  }

  drop(group: string): Promise<object> {
    return this.#child.ask({ ask: "drop", group });
  }

  end(): Promise<void> {
    return this.#child.end();
  }
}
