/** A WebSocket client on a raw TCP socket: it does as little as can be done, so that the servers are what is measured. */
import { connect, type Socket } from "node:net";
import { MessageReader, textFrame, upgradeRequest } from "../../shared/websocket.js";

export interface Target {
  port: number;
  /** Of the WebSocket endpoint. */
  path: string;
  /** The address on this machine that it comes from; undefined: any. */
  localAddress?: string;
}

export interface ConnectionHandlers {
  open(): void;
  /** Gets the first 4,096 bytes of a message, which it must not keep. */
  message(text: Buffer): void;
  /** The connection is over, and was not dropped by its owner. */
  lost(error: Error): void;
}

/** The server answered the handshake with something else than a WebSocket. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";

  constructor(
    statusLine: string,
    /** Seconds after which the server wants to be asked again. */
    readonly retryAfter: number | undefined,
  ) {
    super(`the server refused: ${statusLine}`);
  }
}

/** One buffer for all: nothing of it is kept beyond the callback. */
const READ_BUFFER = Buffer.alloc(256 * 1024);

const HEAD_END = "\r\n\r\n";

export class Connection {
  /** That came in, of the handshake too. */
  bytes = 0;
  readonly #socket: Socket;
  readonly #handlers: ConnectionHandlers;
  readonly #reader: MessageReader;
  /** What has come of the answer to the handshake; undefined once it is all there. */
  #head: Buffer | undefined = Buffer.alloc(0);
  #isCounting = false;
  #isOver = false;

  constructor({ port, path, localAddress }: Target, handlers: ConnectionHandlers) {
    this.#handlers = handlers;
    this.#reader = new MessageReader((text) => handlers.message(text));
    this.#socket = connect({
      ...{ port, host: "127.0.0.1", noDelay: true },
      ...(localAddress === undefined ? {} : { localAddress }),
      onread: {
        buffer: READ_BUFFER,
        callback: (length) => {
          this.bytes += length;
          if (!this.#isCounting) this.#read(READ_BUFFER.subarray(0, length));
          return true;
        },
      },
    });
    this.#socket.once("connect", () => this.#socket.write(upgradeRequest(path)));
    this.#socket.once("error", (error) => this.#end(error));
    this.#socket.once("close", () => this.#end(new Error("the server closed a connection")));
  }

  /** @param frame As `textFrame` makes it. */
  send(frame: Buffer): void {
    this.#socket.write(frame);
  }

  say(text: string): void {
    this.send(textFrame(text));
  }

  /** From now on only counts what comes. */
  onlyCount(): void {
    this.#isCounting = true;
  }

  drop(): void {
    this.#isOver = true;
    // A reset leaves no TIME_WAIT behind, which thousands of connections after another would run into.
    this.#socket.resetAndDestroy();
  }

  #read(bytes: Buffer): void {
    try {
      const rest = this.#head === undefined ? bytes : this.#readHead(this.#head, bytes);
      if (rest !== undefined) this.#reader.push(rest);
    } catch (error) {
      this.#end(error as Error);
    }
  }

  /** What came after the head, once that is there. Throws if the server refused. */
  #readHead(before: Buffer, bytes: Buffer): Buffer | undefined {
    const all = Buffer.concat([before, bytes]);
    const end = all.indexOf(HEAD_END);
    if (end === -1) {
      this.#head = all;
      return undefined;
    }
    this.#head = undefined;
    const head = all.toString("latin1", 0, end);
    if (!head.startsWith("HTTP/1.1 101 ")) {
      const [, seconds] = /^retry-after: *(\d+)$/im.exec(head) ?? [];
      throw new RefusedError(
        head.split("\r\n", 1)[0] ?? "",
        seconds === undefined ? undefined : Number(seconds),
      );
    }
    this.#handlers.open();
    return all.subarray(end + HEAD_END.length);
  }

  #end(error: Error): void {
    if (this.#isOver) return;
    this.drop();
    this.#handlers.lost(error);
  }
}
