/** Clients that all connect at once, to one room: what a server meets that was started again. */
import { setTimeout as delay } from "node:timers/promises";
import type { Dialect } from "../dialects.js";
import type { StormResult } from "../protocol.js";
import { RefusedError } from "./connection.js";
import { Member } from "./member.js";

const ROOM = "storm";

/** Clients behind one address of the loopback network, at most: 127.0.0.1 to 127.0.0.250. */
const ADDRESSES = 250;

/** Milliseconds without a byte after which nothing more is to come. */
const SILENCE = 1_000;

export interface StormSize {
  dialect: Dialect;
  port: number;
  count: number;
  /** Milliseconds after which a client that is not in is lost. */
  patience: number;
}

export class Storm {
  readonly #size: StormSize;
  readonly #start = performance.now();
  readonly #coming = new Set<Member>();
  readonly #in = new Set<Member>();
  /** Of those that were told to wait. */
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #milliseconds: number[] = [];
  #bytesOfGone = 0;
  #lost = 0;
  #reason: string | undefined;
  #toldToWait = 0;
  #settle: () => void = () => undefined;

  constructor(size: StormSize) {
    this.#size = size;
  }

  /** Resolves when all clients are in or lost, and nothing more comes. Those that are in stay until they are dropped. */
  async run(): Promise<StormResult> {
    const { count, patience } = this.#size;
    const settled = new Promise<void>((resolve) => (this.#settle = resolve));
    for (let index = 0; index < count; index++) this.#connect(`127.0.0.${1 + (index % ADDRESSES)}`);
    const timer = setTimeout(() => this.#giveUp(), patience);
    await settled;
    clearTimeout(timer);
    await this.#silence();
    return {
      milliseconds: this.#milliseconds,
      lost: this.#lost,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      toldToWait: this.#toldToWait,
      bytes: this.#bytes(),
    };
  }

  drop(): void {
    for (const member of this.#in) member.drop();
  }

  #connect(localAddress: string): void {
    const { dialect, port } = this.#size;
    const member = new Member(
      { dialect, port, localAddress, room: ROOM },
      {
        joined: () => {
          member.onlyCount();
          this.#coming.delete(member);
          this.#in.add(member);
          this.#milliseconds.push(performance.now() - this.#start);
          this.#settleIfAllAre();
        },
        lost: (error) => {
          this.#coming.delete(member);
          this.#in.delete(member);
          this.#bytesOfGone += member.bytes;
          if (error instanceof RefusedError && error.retryAfter !== undefined) {
            this.#comeBack(localAddress, error.retryAfter);
          } else {
            this.#lose(1, error.message);
          }
        },
      },
    );
    this.#coming.add(member);
  }

  /** With jitter: up to as long again, so that not all come back at once. */
  #comeBack(localAddress: string, retryAfter: number): void {
    this.#toldToWait++;
    const again = () => {
      this.#timers.delete(timer);
      this.#connect(localAddress);
    };
    const timer = setTimeout(again, retryAfter * 1000 * (1 + Math.random()));
    this.#timers.add(timer);
  }

  #giveUp(): void {
    const late = this.#coming.size + this.#timers.size;
    const heard = [...this.#coming][0]?.lastHeard ?? "that it has to wait";
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const member of this.#coming) {
      this.#bytesOfGone += member.bytes;
      member.drop();
    }
    this.#coming.clear();
    this.#lose(late, `not in after ${this.#size.patience} ms; the last thing that one heard: ${heard}`);
  }

  #lose(count: number, reason: string): void {
    this.#lost += count;
    this.#reason ??= reason;
    this.#settleIfAllAre();
  }

  #settleIfAllAre(): void {
    if (this.#coming.size + this.#timers.size === 0) this.#settle();
  }

  /** Resolves when nothing more comes of what the last joins have given to tell, or after the patience that they had. */
  async #silence(): Promise<void> {
    const end = performance.now() + this.#size.patience;
    for (
      let before = -1, now = this.#bytes();
      now !== before && performance.now() < end;
      now = this.#bytes()
    ) {
      before = now;
      await delay(SILENCE);
    }
  }

  #bytes(): number {
    let sum = this.#bytesOfGone;
    for (const members of [this.#coming, this.#in]) for (const { bytes } of members) sum += bytes;
    return sum;
  }
}
