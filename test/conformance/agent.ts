/** The runner's side of an agent: starts the program, gives it commands, and queues what it reports (docs/conformance-agent.md). */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { within } from "../support/deadline.js";

/** How an agent is started. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Report {
  readonly client: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

/** Milliseconds for a program to start, or to end: the machine may be busy with other things. */
const PATIENCE = 30_000;

/** Milliseconds until a command is answered. */
const ANSWER = 20_000;

/** Characters of an agent's standard error that are kept, the last ones. */
const STDERR = 4_000;

/** One that hangs does not see that its input has ended: a runner that ends before it takes it along. */
const running = new Set<ChildProcessWithoutNullStreams>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** What an agent answers where it did not do what it was told to. */
export class AgentError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly retryable: boolean | undefined,
    readonly data: unknown,
  ) {
    super(`${code}: ${message}`);
  }
}

interface Waiting {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

export class Agent {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<unknown>;
  readonly #answers = new Map<number, Waiting>();
  readonly #listeners = new Map<string, (report: Report) => void>();
  #count = 0;
  #names = 0;
  #stderr = "";
  #gone: Error | undefined;

  private constructor(
    readonly title: string,
    child: ChildProcessWithoutNullStreams,
    ended: Promise<unknown>,
  ) {
    this.#child = child;
    this.#ended = ended;
  }

  /** Resolves when the agent is ready. */
  static async start(title: string, { program, args, env }: Command): Promise<Agent> {
    const child = spawn(program, args, { stdio: "pipe", env: { ...process.env, ...env } });
    const agent = new Agent(title, child, once(child, "close"));
    running.add(child);
    child.once("close", () => running.delete(child));
    child.stdin.on("error", () => undefined); // its end is told by "close"
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      agent.#stderr = (agent.#stderr + text).slice(-STDERR);
    });
    const ready = new Promise<void>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", () => reject(agent.#lost()));
      createInterface({ input: child.stdout }).on("line", (line) => agent.#lineCame(line, resolve));
    });
    child.once("close", () => agent.#fail(agent.#lost()));
    try {
      await within(ready, `${title} to be ready`, PATIENCE);
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
    return agent;
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.title} has no process`);
    return this.#child.pid;
  }

  get isGone(): boolean {
    return this.#gone !== undefined;
  }

  /** A name that no client of this agent had before. */
  newName(): string {
    return `c${++this.#names}`;
  }

  /** Has the reports of a client go to `listener`. */
  listen(client: string, listener: (report: Report) => void): void {
    this.#listeners.set(client, listener);
  }

  /** Gives a command; the answer's value, or an AgentError. `id` is for `cancel`. */
  tell(
    command: Readonly<Record<string, unknown>>,
    milliseconds = ANSWER,
  ): { id: number; answer: Promise<unknown> } {
    const id = ++this.#count;
    const what = `${this.title} to answer ${JSON.stringify(command).slice(0, 200)}`;
    const answer = new Promise<unknown>((resolve, reject) => {
      if (this.#gone !== undefined) return reject(this.#gone);
      this.#answers.set(id, { resolve, reject });
      this.#child.stdin.write(`${JSON.stringify({ id, ...command })}\n`);
    });
    // Most commands wait for no network but the loopback one; who waits for more gives a deadline of its own.
    return { id, answer: within(answer, what, milliseconds).finally(() => this.#answers.delete(id)) };
  }

  /** Freezes the program, as when a phone's user turns to something else: it reads nothing and answers no ping. */
  freeze(): void {
    this.#child.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child.kill("SIGCONT");
  }

  /** Has the program end by itself; rejects if it does not, or ends badly. */
  async exit(): Promise<void> {
    if (this.#gone !== undefined) throw this.#gone;
    this.tell({ do: "exit" }).answer.catch(() => undefined); // it may be gone before its answer is read
    try {
      await within(
        this.#ended,
        `${this.title} to end by itself after exit: something of a client still runs`,
      );
    } finally {
      this.#child.kill("SIGKILL");
    }
    if (this.#child.exitCode !== 0) throw this.#lost();
  }

  kill(): void {
    this.#child.kill("SIGCONT");
    this.#child.kill("SIGKILL");
  }

  #lineCame(line: string, ready: () => void): void {
    let message: Record<string, unknown>;
    try {
      message = JSON.parse(line) as Record<string, unknown>;
    } catch {
      return this.#fail(new Error(`${this.title} wrote a line that is not JSON: ${line.slice(0, 200)}`));
    }
    if ("ready" in message) ready();
    else if (typeof message["id"] === "number") this.#answered(message["id"], message);
    else if (isReport(message)) this.#listeners.get(message.client)?.(message);
    else this.#fail(new Error(`${this.title} wrote what is neither answer nor event: ${line.slice(0, 200)}`));
  }

  #answered(id: number, { ok, value, error }: Record<string, unknown>): void {
    const waiting = this.#answers.get(id);
    if (ok === true) return waiting?.resolve(value);
    const { code, message, retryable, data } = (error ?? {}) as Record<string, unknown>;
    waiting?.reject(new AgentError(String(code), String(message), retryable as boolean | undefined, data));
  }

  #fail(error: Error): void {
    this.#gone ??= error;
    for (const { reject } of this.#answers.values()) reject(error);
    this.#answers.clear();
  }

  #lost(): Error {
    const { exitCode, signalCode } = this.#child;
    return new Error(`${this.title} ended with ${signalCode ?? exitCode ?? "nothing"}: ${this.#stderr}`);
  }
}

function isReport(message: Record<string, unknown>): message is Report {
  return typeof message["client"] === "string" && typeof message["event"] === "string";
}
