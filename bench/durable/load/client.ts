/** A client of the room API with nothing to it but what is measured: it comes, calls, and goes. */
import { once } from "node:events";
import { WebSocket } from "ws";
import type { Ack, Self } from "../../../server/api/types.js";
import { WIRES, type Protocol, type Wire } from "../../shared/wires.js";

interface Pending {
  resolve: (result: object) => void;
  reject: (error: Error) => void;
}

export class Client {
  readonly wire: Wire;
  readonly #socket: WebSocket;
  readonly #pending = new Map<number, Pending>();
  readonly #welcome: Promise<Self>;
  #welcomed: Pending | undefined;
  #nextId = 0;
  #failure: Error | undefined;
  #hear: (message: Buffer) => void;
  #lost: ((error: Error) => void) | undefined;
  #onEvent: (event: string, args: readonly unknown[]) => void = () => undefined;

  private constructor(protocol: Protocol, port: number, auth: object) {
    this.wire = WIRES[protocol];
    this.#hear = (message) => this.#read(message.toString());
    this.#welcome = new Promise<Self>((resolve, reject) => {
      this.#welcomed = { resolve: (self) => resolve(self as Self), reject };
    });
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}${this.wire.path}`, {
      perMessageDeflate: false,
      skipUTF8Validation: true,
    });
    // Messages come as Buffers: `binaryType` is the default, and no message is in fragments.
    this.#socket.on("message", (message: Buffer) => this.#hear(message));
    this.#socket.on("open", () => this.#socket.send(this.wire.connect(auth)));
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", (code) => this.#fail(new Error(`the server closed the connection: ${code}`)));
  }

  /** Resolves when the server has said who the client is. Rejects if it is refused. */
  static async connect(protocol: Protocol, port: number, auth: object): Promise<[Client, Self]> {
    const client = new Client(protocol, port, auth);
    return [client, await client.#welcome];
  }

  /** Makes a call, and resolves to what its ack has. Rejects if the ack is an error, or the connection is lost. */
  call<Result extends object>(event: string, argument: object): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      const id = this.#nextId++;
      // The room API says which result belongs to which event.
      this.#pending.set(id, { resolve: (result) => resolve(result as Result), reject });
      this.#socket.send(this.wire.call(event, argument, id));
    });
  }

  /** Gets the events that come from now on, but for the welcome. */
  onEvent(handler: (event: string, args: readonly unknown[]) => void): void {
    this.#onEvent = handler;
  }

  /**
   * From now on each message goes to `hear` as it is, and the end of the connection to `fail`. Returns what sends a message
   * that was made before.
   */
  takeOver(hear: (message: Buffer) => void, fail: (error: Error) => void): (text: Buffer) => void {
    this.#hear = hear;
    this.#lost = fail;
    return (text) => this.#socket.send(text, { binary: false });
  }

  /** Resolves when the connection is closed. */
  async close(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = once(this.#socket, "close");
    this.#socket.close();
    await closed;
  }

  #read(text: string): void {
    const heard = this.wire.read(text);
    if (heard?.type === "refused") this.#fail(new Error(`the server refused: ${heard.why}`));
    else if (heard?.type === "ack") this.#settle(heard.id, heard.answer as Ack);
    else if (heard?.type === "event" && heard.event === "welcome") {
      this.#welcomed?.resolve(heard.args[0] as Self);
    } else if (heard?.type === "event") this.#onEvent(heard.event, heard.args);
  }

  #settle(id: number, answer: Ack): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (answer.ok) pending?.resolve(answer);
    else pending?.reject(new Error(`the server refused: ${answer.error.code}: ${answer.error.message}`));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#welcomed?.reject(error);
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
    this.#lost?.(error);
  }
}
