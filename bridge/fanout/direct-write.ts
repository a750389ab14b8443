/**
 * A write straight to the kernel, without Node's stream around it.
 *
 * A fan-out writes one small buffer to each of many idle sockets, and the kernel takes each at once. Then the stream's
 * bookkeeping (a request object, two ticks and some callbacks for every write) costs as much as the system call does.
 * Here the buffer goes to the socket's handle, and only what the kernel does not take at once costs more.
 *
 * This leans on Node's insides, all of them here: `Socket._handle`, a TCP handle with `writeBuffer`, and its requests
 * (lib/internal/stream_base_commons.js; checked with Node 20.20, 22.23, 24.22 and 26.12). They have changed within a release line, so
 * versions say nothing: one write through the stream is watched, and only what it does itself is done here. Where that is not as
 * expected, writes go through the stream as usual.
 */
import { Socket } from "node:net";
import type { Writable } from "node:stream";

/** Told when the kernel has taken what it did not take at once. */
export interface Completion {
  onWritten(error?: Error | null): void;
}

/** libuv's request for one write. */
interface WriteRequest {
  /** Called when a write that did not complete at once has: 0, or a negative errno of libuv's. */
  oncomplete?: (status: number) => void;
  /** Keeps the bytes from the garbage collector while the kernel has not taken them. */
  buffer?: Buffer;
  /** Where Node makes the requests: the outcome, if it was there before `oncomplete` was. */
  writeStatus?: number | null;
  /** `FREE`, unless a write is attached to it. */
  getAsyncId(): number;
}

/** What `getAsyncId` returns for a request that no write is attached to. */
const FREE = -1;

/** A TCP socket's handle. */
export interface Handle {
  /**
   * Returns 0, or a negative errno of libuv's. Older releases are handed a request and may have attached the write to it when they
   * return 0. Newer ones are handed null, and return a request of their own if the write did not complete at once.
   */
  writeBuffer(request: WriteRequest | null, bytes: Buffer): unknown;
}

/** Writes to a handle. 0 when all is written, a request where that is to be seen, and anything else where it failed. */
type Write = (handle: Handle, bytes: Buffer) => unknown;

/** How this release of Node writes: undefined until the stream was seen doing it, "unknown" where it is not as expected. */
let write: Write | "unknown" | undefined;

/** The class's own method: a socket with another one is watched by somebody who wants to see what is written. */
const ownWrite: unknown = Reflect.get(Socket.prototype, "write");

/** The handle of a plain TCP socket. TLS has another kind of handle, and other streams have none. */
export function handleOf(socket: Writable): Handle | undefined {
  if (socket.constructor !== Socket || Reflect.get(socket, "write") !== ownWrite) return undefined;
  const { _handle: handle } = socket as unknown as { _handle?: Partial<Handle> | null };
  return typeof handle?.writeBuffer === "function" ? (handle as Handle) : undefined;
}

/**
 * Writes `bytes` to the handle of a socket that is open and whose stream is empty. `written` when the kernel has all
 * of it, `pending` when the completion will be told, `unavailable` when nothing was written and the stream must do it.
 * A socket that fails is destroyed.
 */
export function writeDirectly(
  handle: Handle,
  socket: Writable,
  bytes: Buffer,
  completion: Completion,
): "written" | "pending" | "unavailable" {
  if (write === undefined) watch(handle);
  if (typeof write !== "function") return "unavailable";
  let outcome: unknown;
  try {
    outcome = write(handle, bytes);
  } catch {
    // Whoever throws does not like what was handed over, and has written nothing.
    write = "unknown";
    return "unavailable";
  }
  if (outcome === 0) return "written";
  if (isRequest(outcome)) return follow(outcome, socket, bytes, completion);
  // As the stream would: the connection is broken, and everybody hears of it from the socket. So it is where nobody knows
  // how much was written.
  if (typeof outcome !== "number" && !socket.destroyed) write = "unknown";
  socket.destroy();
  return "pending";
}

/** Waits for a write that did not complete at once. */
function follow(
  request: WriteRequest,
  socket: Writable,
  bytes: Buffer,
  completion: Completion,
): "written" | "pending" {
  const { writeStatus } = request;
  if (writeStatus === 0) return "written";
  if (typeof writeStatus === "number" || request.getAsyncId() === FREE) {
    // With no write attached, it has failed already, and nothing would ever be told.
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

/**
 * Looks at the next write that goes through the stream, which sees no difference. One that did not complete at once is
 * not looked at: another will.
 */
function watch(handle: Handle): void {
  handle.writeBuffer = (...args) => {
    Reflect.deleteProperty(handle, "writeBuffer");
    const outcome = handle.writeBuffer(...args);
    if (write === undefined && !isRequest(outcome)) write = outcome === 0 ? learn(args) : "unknown";
    return outcome;
  };
}

function learn(args: readonly unknown[]): Write | "unknown" {
  const [request] = args;
  if (args.length !== 2) return "unknown";
  if (request === null) return (handle, bytes) => handle.writeBuffer(null, bytes);
  return isRequest(request) ? withRequestsOf(request.constructor as new () => WriteRequest) : "unknown";
}

/** For releases that are handed a request. One that completes at once is not touched, and serves again, for any socket. */
function withRequestsOf(Request: new () => WriteRequest): Write {
  let spare: WriteRequest | undefined;
  const make = (): WriteRequest => {
    const request = new Request();
    if (request.getAsyncId() !== FREE) throw new TypeError("a request that is new has a write");
    return request;
  };
  return (handle, bytes) => {
    const request = (spare ??= make());
    const status = handle.writeBuffer(request, bytes);
    // Not the handle's `writeQueueSize`: the kernel may take the rest of a write that was cut a moment later, and then nothing
    // waits, but the request is attached until it is told. To use it again would abort the process.
    if (status === 0 && request.getAsyncId() === FREE) return 0;
    spare = undefined;
    return status === 0 ? request : status;
  };
}

function isRequest(value: unknown): value is WriteRequest {
  return (
    typeof value === "object" &&
    value !== null &&
    "getAsyncId" in value &&
    typeof value.getAsyncId === "function"
  );
}
