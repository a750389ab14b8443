/**
 * The outbox for Socket.IO's own WebSocket transport: `new Server(httpServer, { wsEngine: GatheringWebSocketServer })`.
 *
 * Engine.IO sends each packet with a write of its own. Here these are gathered until the tick of the event loop ends,
 * and sockets that were sent the same packets share one buffer, as on the bridge.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import type { Frame } from "./frame.js";
import { Outbox, type QueueOwner } from "./outbox.js";
import { callAll } from "./throw-later.js";
import { WriteQueue } from "./write-queue.js";

type Written = (error?: Error) => void;
type RawFrame = readonly (Buffer | string)[];

/** Through here goes all that a WebSocket sends, close frames and pings too (ws 8.23: WebSocket._sender, Sender.sendFrame). */
interface Insides {
  readonly _sender?: { sendFrame?: (frame: RawFrame, written?: Written) => void };
}

/** RFC 6455, 5.2. */
const OPCODE_CLOSE = 0x8;

/** Collects the callbacks of frames, and calls them when these have gone to the kernel. */
class Callbacks implements QueueOwner {
  #waiting: Written[] = [];
  #closing: Written | undefined;

  add(frame: RawFrame, written: Written): void {
    // ws ends the socket in a close frame's callback: that one must wait until the frame is out.
    if (isClose(frame)) this.#closing = written;
    else this.#waiting.push(written);
  }

  /**
   * Engine.IO holds back what is sent while a write is under way, and hands it over in the callback. Called here, at
   * the end of the tick, it sends the rest of the tick's packets in time to leave in the same system call. A packet
   * sent after that is under way until the kernel has it, as ever: so a reader that has stopped is sent one volatile
   * packet more than by Engine.IO alone, and no second one.
   */
  onFlush(idle: boolean): boolean {
    if (idle) this.#release();
    return true; // close frames come through the queue too: all is in order as it is
  }

  onDrained(): void {
    this.#release();
    this.#closing?.();
    this.#closing = undefined;
  }

  onOverflow(): void {
    // Never: the queue has no bound of its own. Engine.IO sends no more until the callbacks are called.
  }

  #release(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    callAll(waiting);
  }
}

const outbox = new Outbox();

/** A `WebSocketServer` of `ws` whose WebSockets gather their writes. */
export class GatheringWebSocketServer extends WebSocketServer {
  override handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    callback: (ws: WebSocket, request: IncomingMessage) => void,
  ): void {
    super.handleUpgrade(request, socket, head, (ws, upgraded) => {
      gather(ws, socket);
      callback(ws, upgraded);
    });
  }
}

/** With another release of ws, that has other insides, nothing is gathered and all works as before. */
function gather(ws: WebSocket, socket: Duplex): void {
  const { _sender: sender } = ws as unknown as Insides;
  if (typeof sender?.sendFrame !== "function") return;
  const callbacks = new Callbacks();
  const queue = new WriteQueue(outbox, socket, callbacks, Infinity);
  sender.sendFrame = (frame, written) => {
    if (written !== undefined) callbacks.add(frame, written);
    queue.append(isBytes(frame) ? frame : frame.map((chunk) => Buffer.from(chunk)));
  };
}

/** A frame is a header and, unless it is empty, a payload; only the payload may still be a string. */
function isBytes(frame: RawFrame): frame is Frame {
  return typeof frame[1] !== "string";
}

function isClose([header]: RawFrame): boolean {
  return typeof header === "object" && ((header[0] ?? 0) & 0x0f) === OPCODE_CLOSE;
}
