/** A server of its own on a folder, which is killed and put back from a backup; and its clients. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServerProcess } from "../server/support/child.js";
import { PROTOCOLS, type Protocol, type TestClient } from "../server/support/clients.js";

/** How a backup becomes the data folder of a server. Each returns that folder. */
export const WAYS = {
  restored: async (stage: RestoredStage) => {
    const restored = stage.path("restored");
    await stage.command("restore", stage.backupPath, "--data", restored);
    return restored;
  },
  "copied back by hand": (stage: RestoredStage) => {
    rmSync(stage.data, { recursive: true });
    cpSync(stage.backupPath, stage.data, { recursive: true });
    return Promise.resolve(stage.data);
  },
  "opened itself": (stage: RestoredStage) => Promise.resolve(stage.backupPath),
} as const;

export class RestoredStage {
  readonly #folder = mkdtempSync(join(tmpdir(), "crossroom-restored-"));
  readonly #programs: ServerProcess[] = [];
  readonly #clients: TestClient[] = [];
  #server: ServerProcess | undefined;
  #url = "";

  get url(): string {
    return this.#url;
  }

  get data(): string {
    return this.path("data");
  }

  get backupPath(): string {
    return this.path("backup");
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  /** Starts the server on a folder; after the first time on the same port. */
  async start(data = this.data): Promise<this> {
    const port = this.#url === "" ? "0" : new URL(this.#url).port;
    this.#server = this.launch(["--port", port, "--data", data, "--no-demo", "--log-level", "error"]);
    this.#url = await this.#server.listening();
    return this;
  }

  launch(args: readonly string[], env: Record<string, string> = {}): ServerProcess {
    const program = new ServerProcess(args, env);
    this.#programs.push(program);
    return program;
  }

  async command(...args: string[]): Promise<void> {
    const { code, stderr } = await this.launch(args).exited;
    if (code !== 0)
      throw new Error(`crossroom ${args.join(" ")} ended with ${code ?? "a signal"}: ${stderr}`);
  }

  /** Of the folder that the server has, while it runs. */
  async backup(): Promise<void> {
    await this.command("backup", this.backupPath, "--data", this.data);
  }

  /** Kills the server, and starts one on what was backed up. */
  async putBack(way: keyof typeof WAYS = "restored"): Promise<void> {
    await this.#server?.stop("SIGKILL");
    await this.start(await WAYS[way](this));
  }

  async enter(protocol: Protocol, auth: object = {}): Promise<TestClient> {
    const client = PROTOCOLS[protocol].open(this.#url);
    this.#clients.push(client);
    await client.enter(undefined, auth);
    return client;
  }

  async end(): Promise<void> {
    for (const client of this.#clients) client.close();
    for (const program of this.#programs) await program.stop("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
