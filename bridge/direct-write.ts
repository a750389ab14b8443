/**
 * A write straight to the kernel, without Node's stream around it.
 *
 * A fan-out writes one small buffer to each of many idle sockets, and the kernel takes each at once. Then the stream's
 * bookkeeping (a request object, two ticks and some callbacks for every write) costs as much as the system call does.
 * Here the buffer goes to the socket's handle, and only what the kernel does not take at once costs more.
 *
 * This leans on Node's insides, all of them here: `Socket._handle`, a TCP handle with `writeBuffer(request, bytes)` and
 * `writeQueueSize`, and the class of `request` (lib/internal/stream_base_commons.js; checked with Node 20, 22 and 24).
 * Where they are not as expected, writes go through the stream as usual.
 */
import { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** Told when the kernel has taken what it did not take at once. */
export interface Completion {
  onWritten(error?: Error | null): void;
}

/** libuv's request for one write; `oncomplete` is called if it did not complete at once. */
interface WriteRequest {
  oncomplete?: (status: number) => void;
  /** Keeps the bytes from the garbage collector while the kernel has not taken them. */
  buffer?: Buffer;
}

/** A TCP socket's handle. */
export interface Handle {
  /** Returns 0, or a negative errno of libuv's. */
  writeBuffer(request: WriteRequest, bytes: Buffer): number;
  /** Bytes that the kernel has not taken. */
  readonly writeQueueSize: number;
}

/** The class of Node's own requests, once it has been seen. */
let Request: (new () => WriteRequest) | undefined;
/** A request that completes at once is not touched, and serves again, for any socket. */
let spare: WriteRequest | undefined;

/** The class's own method: a socket with another one is watched by somebody who wants to see what is written. */
const ownWrite: unknown = Reflect.get(Socket.prototype, "write");

/** The handle of a plain TCP socket. TLS has another kind of handle, and other streams have none. */
export function handleOf(socket: Duplex): Handle | undefined {
  if (socket.constructor !== Socket || Reflect.get(socket, "write") !== ownWrite) return undefined;
  const { _handle: handle } = socket as unknown as { _handle?: Partial<Handle> | null };
  if (typeof handle?.writeBuffer !== "function" || typeof handle.writeQueueSize !== "number")
    return undefined;
  return handle as Handle;
}

/**
 * Writes `bytes` to the handle of a socket that is open and whose stream is empty. `written` when the kernel has all
 * of it, `pending` when the completion will be told, `unavailable` when nothing was written and the stream must do it.
 * A socket that fails is destroyed.
 */
export function writeDirectly(
  handle: Handle,
  socket: Duplex,
  bytes: Buffer,
  completion: Completion,
): "written" | "pending" | "unavailable" {
  if (Request === undefined) {
    learnRequest(handle);
    return "unavailable";
  }
  const request = (spare ??= new Request());
  const status = handle.writeBuffer(request, bytes);
  if (status === 0 && handle.writeQueueSize === 0) return "written";
  spare = undefined;
  if (status !== 0) {
    // As the stream would: the connection is broken, and everybody hears of it from the socket.
    socket.destroy();
    return "pending";
  }
  request.buffer = bytes;
  request.oncomplete = (result) => {
    if (result === 0) completion.onWritten();
    else socket.destroy();
  };
  return "pending";
}

/** Looks at the request of the next write that goes through the stream. */
function learnRequest(handle: Handle): void {
  handle.writeBuffer = (request, bytes) => {
    Reflect.deleteProperty(handle, "writeBuffer");
    Request = request.constructor as new () => WriteRequest;
    return handle.writeBuffer(request, bytes);
  };
}
