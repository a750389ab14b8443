/** The server as its own process, as users start it. */
import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../../server/main.js", import.meta.url));

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export class ServerProcess {
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  #stdout = "";
  #stderr = "";

  constructor(args: readonly string[], env: Record<string, string> = {}) {
    // Not the whole environment: a PORT of the machine's would get in the way.
    const child = spawn(process.execPath, [MAIN, ...args], {
      env: { PATH: process.env["PATH"] ?? "", ...env },
    });
    this.#child = child;
    child.stdout.setEncoding("utf8").on("data", (text: string) => (this.#stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (this.#stderr += text));
    this.exited = new Promise((resolve) => {
      child.once("close", (code, signal) =>
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr }),
      );
    });
  }

  /** Lines that it has written to its log. */
  get lines(): number {
    return `${this.#stdout}${this.#stderr}`.split("\n").filter((line) => line.startsWith("{")).length;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The URL that the server says it listens on. Rejects if it ends before. */
  async listening(): Promise<string> {
    const said = new Promise<string>((resolve) => {
      this.#child.stdout?.on("data", () => {
        const url = /^Crossroom is listening on (\S+)$/m.exec(this.#stdout)?.[1];
        if (url !== undefined) resolve(url);
      });
    });
    const ended = this.exited.then(({ code, stderr }) => {
      throw new Error(`the server ended with ${code ?? "a signal"}: ${stderr}`);
    });
    return Promise.race([said, ended]);
  }

  /** Nobody reads its standard output any more. */
  closeOutput(): void {
    this.#child.stdout?.destroy();
  }

  /** Sends a signal, and resolves when the process has ended. */
  stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Exit> {
    this.#child.kill(signal);
    return this.exited;
  }
}
