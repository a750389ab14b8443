/**
 * What one client can do to others: a server as its own process with default settings, a publisher and a subscriber who do nothing
 * wrong, and an attacker. Measures how long the honest messages take and what memory the server has, without the attacker and
 * with it, in one run: only the ratios of the two mean anything.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { WebSocket } from "ws";
import { ServerProcess } from "../../server/support/child.js";
import { within } from "../../support/deadline.js";

export interface Measured {
  /** Milliseconds from a publish until the subscriber has the message: of a hundred, the slowest but one. */
  p99: number;
  /** Bytes: the most that the server's process had. */
  rss: number;
  /** Honest messages that came. */
  messages: number;
}

export interface Comparison {
  quiet: Measured;
  attacked: Measured;
  /** How many times as long, and as much. */
  p99Ratio: number;
  rssRatio: number;
}

/** What an attacker does until the signal is aborted. */
export type Attack = (server: Neighbours, signal: AbortSignal) => Promise<void>;

/** Milliseconds between two honest messages, and for all of them. */
const PACE = 10;
const DURATION = 2_500;

type Answer = { ok: true } & Record<string, unknown>;
type Refusal = { ok: false; error: { code: string; retryAfter?: number } };
type Frame = { type: string; event?: string; id?: number; args?: unknown[]; sid?: string };

/** A plain client of the rooms server. */
export class Neighbour {
  /** Called with each frame that is no ack. */
  onEvent: (frame: Frame) => void = () => undefined;
  /** The close code, once the connection has ended. */
  closeCode: number | undefined;
  user = "";
  readonly #pending = new Map<number, (answer: Answer | Refusal) => void>();
  #nextId = 0;

  private constructor(readonly ws: WebSocket) {
    ws.on("close", (code) => (this.closeCode = code));
    ws.on("error", () => undefined);
    ws.on("message", (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as Frame;
      if (frame.type !== "ack") return this.onEvent(frame);
      this.#pending.get(frame.id ?? -1)?.(frame.args?.[0] as Answer | Refusal);
      this.#pending.delete(frame.id ?? -1);
    });
  }

  static async connect(url: string, auth: object = {}): Promise<Neighbour> {
    const ws = new WebSocket(`${url.replace(/^http/, "ws")}/bridge`);
    const client = new Neighbour(ws);
    const welcome = new Promise<void>((resolve) => {
      client.onEvent = ({ event, args }) => {
        if (event !== "welcome") return;
        client.user = (args?.[0] as { user: string }).user;
        resolve();
      };
    });
    await within(once(ws, "open"), "a connection", 30_000);
    ws.send(JSON.stringify({ type: "connect", auth }));
    await within(welcome, "a welcome", 30_000);
    client.onEvent = () => undefined;
    return client;
  }

  call(event: string, argument: object): Promise<Answer | Refusal> {
    const id = this.#nextId++;
    const answered = new Promise<Answer | Refusal>((resolve) => this.#pending.set(id, resolve));
    this.ws.send(JSON.stringify({ type: "event", event, args: [argument], id }));
    return answered;
  }

  /** Makes calls without waiting for any answer. */
  pipeline(event: string, argument: object, times: number): void {
    for (let n = 0; n < times; n++) {
      const id = this.#nextId++;
      this.ws.send(JSON.stringify({ type: "event", event, args: [argument], id }));
    }
  }

  close(): void {
    this.ws.terminate();
  }
}

export class Neighbours {
  readonly #clients: Neighbour[] = [];

  private constructor(
    readonly url: string,
    private readonly server: ServerProcess,
    private readonly folder: string,
  ) {}

  /** @param args Flags beside the defaults. */
  static async start(args: readonly string[] = []): Promise<Neighbours> {
    const folder = await mkdtemp(join(tmpdir(), "crossroom-neighbours-"));
    const server = new ServerProcess(["--port", "0", "--data", folder, "--log-level", "silent", ...args]);
    return new Neighbours(await within(server.listening(), "the server", 30_000), server, folder);
  }

  async connect(auth: object = {}): Promise<Neighbour> {
    const client = await Neighbour.connect(this.url, auth);
    this.#clients.push(client);
    return client;
  }

  /** A client that has joined a room. */
  async enter(room: string, auth: object = {}): Promise<Neighbour> {
    const client = await this.connect(auth);
    await client.call("join", { room });
    return client;
  }

  /** Fills a room with messages of so many bytes: as many as its rates allow at once. */
  async fill(room: string, bytes: number, count: number): Promise<void> {
    for (let left = count; left > 0; left -= 100) {
      const publisher = await this.enter(room);
      const data = "x".repeat(bytes);
      await Promise.all(
        Array.from({ length: Math.min(left, 100) }, () => publisher.call("publish", { room, data })),
      );
      publisher.close();
    }
  }

  /** The same honest messages twice: alone, and beside the attack. */
  async compare(attack: Attack): Promise<Comparison> {
    const publisher = await this.enter("honest");
    const subscriber = await this.enter("honest");
    const quiet = await this.#measure(publisher, subscriber, DURATION);
    const over = new AbortController();
    const attacking = attack(this, over.signal);
    const attacked = await this.#measure(publisher, subscriber, DURATION);
    over.abort();
    await attacking;
    return {
      ...{ quiet, attacked },
      p99Ratio: attacked.p99 / quiet.p99,
      rssRatio: attacked.rss / quiet.rss,
    };
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.server.stop("SIGKILL");
    await rm(this.folder, { recursive: true, force: true });
  }

  async #measure(publisher: Neighbour, subscriber: Neighbour, duration: number): Promise<Measured> {
    const sent = new Map<string, number>();
    const took: number[] = [];
    let rss = 0;
    subscriber.onEvent = ({ event, args }) => {
      const { id } = (args?.[0] ?? {}) as { id?: string };
      const at = event === "message" && id !== undefined ? sent.get(id) : undefined;
      if (at !== undefined) took.push(performance.now() - at);
    };
    const end = performance.now() + duration;
    for (let n = 0; performance.now() < end; n++) {
      const id = `${duration}-${performance.now()}-${n}`;
      sent.set(id, performance.now());
      await within(publisher.call("publish", { room: "honest", data: n, id }), "an honest ack", 60_000);
      rss = Math.max(rss, this.#rss());
      await delay(PACE);
    }
    took.sort((a, b) => a - b);
    return { p99: took[Math.floor(took.length * 0.99)] ?? Infinity, rss, messages: took.length };
  }

  /** Bytes, by /proc (Linux); elsewhere 1, so that ratios are 1. */
  #rss(): number {
    if (process.platform !== "linux") return 1;
    const pages = Number(readFileSync(`/proc/${this.server.pid}/statm`, "utf8").split(" ")[1]);
    return pages * 4096;
  }
}
