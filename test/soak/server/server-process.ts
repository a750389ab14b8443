/** The runner's side of the server: starts it, kills it, starts it again on the same port and folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { within } from "../../support/deadline.js";
import type { Recorder } from "../records.js";
import type { Break } from "./faults.js";
import type { Report } from "./settings.js";

/** Milliseconds for a process to listen, or to end; the machine may be busy with other things. */
const PATIENCE = 60_000;

export interface ServerOptions {
  /** Of its data. */
  folder: string;
  brokenBy: Break | undefined;
}

export class ServerProcess {
  readonly #options: ServerOptions;
  readonly #recorder: Recorder;
  #child: ChildProcess | undefined;
  /** The end of the child, whoever brought it about. */
  #ended: Promise<unknown> = Promise.resolve();
  #stderr = "";
  #hasStarted = false;
  /** 0 until it has listened for the first time. */
  #listensOn = 0;

  constructor(options: ServerOptions, recorder: Recorder) {
    this.#options = options;
    this.#recorder = recorder;
  }

  /** On 127.0.0.1; the same after each start. */
  get port(): number {
    return this.#listensOn;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** Whether it listens. */
  get isReady(): boolean {
    return this.isRunning && this.#hasStarted;
  }

  /** Resolves when it listens. */
  async start(): Promise<void> {
    const { folder, brokenBy } = this.#options;
    const args = [join(import.meta.dirname, "serve.js"), folder, String(this.#listensOn), brokenBy ?? ""];
    const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.#child = child;
    this.#hasStarted = false;
    this.#stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (this.#stderr += text));
    child.stdin.on("error", () => undefined); // its end is told by "exit"
    this.#ended = once(child, "exit");
    child.once("exit", () => this.#exited(child));
    const ready = new Promise<number>((resolve, reject) => {
      child.once("exit", () => reject(new Error(`the server did not start: ${this.#stderr}`)));
      createInterface({ input: child.stdout }).on("line", (line) => {
        const report = JSON.parse(line) as Report;
        if (report.state === "ready") resolve(report.port);
        else this.#recorder.write({ kind: "server", ...report });
      });
    });
    this.#listensOn = await within(ready, "the server to listen", PATIENCE);
    this.#hasStarted = true;
    this.#recorder.write({ kind: "server", state: "ready", detail: `port ${this.#listensOn}` });
  }

  /** Its clock is off by so many milliseconds from now on; one that is started anew has the right time. */
  setClock(offset: number): void {
    this.#child?.stdin?.write(`${offset}\n`);
  }

  /** As when the power is cut: nothing can be put in order. */
  kill(): Promise<void> {
    return this.#end("SIGKILL", "killed");
  }

  /** In good order. */
  stop(): Promise<void> {
    return this.#end("SIGTERM", "stopped");
  }

  async #end(signal: "SIGKILL" | "SIGTERM", state: "killed" | "stopped"): Promise<void> {
    const child = this.#child;
    const ended = this.#ended;
    if (child === undefined) return;
    this.#child = undefined;
    this.#recorder.write({ kind: "server", state, detail: signal });
    child.kill(signal);
    try {
      await within(ended, `the server to end at ${signal}`, PATIENCE);
      if (state === "stopped" && child.exitCode !== 0) this.#died(child);
    } finally {
      child.kill("SIGKILL");
    }
  }

  /** Nobody has ended it if it still is the child. */
  #exited(child: ChildProcess): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#died(child);
  }

  #died({ exitCode, signalCode }: ChildProcess): void {
    const detail = `${signalCode ?? exitCode ?? ""}: ${this.#stderr}`;
    this.#recorder.write({ kind: "server", state: "died", detail });
  }
}
