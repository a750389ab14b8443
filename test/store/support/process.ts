/** A store in a process of its own. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { within } from "../../support/deadline.js";

const PROGRAM = fileURLToPath(new URL("./program.js", import.meta.url));

interface ProcessOptions {
  /** Runs as this user and group; for tests that run as root. */
  user?: number;
  /** Bytes that a file of the process may have. */
  fileLimit?: number;
  /** Has processes of its own, as in a container: it is number 1 of them, and sees no others. */
  isContained?: boolean;
  /** Whether the kernel's locks are there; if not, it is as on Alpine Linux. Default true. */
  locks?: boolean;
}

/** For `NODE_OPTIONS`: takes away the library of the kernel's locks, as where it has no binary for the system. */
export const WITHOUT_LOCKS = `--import=data:text/javascript,${encodeURIComponent(`
  import Module from "node:module";
  const load = Module._load;
  Module._load = (name, ...rest) => {
    if (name === "fs-native-extensions") throw Object.assign(new Error(), { code: "ADDON_NOT_FOUND" });
    return load(name, ...rest);
  };
`)}`;

const CONTAIN = ["--pid", "--fork", "--kill-child", "--mount-proc", "--uts"];
const AS_ROOT = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];

/** Whether this system lets a process be contained. */
export const canContain = spawnSync("unshare", [...AS_ROOT, ...CONTAIN, "true"]).status === 0;

export class StoreProcess {
  /** How it ended: its exit code, or the signal. */
  readonly ended: Promise<number | string>;
  readonly #child: ChildProcess;
  readonly #lines: unknown[] = [];
  #wake: () => void = () => undefined;
  #closed = false;

  constructor(task: "hold" | "append" | "fill" | "open", folder: string, options: ProcessOptions = {}) {
    const args = [
      process.execPath,
      PROGRAM,
      task,
      folder,
      ...(options.user === undefined ? [] : [`${options.user}`]),
    ];
    if (options.isContained === true) args.unshift("unshare", ...AS_ROOT, ...CONTAIN);
    // POSIX counts the limit in blocks of 512 bytes.
    const limit = options.fileLimit === undefined ? "" : `ulimit -f ${Math.floor(options.fileLimit / 512)}; `;
    this.#child = spawn("/bin/sh", ["-c", `${limit}exec "$0" "$@"`, ...args], {
      // lmdb-js writes to stderr what the store reports as an error.
      stdio: ["pipe", "pipe", "ignore"],
      env: { ...process.env, ...(options.locks === false ? { NODE_OPTIONS: WITHOUT_LOCKS } : {}) },
    });
    if (this.#child.stdout === null) throw new Error("the process has no output");
    const reader = createInterface({ input: this.#child.stdout });
    reader.on("line", (line) => {
      // The last line of a process that was killed may be cut short.
      if (line.endsWith("}")) this.#lines.push(JSON.parse(line));
      this.#wake();
    });
    this.ended = new Promise((resolve) => {
      this.#child.once("close", (code, signal) => {
        this.#closed = true;
        this.#wake();
        resolve(code ?? signal ?? "unknown");
      });
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error("the process did not start");
    return this.#child.pid;
  }

  /** The next thing that it says. */
  async next<T>(): Promise<T> {
    while (this.#lines.length === 0) {
      if (this.#closed) throw new Error("the process ended and said no more");
      await within(new Promise<void>((resolve) => (this.#wake = resolve)), "a line of the process", 15_000);
    }
    return this.#lines.shift() as T;
  }

  /** All that it says until it ends. */
  async rest<T>(): Promise<T[]> {
    await within(this.ended, "the end of the process", 15_000);
    return this.#lines.splice(0) as T[];
  }

  /** Ends its input. */
  finish(): void {
    this.#child.stdin?.end();
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended;
  }
}
