/** Clients that publish as fast as they are acked, each alone in its room: every message is delivered once, to who sent it. */
import { textFrame } from "../../shared/websocket.js";
import type { Dialect } from "../dialects.js";
import { numberOf, PLACEHOLDER } from "../message.js";
import { comeInEach, type Housed } from "./members.js";

class Publisher {
  readonly #housed: Housed;
  readonly #frame: Buffer;
  /** Where the number goes: in the data, and in the id if there is one. */
  readonly #numbersAt: readonly number[];
  #sent = 0;
  #number = PLACEHOLDER;
  #left = 0;
  /** Whether the last message has been acked, and delivered. */
  #isAcked = true;
  #isDelivered = true;
  #settle: ((error?: Error) => void) | undefined;
  #failure: Error | undefined;

  constructor(dialect: Dialect, housed: Housed) {
    this.#housed = housed;
    this.#frame = textFrame(dialect.publish(housed.room));
    this.#numbersAt = positionsOf(PLACEHOLDER, this.#frame);
    const published = Buffer.from(dialect.published);
    const delivered = Buffer.from(dialect.delivered(housed.room));
    const arrived = dialect.arrived && Buffer.from(dialect.arrived(housed.room));
    housed.member.takeOver(
      (text) => {
        if (startsWith(text, published)) this.#onAck();
        else if (startsWith(text, delivered)) this.#onDelivery(text);
        else if (arrived === undefined || !startsWith(text, arrived)) {
          this.#fail(new Error(`a publisher heard: ${text.toString()}`));
        }
      },
      (error) => this.#fail(error),
    );
  }

  /** Resolves when `count` messages more have been acked and delivered; rejects on a wrong answer. */
  publish(count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = (error) => (error ? reject(error) : resolve());
      if (this.#failure) return reject(this.#failure);
      this.#left = count;
      this.#next();
    });
  }

  drop(): void {
    this.#housed.member.drop();
  }

  #next(): void {
    if (this.#left === 0) {
      this.#settle?.();
      return;
    }
    this.#left--;
    this.#isAcked = this.#isDelivered = false;
    this.#number = numberOf(this.#sent++);
    // Nobody reads the frame any more: the message that it was before has been acked.
    for (const at of this.#numbersAt) this.#frame.write(this.#number, at, "latin1");
    this.#housed.member.send(this.#frame);
  }

  #onAck(): void {
    if (this.#isAcked) return this.#fail(new Error(`message ${this.#number} was acked twice`));
    this.#isAcked = true;
    if (this.#isDelivered) this.#next();
  }

  #onDelivery(text: Buffer): void {
    if (this.#isDelivered || !text.includes(this.#number)) {
      return this.#fail(new Error(`not message ${this.#number} once was delivered, but: ${text.toString()}`));
    }
    this.#isDelivered = true;
    if (this.#isAcked) this.#next();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#settle?.(this.#failure);
  }
}

export class Publishers {
  readonly #publishers: readonly Publisher[];

  private constructor(publishers: readonly Publisher[]) {
    this.#publishers = publishers;
  }

  static async connect(
    group: string,
    to: { dialect: Dialect; port: number; count: number },
  ): Promise<Publishers> {
    const housed = await comeInEach(group, to);
    return new Publishers(housed.map((each) => new Publisher(to.dialect, each)));
  }

  /** Resolves when each of them has published `each` messages more. */
  async publish(each: number): Promise<void> {
    await Promise.all(this.#publishers.map((publisher) => publisher.publish(each)));
  }

  drop(): void {
    for (const publisher of this.#publishers) publisher.drop();
  }
}

function startsWith(text: Buffer, start: Buffer): boolean {
  return text.length >= start.length && text.compare(start, 0, start.length, 0, start.length) === 0;
}

function positionsOf(part: string, whole: Buffer): number[] {
  const positions: number[] = [];
  for (let at = whole.indexOf(part); at !== -1; at = whole.indexOf(part, at + part.length))
    positions.push(at);
  return positions;
}
