/** A WebSocket class with no network: the test is the server. */
import type { WebSocketClass, WebSocketLike } from "../../../clients/typescript/src/websocket-transport.js";

interface FakeEvent {
  type: string;
  data?: unknown;
  code?: number;
  reason?: string;
  message?: string;
}

type Frame = Record<string, unknown>;

export class FakeWebSocket implements WebSocketLike {
  bufferedAmount = 0;
  /** Frames that the client sent, and that the test has not taken yet. */
  readonly sent: Frame[] = [];
  /** The code with which the client closed. */
  closedWith: number | undefined;
  readonly #listeners: [string, (event: FakeEvent) => void][] = [];

  constructor(
    readonly url: string,
    readonly protocols?: string | string[],
    readonly options?: { headers: Record<string, string> },
  ) {}

  addEventListener(type: string, listener: (event: FakeEvent) => void): void {
    this.#listeners.push([type, listener]);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Frame);
  }

  close(code?: number): void {
    this.closedWith ??= code ?? 1005;
  }

  // What the server and the network do.

  fire(type: string, event: Omit<FakeEvent, "type"> = {}): void {
    for (const [other, listener] of this.#listeners) if (other === type) listener({ type, ...event });
  }

  open(): this {
    this.fire("open");
    return this;
  }

  receive(frame: Frame): void {
    this.fire("message", { data: JSON.stringify(frame) });
  }

  /** Takes the next frame that the client sent. */
  take(): Frame {
    const frame = this.sent.shift();
    if (!frame) throw new Error("the client has sent nothing more");
    return frame;
  }

  /** Takes the client's `connect`, and accepts it. */
  accept(more: Frame = {}): Frame {
    const connect = this.take();
    if (connect["type"] !== "connect") throw new Error(`not a connect: ${JSON.stringify(connect)}`);
    const ns = connect["ns"] === undefined ? {} : { ns: connect["ns"] };
    const times = { pingInterval: 25_000, pingTimeout: 20_000, maxPayload: 1000 };
    this.receive({ type: "connected", ...ns, sid: "sid", ...times, ...more });
    return connect;
  }
}

/** A WebSocket class, and those that were made of it. */
export function fakeWebSockets(): {
  WebSocket: WebSocketClass;
  made: FakeWebSocket[];
  last: () => FakeWebSocket;
} {
  const made: FakeWebSocket[] = [];
  class Recorded extends FakeWebSocket {
    constructor(...args: ConstructorParameters<typeof FakeWebSocket>) {
      super(...args);
      made.push(this);
    }
  }
  const last = (): FakeWebSocket => {
    const socket = made.at(-1);
    if (!socket) throw new Error("the client has opened no WebSocket");
    return socket;
  };
  return { WebSocket: Recorded, made, last };
}
