/** Some clients of one way, at one server. */
import type { Client, ClientSettings, Open, Way } from "../clients/client.js";
import { makeMessage, now } from "../message.js";
import type { Missed } from "../protocol.js";
import { Tally } from "./tally.js";

interface Member {
  client: Client;
  tally: Tally;
}

export class Group {
  readonly #name: string;
  readonly #members: Member[] = [];
  #sent = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /**
   * Resolves to the milliseconds from the beginning of each client's attempt to its greeting. One after the other in tens, so that none waits for
   * the others' handshakes for long. Rejects where one was not greeted in time.
   */
  async connect(
    way: Way,
    port: number,
    { count, settings, patience }: { count: number; settings: ClientSettings; patience: number },
  ): Promise<number[]> {
    const { open } = (await import(`../clients/${way}.js`)) as { open: Open };
    const deadline = now() + patience * 1000;
    const times: number[] = [];
    for (let i = 0; i < count; i += TOGETHER) {
      const batch = Array.from({ length: Math.min(TOGETHER, count - i) }, async () => {
        const tally = new Tally();
        const began = now();
        const client = open({ port, settings, onMessage: (message) => tally.take(message) });
        this.#members.push({ client, tally });
        await before(deadline, tally.greeted, `${this.#name} was not greeted in ${patience} ms`);
        times.push((now() - began) / 1000);
      });
      await Promise.all(batch);
    }
    return times;
  }

  /** Resolves to the latencies once each client has these messages; rejects where one has not, or has one twice or out of order. */
  async expect(first: number, last: number, patience: number): Promise<number[]> {
    const deadline = now() + patience * 1000;
    for (const { tally } of this.#members) {
      const complete = new Promise<void>((resolve) => {
        const look = () => {
          if (tally.has(last)) resolve();
        };
        tally.onChange = look;
        look();
      });
      // What is missing after all this time is told by the tally.
      await before(deadline, complete, "").catch(() => undefined);
      tally.onChange = () => undefined;
    }
    try {
      return this.#members.flatMap(({ tally }) => tally.latencies(first, last));
    } catch (error) {
      throw new Error(`${this.#name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  missed(first: number, last: number, inTime?: number): Missed[] {
    return this.#members.map(({ tally }) => tally.missed(first, last, inTime));
  }

  async send(count: number, every: number): Promise<void> {
    const [member] = this.#members;
    if (member === undefined) throw new Error(`${this.#name} has no clients`);
    for (let i = 0; i < count; i++) {
      await member.client.send(makeMessage(-++this.#sent));
      await new Promise((resolve) => setTimeout(resolve, every));
    }
  }

  drop(): void {
    for (const { client } of this.#members.splice(0)) client.close();
  }
}

/** Clients that connect at the same time. */
const TOGETHER = 20;

async function before<T>(deadline: number, promise: Promise<T>, late: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(late)), Math.max(0, (deadline - now()) / 1000));
  });
  try {
    return await Promise.race([promise, end]);
  } finally {
    clearTimeout(timer);
  }
}
