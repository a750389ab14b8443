/**
 * What one client can do to others: a server as its own process, publishers and subscribers who do nothing wrong, and attackers in
 * a process of their own. Measures how long the honest messages take and what memory the server has, without the attack and
 * beside it, in one run: only the ratios of the two mean anything.
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ServerProcess, type Exit } from "../../server/support/child.js";
import { within } from "../../support/deadline.js";
import { ATTACKS, type Attack } from "./attacks.js";
import { Outsider, type Target, type Way } from "./outsider.js";

export interface Comparison {
  /** Milliseconds from a publish until a subscriber has the message: of a hundred, the slowest but one. Of the better round. */
  quiet: number;
  attacked: number;
  /** How many times as long the messages take beside the attack, and as much memory the server has. */
  p99Ratio: number;
  rssRatio: number;
  /** Codes of what the honest clients were refused, and the ends of their connections. */
  refused: string[];
  /** How the server ended, if it did. */
  ended: Exit | undefined;
  /** Lines that the server has written to its log. */
  lines: number;
}

const ATTACKER = fileURLToPath(new URL("./attacker.js", import.meta.url));

/** Attackers have addresses of their own: Linux has many of this machine's, and elsewhere a proxy's word gives them some. */
const PROXY = process.platform === "linux" ? [] : ["--trust-proxy", "loopback"];

/** The room of those who do nothing wrong. */
export const HONEST_ROOM = "honest";

/** Milliseconds between two messages of an honest publisher: below its rate, even where the timer is early. */
const PACE = 12;

/** Milliseconds of a round without the attack, and with it. */
const QUIET = 300;
const ATTACKED = 700;

/** A machine that is busy with something else spoils a round; what an attacker does shows in each, whose attackers are others. */
const ROUNDS = 2;

/** What a message takes on a busy machine, in milliseconds: below it, a ratio would be one of noise. */
const NOISE = 25;

/** As `NOISE`, in bytes: what Node has at its start, and what it does not give back between two collections. */
const NOISE_BYTES = 100 * 1024 * 1024;

export class Neighbours {
  readonly #clients: Outsider[] = [];
  readonly #server: ServerProcess;
  readonly #folder: string;
  readonly url: string;
  #exit: Exit | undefined;
  #rounds = 0;

