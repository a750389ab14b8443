/** The fuzz server's process, as the test sees it. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { within } from "../../support/deadline.js";
import type { Answer, Question } from "./fuzz-server.js";

const PROGRAM = fileURLToPath(new URL("fuzz-server.js", import.meta.url));

/** Milliseconds for the program to start: the machine may be busy with other things. */
const PATIENCE = 30_000;

export type Memory = Extract<Answer, { type: "memory" }>;

export class FuzzTarget {
  readonly #child: ChildProcess;
  /** What the process wrote to its standard error. */
  stderr = "";

  private constructor(
    child: ChildProcess,
    readonly port: number,
  ) {
    this.#child = child;
  }

  static async start(): Promise<FuzzTarget> {
    const child = fork(PROGRAM, { stdio: ["ignore", "inherit", "pipe", "ipc"] });
    const target = new FuzzTarget(child, await portOf(child));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (target.stderr += text));
    return target;
  }

  get crashed(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** What the server's memory is after its garbage was collected. */
  async memory(): Promise<Memory> {
    const [answer] = (await within(this.#ask("memory"), "the server's memory")) as [Answer];
    if (answer.type !== "memory") throw new Error(`the server said ${answer.type}`);
    return answer;
  }

  /** The memory once no more than `clients` are connected. */
  async settled(clients: number): Promise<Memory> {
    const settle = async (): Promise<Memory> => {
      for (;;) {
        const memory = await this.memory();
        if (memory.clients <= clients) return memory;
      }
    };
    return within(settle(), `the server to have no more than ${clients} clients`);
  }

  /** Ends the server by itself; gives its exit code. */
  async stop(): Promise<number | null> {
    if (this.crashed) return this.#child.exitCode;
    const exited = once(this.#child, "exit");
    this.#send("stop");
    try {
      const [code] = (await within(exited, "the server to end")) as [number | null];
      return code;
    } finally {
      this.#child.kill("SIGKILL");
    }
  }

  #ask(question: Question): Promise<unknown[]> {
    const answered = once(this.#child, "message");
    this.#send(question);
    return answered;
  }

  #send(question: Question): void {
    this.#child.send(question);
  }
}

/** The port that the server says it listens on; if it says none, it is ended. */
async function portOf(child: ChildProcess): Promise<number> {
  try {
    const [answer] = (await within(once(child, "message"), "the server to listen", PATIENCE)) as [Answer];
    if (answer.type === "listening") return answer.port;
    throw new Error(`the server said ${answer.type} first`);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}
