/**
 * The receivers' process: raw TCP sockets that do the WebSocket handshake by hand, enter, and from then on only count
 * bytes. They do as little as can be done, so that the servers are what is measured.
 */
import { connect, type Socket } from "node:net";
import { answerQuestions } from "../shared/questions.js";
import { entered, greeting, handshake, SSE_PING, SseEntry } from "./entry.js";
import type { Entry, ReceiverQuestion } from "./protocol.js";

/** Handshakes under way at a time. */
const CONCURRENCY = 64;

class Group {
  readonly receivers: Receiver[] = [];
  /** Bytes that all receivers together have got, and are waited for. */
  received = 0;
  #expectedEach = 0;
  #expected = Infinity;
  #settle: ((error?: Error) => void) | undefined;

  count(bytes: number): void {
    this.received += bytes;
    if (this.received >= this.#expected) this.#settle?.(this.#difference());
  }

  fail(error: Error): void {
    this.#settle?.(error);
  }

  /** Resolves when each receiver has got exactly `bytes` more than was expected so far. */
  async expect(bytes: number, deadline: number): Promise<void> {
    this.#expectedEach += bytes;
    this.#expected = this.#expectedEach * this.receivers.length;
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#settle = (error) => (error ? reject(error) : resolve());
        timer = setTimeout(() => reject(new Error(`${this.#shortfall()} after ${deadline} ms`)), deadline);
        if (this.received >= this.#expected) this.#settle(this.#difference());
      });
    } finally {
      clearTimeout(timer);
      this.#settle = undefined;
    }
  }

  #shortfall(): string {
    return `received ${this.received} bytes where ${this.#expected} are due`;
  }

  #difference(): Error | undefined {
    const odd = this.receivers.find(({ bytes }) => bytes !== this.#expectedEach);
    if (odd === undefined) return undefined;
    return new Error(
      `${this.#shortfall()}; a receiver got ${odd.bytes} bytes where ${this.#expectedEach} are due`,
    );
  }
}

class Receiver {
  /** Bytes since it entered. */
  bytes = 0;
  readonly #socket: Socket;
  readonly #group: Group;
  readonly #entry: Entry;
  /** What came before it had entered; undefined from then on. */
  #before: Buffer | undefined = Buffer.alloc(0);
  #greeted = false;
  readonly #onEntered: (error?: Error) => void;
  readonly #sse: SseEntry | undefined;

  constructor(group: Group, entry: Entry, port: number, onEntered: (error?: Error) => void) {
    this.#group = group;
    this.#entry = entry;
    this.#onEntered = onEntered;
    this.#sse = entry === "sse" ? new SseEntry() : undefined;
    this.#socket = connect({
      port,
      host: "127.0.0.1",
      noDelay: true,
      onread: {
        // One buffer for all: nothing of it is kept beyond the callback.
        buffer: READ_BUFFER,
        callback: (length, buffer) => {
          this.#onRead(length, buffer);
          return true;
        },
      },
    });
    this.#socket.once("connect", () => this.#socket.write(handshake(entry)));
    this.#socket.once("error", (error) => this.#end(error));
    this.#socket.once("close", () => this.#end(new Error("the server closed a connection")));
  }

  drop(): void {
    this.#socket.removeAllListeners("close");
    // A reset leaves no TIME_WAIT behind, which thousands of connections after another would run into.
    this.#socket.resetAndDestroy();
  }

  #onRead(length: number, buffer: Uint8Array): void {
    if (this.#before === undefined) {
      const counted = length - this.#pingBytes(length, buffer);
      this.bytes += counted;
      this.#group.count(counted);
      return;
    }
    this.#before = Buffer.concat([this.#before, buffer.subarray(0, length)]);
    if (this.#sse !== undefined) {
      this.#enterOverHttp(this.#sse);
      return;
    }
    if (!this.#greeted && this.#before.includes("\r\n\r\n")) {
      this.#greeted = true;
      const hello = greeting(this.#entry);
      if (hello) this.#socket.write(hello);
    }
    try {
      if (this.#entry === "sse" || !entered(this.#entry, this.#before)) return;
    } catch (error) {
      this.#end(error as Error);
      return;
    }
    this.#before = undefined;
    this.#onEntered();
  }

  #enterOverHttp(entry: SseEntry): void {
    try {
      const next = entry.next(this.#before ?? Buffer.alloc(0));
      if (next === undefined) return;
      this.#before = next === "in" ? undefined : Buffer.alloc(0);
      if (next === "in") this.#onEntered();
      else this.#socket.write(next);
    } catch (error) {
      this.#end(error as Error);
    }
  }

  /** Bytes of a ping's chunk, where one came: by itself, or with others. */
  #pingBytes(length: number, buffer: Uint8Array): number {
    if (this.#sse === undefined) return 0;
    return Buffer.from(buffer.buffer, buffer.byteOffset, length).includes(SSE_PING) ? SSE_PING.length : 0;
  }

  #end(error: Error): void {
    if (this.#before === undefined) this.#group.fail(error);
    else this.#onEntered(error);
  }
}

const READ_BUFFER = Buffer.alloc(256 * 1024);
const groups = new Map<string, Group>();

async function open(group: Group, entry: Entry, port: number, count: number): Promise<void> {
  let left = count;
  const openSome = async () => {
    while (left-- > 0) {
      await new Promise<void>((resolve, reject) => {
        const onEntered = (error?: Error) => (error ? reject(error) : resolve());
        group.receivers.push(new Receiver(group, entry, port, onEntered));
      });
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, openSome));
}

function groupOf(name: string): Group {
  let group = groups.get(name);
  if (!group) groups.set(name, (group = new Group()));
  return group;
}

answerQuestions({ port: 0 }, async (question: ReceiverQuestion) => {
  const group = groupOf(question.group);
  switch (question.ask) {
    case "connect":
      await open(group, question.entry, question.port, question.count);
      break;
    case "expect":
      await group.expect(question.bytes, question.deadline);
      break;
    case "drop":
      for (const receiver of group.receivers) receiver.drop();
      groups.delete(question.group);
      break;
  }
  return {};
});