  private constructor(url: string, server: ServerProcess, folder: string) {
    this.url = url;
    this.#server = server;
    this.#folder = folder;
    void server.exited.then((exit) => (this.#exit = exit));
  }

  /** @param args Flags beside the defaults. @param env Variables of the server's process. */
  static async start(args: readonly string[] = [], env: Record<string, string> = {}): Promise<Neighbours> {
    const folder = await mkdtemp(join(tmpdir(), "crossroom-neighbours-"));
    const server = new ServerProcess(
      ["--port", "0", "--data", folder, "--log-level", "info", ...PROXY, ...args],
      env,
    );
    return new Neighbours(await within(server.listening(), "the server", 30_000), server, folder);
  }

  /** An honest client: behind a proxy, one with an address of its own. */
  async connect(way: Way = "bridge", auth: object = {}): Promise<Outsider> {
    const target: Target = { url: this.url, headers: { "x-forwarded-for": "192.0.2.1" } };
    const client = await Outsider.connect(way, target, auth);
    this.#clients.push(client);
    return client;
  }

  /** A client that has joined a room. */
  async enter(room: string, way: Way = "bridge"): Promise<Outsider> {
    const client = await this.connect(way);
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

  /** The same honest messages, in turns: alone, and beside the attack. */
  async compare(attack: Attack): Promise<Comparison> {
    const honest = await Honest.enter(this);
    let quietRss = 0;
    let attackedRss = 0;
    const rounds: { quiet: number; attacked: number; ratio: number }[] = [];
    for (let round = 0; round < ROUNDS && this.#exit === undefined; round++) {
      // Not measured: code that runs for the first time, and what the attackers before have left.
      await honest.talk(QUIET);
      const quiet = await this.#measure(honest, QUIET);
      const attacker = await this.#attack(attack);
      const attacked = await this.#measure(honest, ATTACKED);
      attacker.kill("SIGKILL");
      if (round === 0) quietRss = quiet.rss;
      attackedRss = Math.max(attackedRss, attacked.rss);
      const ratio = attacked.p99 / Math.max(quiet.p99, NOISE);
      rounds.push({ quiet: quiet.p99, attacked: attacked.p99, ratio });
    }
    rounds.sort((a, b) => a.ratio - b.ratio);
    const {
      quiet,
      attacked,
      ratio: p99Ratio,
    } = rounds[0] ?? { quiet: 0, attacked: Infinity, ratio: Infinity };
    const rssRatio = attackedRss / Math.max(quietRss, NOISE_BYTES);
    const { refused } = honest;
    return { quiet, attacked, p99Ratio, rssRatio, refused, ended: this.#exit, lines: this.#server.lines };
  }

  async stop(): Promise<Exit> {
    for (const client of this.#clients) client.close();
    const exit = await this.#server.stop("SIGKILL");
    await rm(this.#folder, { recursive: true, force: true });
    return exit;
  }

  /** Starts attackers, with another address than those before them: what that may have is not used up. */
  async #attack(attack: Attack): Promise<ChildProcess> {
    const round = this.#rounds++;
    const index = String(ATTACKS.findIndex(({ attack: one }) => one === attack));
    const address = process.platform === "linux" ? `127.0.1.${round + 1}` : "";
    const attacker = fork(ATTACKER, [index, this.url, address, `198.51.100.${round + 1}`]);
    const begun = once(attacker, "message");
    const failed = once(attacker, "exit").then(() => {
      throw new Error("the attackers' process ended");
    });
    failed.catch(() => undefined);
    try {
      await within(Promise.race([begun, failed]), "the attackers", 60_000);
      return attacker;
    } catch (error) {
      attacker.kill("SIGKILL");
      throw error;
    }
  }

  async #measure(honest: Honest, duration: number): Promise<{ p99: number; rss: number }> {
    let rss = 0;
    const look = setInterval(() => (rss = Math.max(rss, this.#rss())), 20);
    const before = this.#scheduled();
    const took = await honest.talk(duration);
    clearInterval(look);
    const after = this.#scheduled();
    took.sort((a, b) => a - b);
    const p99 = took[Math.floor(took.length * 0.99)] ?? Infinity;
    const run = after.run - before.run;
    const crowding = run > 0 ? (run + after.waited - before.waited) / run : 1;
    return { p99: p99 / crowding, rss };
  }

  /**
   * For how long the server's main thread has run, and waited for a core while it could have run, in nanoseconds (Linux, by
   * proc(5), `schedstat`): what a test measures must not depend on what else the machine does.
   */
  #scheduled(): { run: number; waited: number } {
    if (process.platform !== "linux" || this.#exit !== undefined) return { run: 0, waited: 0 };
    const [run, waited] = readFileSync(`/proc/${this.#server.pid}/schedstat`, "utf8").split(" ").map(Number);
    return { run: run ?? 0, waited: waited ?? 0 };
  }

  /** Bytes, by /proc (Linux); elsewhere 1, so that ratios are 1. */
  #rss(): number {
    if (process.platform !== "linux" || this.#exit !== undefined) return 1;
    const pages = Number(readFileSync(`/proc/${this.#server.pid}/statm`, "utf8").split(" ")[1]);
    return pages * 4096;
  }
}

/** Those who do nothing wrong: a publisher and a subscriber of each protocol. */
class Honest {
  /** Codes of what they were refused, and the ends of their connections. */
  readonly refused: string[] = [];
  readonly #publishers: readonly Outsider[];
  /** When what was sent by which number; those that all subscribers have are taken out. */
  readonly #sent = new Map<number, { at: number; missing: number }>();
  #took: number[] = [];
  #onSettled: () => void = () => undefined;
  #next = 0;

  private constructor(publishers: readonly Outsider[], subscribers: readonly Outsider[]) {
    this.#publishers = publishers;
    for (const client of [...publishers, ...subscribers]) {
      void client.ended.then((code) => {
        this.refused.push(`closed with ${code}`);
        this.#onSettled();
      });
    }
    for (const subscriber of subscribers) {
      subscriber.onEvent = (event, argument) => {
        if (event === "message") this.#arrived((argument as { data: unknown }).data, subscribers.length);
      };
    }
  }

  static async enter(server: Neighbours): Promise<Honest> {
    const enter = (way: Way): Promise<Outsider> => server.enter(HONEST_ROOM, way);
    const publishers = await Promise.all([enter("bridge"), enter("websocket")]);
    const subscribers = await Promise.all([enter("bridge"), enter("websocket")]);
    return new Honest(publishers, subscribers);
  }

  /**
   * Publishes for so long, at an even pace whatever comes of it, so that a stall counts for all that it holds up.
   * @returns How long each message took to each subscriber, in milliseconds.
   */
  async talk(duration: number): Promise<number[]> {
    this.#took = [];
    const ticker = setInterval(() => {
      for (const publisher of this.#publishers) this.#publish(publisher);
    }, PACE);
    await delay(duration);
    clearInterval(ticker);
    const settled = new Promise<void>((resolve) => (this.#onSettled = resolve));
    if (this.#sent.size > 0) await Promise.race([settled, delay(30_000, undefined, { ref: false })]);
    for (const { at, missing } of this.#sent.values()) {
      for (let n = 0; n < missing; n++) this.#took.push(performance.now() - at);
    }
    this.#sent.clear();
    return this.#took;
  }

  #publish(publisher: Outsider): void {
    const number = this.#next++;
    this.#sent.set(number, { at: performance.now(), missing: -1 });
    void publisher.call("publish", { room: HONEST_ROOM, data: number }).then((answer) => {
      if (answer.ok) return;
      this.refused.push(answer.error.code);
      this.#sent.delete(number);
      if (this.#sent.size === 0) this.#onSettled();
    });
  }

  #arrived(number: unknown, subscribers: number): void {
    const sent = this.#sent.get(number as number);
    if (sent === undefined) return;
    this.#took.push(performance.now() - sent.at);
    sent.missing = (sent.missing < 0 ? subscribers : sent.missing) - 1;
    if (sent.missing === 0) this.#sent.delete(number as number);
    if (this.#sent.size === 0) this.#onSettled();
  }
}
