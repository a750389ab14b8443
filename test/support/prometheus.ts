/** A Prometheus that scrapes one server each second. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endProcess } from "./end-process.js";
import { freePort } from "./free-port.js";

/** Milliseconds that it may take to start, or to have what is asked for. */
const PATIENCE = 30_000;

/** Milliseconds between two questions. */
const PAUSE = 200;

interface Answer {
  status: "success" | "error";
  error?: string;
  data?: { result: { value: [time: number, value: string] }[] };
}

export class Prometheus {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #url: string;
  #said = "";

  private constructor(child: ChildProcess, folder: string, url: string) {
    this.#process = child;
    this.#folder = folder;
    this.#url = url;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.#said += text));
  }

  /** @param target Host and port of what it scrapes, with the token. */
  static async start(
    program: string,
    { target, token }: { target: string; token: string },
  ): Promise<Prometheus> {
    const folder = await mkdtemp(join(tmpdir(), "crossroom-prometheus-"));
    const config = {
      global: { scrape_interval: "1s" },
      scrape_configs: [
        {
          job_name: "crossroom",
          authorization: { credentials: token },
          static_configs: [{ targets: [target] }],
        },
      ],
    };
    const file = join(folder, "prometheus.yml");
    // JSON is YAML.
    await writeFile(file, JSON.stringify(config));
    const address = `127.0.0.1:${await freePort()}`;
    const child = spawn(
      program,
      [
        `--config.file=${file}`,
        `--storage.tsdb.path=${join(folder, "data")}`,
        `--web.listen-address=${address}`,
        "--log.level=warn",
      ],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    const prometheus = new Prometheus(child, folder, `http://${address}`);
    try {
      await prometheus.until("up == 1", () => Promise.resolve());
    } catch (error) {
      await prometheus.stop();
      throw error;
    }
    return prometheus;
  }

  /**
   * The values of a query, once there are some that are wanted; asks again and again.
   * @param meanwhile Done before each question.
   */
  async until(
    query: string,
    meanwhile: () => Promise<void>,
    isWanted: (value: number) => boolean = () => true,
  ): Promise<number[]> {
    const end = performance.now() + PATIENCE;
    for (;;) {
      await meanwhile();
      const values = (await this.#ask(query)).filter(isWanted);
      if (values.length > 0) return values;
      if (performance.now() > end || this.#process.exitCode !== null) {
        throw new Error(`Prometheus has nothing for ${query}. ${this.#said}`);
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }

  stop(): Promise<void> {
    return endProcess(this.#process, this.#folder);
  }

  async #ask(query: string): Promise<number[]> {
    const url = `${this.#url}/api/v1/query?${new URLSearchParams({ query })}`;
    // Before it listens nobody answers.
    const response = await fetch(url).catch(() => undefined);
    if (response === undefined || response.status === 503) return [];
    const { status, error, data } = (await response.json()) as Answer;
    if (status !== "success") throw new Error(`Prometheus refuses ${query}: ${error ?? ""}`);
    return (data?.result ?? []).map(({ value: [, value] }) => Number(value));
  }
}
