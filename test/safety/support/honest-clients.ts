/** Two clients who do nothing wrong, one of each kind. They are sent numbers, and note every number that is not the next. */
import { io, type Socket } from "socket.io-client";
import { within } from "../../support/deadline.js";
import { jsonOf, RawWebSocket } from "../../support/raw-websocket.js";

class Counter {
  first: number | undefined;
  last = 0;
  /** What came in place of the next number. */
  readonly wrong: string[] = [];

  take(number: number): void {
    if (this.first === undefined) this.first = number;
    else if (number !== this.last + 1) this.wrong.push(`${number} after ${this.last}`);
    this.last = number;
  }
}

export class HonestClients {
  readonly #ws: RawWebSocket;
  readonly #socket: Socket;
  readonly plain = new Counter();
  readonly socketIO = new Counter();
  /** Ends of connections that nobody asked for. */
  readonly ends: string[] = [];

  private constructor(ws: RawWebSocket, socket: Socket) {
    this.#ws = ws;
    this.#socket = socket;
    ws.onFrame = (frame) => {
      const json = jsonOf(frame);
      if (json.event === "tick") this.plain.take(Number(json.args?.[0]));
      else this.ends.push(`the plain client was sent ${JSON.stringify(json)}`);
    };
    void ws.closed.then(({ code }) => this.ends.push(`the plain client was closed with ${code}`));
    socket.on("tick", (number: number) => this.socketIO.take(number));
    socket.on("disconnect", (reason) => this.ends.push(`the Socket.IO client was disconnected: ${reason}`));
  }

  static async join(port: number): Promise<HonestClients> {
    const socket = io(`http://127.0.0.1:${port}`, {
      transports: ["websocket"],
      reconnection: false,
      forceNew: true,
    });
    await within(new Promise<void>((resolve) => socket.once("connect", resolve)), "the Socket.IO client");
    return new HonestClients(await RawWebSocket.connected(port), socket);
  }

  /** Resolves when both have seen `number`. */
  async reach(number: number): Promise<void> {
    const reached = async (): Promise<void> => {
      while (this.plain.last < number || this.socketIO.last < number) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await within(reached(), `the honest clients to see ${number}`);
  }

  async leave(): Promise<void> {
    this.#socket.removeAllListeners("disconnect");
    this.#socket.disconnect();
    await this.#ws.leave();
  }
}
