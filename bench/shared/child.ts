/** The orchestrator's side of a child process: asks it questions, one answer each, in order. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Answer, Hello } from "./questions.js";

interface Waiting {
  resolve: (value: object) => void;
  reject: (error: Error) => void;
}

export class Child<Question> {
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

  /** The process's number; throws if it could not be started. */
  get pid(): number {
    const { pid } = this.#process;
    if (pid === undefined) throw new Error(`${this.#name} could not be started`);
    return pid;
  }

  /**
   * Rejects if the child says that it failed, or ends.
   * @param patience Milliseconds after which the child is given up for good. Default: for ever.
   */
  async ask<Value extends object>(question: Question, patience?: number): Promise<Value> {
    const answer = this.#answer<Value>();
    if (!this.#failure) this.#process.stdin!.write(`${JSON.stringify(question)}\n`);
    if (patience === undefined) return answer;
    const asked = JSON.stringify(question);
    const timer = setTimeout(
      () => this.#fail(new Error(`${this.#name} gave no answer to ${asked} in ${patience} ms`)),
      patience,
    );
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Kills the process. */
  async end(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#ended;
  }

  #answer<Value extends object>(): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (this.#failure) reject(this.#failure);
      // The protocol says which answer belongs to which question; both sides are of one folder.
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
