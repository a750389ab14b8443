/** A plain client on a WebSocket. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { CloseCode } from "./close-codes.js";
import { Connection, type ConnectionContext } from "./connection.js";
import { WriteQueue } from "./fanout/write-queue.js";

export class WebSocketConnection extends Connection {
  readonly #ws: WebSocket;
  readonly #socket: Duplex & { readonly bytesRead?: number };
  /** `ws` makes the list of extensions anew at each look. */
  protected readonly compresses: boolean;

  constructor(
    id: string,
    request: IncomingMessage,
    remoteAddress: string,
    ws: WebSocket,
    socket: Duplex & { readonly bytesRead?: number },
    context: ConnectionContext,
  ) {
    super({ id, request, remoteAddress, context, carrier: "websocket" });
    this.carry(new WriteQueue(context.outbox, socket, this, context.limits.maxBufferedBytes), ws);
    this.#ws = ws;
    this.#socket = socket;
    this.compresses = ws.extensions !== "";
  }

  // What the WebSocket tells.

  onPing(data: Buffer): void {
    if (!this.count()) return;
    // One who sends pings and reads no pongs is a slow reader like any other.
    if (this.queue.bufferedAmount > this.context.limits.maxBufferedBytes) this.onOverflow();
    else this.#ws.pong(data);
  }

  onPong(): void {
    if (!this.count()) return;
    this.emit("packet", { type: "pong" });
    this.emit("heartbeat");
  }

  /** The client broke the WebSocket protocol; `ws` sends the close code. */
  onError(error: Error): void {
    this.leave("transport error", undefined, error);
  }

  // What the connection asks.

  protected get isWritable(): boolean {
    return this.#ws.readyState === this.#ws.OPEN;
  }

  protected get bytesRead(): number {
    return this.#socket.bytesRead ?? 0;
  }

  protected ping(): void {
    this.#ws.ping();
  }

  protected sendClose({ code, reason }: CloseCode): void {
    this.#ws.close(code, reason);
  }

  protected cut(): void {
    this.#ws.terminate();
  }

  /** With compression each client has a context of its own: there is nothing to share, and `ws` does the work. */
  protected sendCompressed(text: string, compress: boolean): void {
    if (this.#ws.bufferedAmount > this.context.limits.maxBufferedBytes) {
      this.onOverflow();
      return;
    }
    this.#ws.send(text, { compress }, (error) => {
      if (error || this.#ws.bufferedAmount > 0) return;
      // The outbox, which calls for this event otherwise, has no part in it.
      if (this.observed && this.readyState === "open") this.emit("drain");
      this.onDrained();
    });
  }
}
