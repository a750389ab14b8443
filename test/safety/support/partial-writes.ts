/**
 * A process that writes 60 KB at a time to fifty sockets whose reader stalls, and says what came of it.
 *
 * Now and then the kernel takes a write in two parts, one right after the other. Then nothing waits, but Node's request is in use
 * until it is told. That takes a machine under load, and luck; here every tenth write ends so.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { Outbox } from "../../../bridge/fanout/outbox.js";
import { WriteQueue } from "../../../bridge/fanout/write-queue.js";
import { until } from "../../support/deadline.js";

export interface Outcome {
  /** Writes after which nothing waited, though the request was in use. */
  readonly attached: number;
  /** In bytes. */
  readonly written: number;
  /** What came, and chunks that came at another place than they were written for. */
  readonly read: { readonly bytes: number; readonly wrong: number };
}

/** Frames to each socket, and how many of them in one turn at most. */
const EACH = 60;
const AT_ONCE = 10;

const SOCKETS = 50;
const SIZE = 60_000;
/** What is written in all. */
const BYTES = SOCKETS * EACH * SIZE;

/** Frames of one value each: which one stands at which place is known. */
const FRAMES = Array.from({ length: 16 }, (_, value) => [Buffer.alloc(SIZE, value)]);

/** Milliseconds that the reader stalls, again and again. */
const STALL = 20;

/** Milliseconds for all of it. */
const PATIENCE = 30_000;

/** Writes of a megabyte, after which a socket that nobody reads is full or never will be. */
const FILL = 32;

/** What of a socket's handle is looked at here. */
interface Handle {
  readonly writeQueueSize: number;
  writeBuffer: (this: Handle, request: Request | null, bytes: Buffer) => unknown;
}

interface Request {
  getAsyncId(): number;
}

async function writeAll(): Promise<Outcome> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const full = await FullSocket.make(server, port);
  let attached = 0;
  endInParts(full, () => attached++);

  const outbox = new Outbox();
  const queues: WriteQueue[] = [];
  server.on("connection", (socket) => {
    const owner = { onFlush: () => true, onDrained: () => undefined, onOverflow: () => undefined };
    queues.push(new WriteQueue(outbox, socket, owner, Infinity));
  });
  const reader = fork(fileURLToPath(import.meta.url), [String(port)]);
  await until(() => queues.length === SOCKETS, "all sockets are there", PATIENCE);
  const counts = new Map(queues.map((queue) => [queue, 0]));
  const goOn = (): boolean => {
    for (const [queue, sent] of counts) {
      let count = sent;
      for (; count < Math.min(EACH, sent + AT_ONCE) && queue.bufferedAmount === 0; count++) {
        queue.append(FRAMES[count % FRAMES.length] ?? []);
        queue.flush();
      }
      counts.set(queue, count);
    }
    return [...counts.values()].every((count) => count === EACH);
  };
  const told = once(reader, "message");
  await until(goOn, "all is written", PATIENCE);
  const [read] = (await told) as [Outcome["read"]];
  full.end();
  server.close();
  return { attached, written: BYTES, read };
}

/** A socket that the kernel takes nothing from while it is asked to write, and all a moment later. */
class FullSocket {
  readonly #writer: Socket;
  readonly #reader: Socket;
  readonly #handle: Handle;

  private constructor(writer: Socket, reader: Socket) {
    this.#writer = writer;
    this.#reader = reader;
    this.#handle = (writer as unknown as { _handle: Handle })._handle;
  }

  static async make(server: Server, port: number): Promise<FullSocket> {
    const accepted = once(server, "connection");
    const reader = connect(port, "127.0.0.1");
    const [writer] = (await accepted) as [Socket];
    return new FullSocket(writer, reader);
  }

  /** The object that Node's handles have `writeBuffer` of. */
  get prototype(): Handle {
    let holder: object = this.#handle;
    while (!Object.hasOwn(holder, "writeBuffer")) holder = Object.getPrototypeOf(holder) as object;
    return holder as Handle;
  }

  /** Returns the request that it left in use: the one that was given, or Node's own. */
  write(writeBuffer: Handle["writeBuffer"], request: Request | null): Request {
    this.#reader.pause();
    // While the stream waits for an earlier write, it hands nothing to the kernel: writing on would only fill the memory.
    for (let writes = 0; this.#handle.writeQueueSize === 0 && writes < FILL; writes++) {
      this.#writer.write(Buffer.alloc(1_000_000));
    }
    const outcome = writeBuffer.call(this.#handle, request, Buffer.alloc(1));
    setImmediate(() => this.#reader.resume());
    return (request ?? outcome) as Request;
  }

  end(): void {
    this.#reader.destroy();
    this.#writer.destroy();
  }
}

/** Every tenth write goes with another request, and leaves its own in use, though nothing waits on the handle. */
function endInParts(full: FullSocket, onAttached: () => void): void {
  const { prototype } = full;
  const { writeBuffer } = prototype;
  let writes = 0;
  prototype.writeBuffer = function (...args: [Request | null, Buffer]): unknown {
    const [request, bytes] = args;
    if (bytes.length !== SIZE || writes++ % 10 !== 0) return writeBuffer.apply(this, args);
    const outcome = writeBuffer.call(this, another(request), bytes);
    if (typeof outcome === "number" && outcome !== 0) return outcome;
    const used = full.write(writeBuffer, request);
    if (used.getAsyncId() !== -1 && this.writeQueueSize === 0) onAttached();
    return request === null ? used : 0;
  };
}

/** A new request of the same kind; null where Node makes them. */
function another(request: Request | null): Request | null {
  if (request === null) return null;
  const Kind = request.constructor as new () => Request;
  return Object.assign(new Kind(), { oncomplete: () => undefined });
}

/** Reads all that comes, with pauses, and says what it was. */
function readAll(port: number): void {
  let bytes = 0;
  let wrong = 0;
  const sockets = Array.from({ length: SOCKETS }, () => {
    let place = 0;
    const valueAt = (offset: number) => Math.floor(offset / SIZE) % FRAMES.length;
    return connect(port, "127.0.0.1").on("data", (chunk) => {
      const end = place + chunk.length;
      if (chunk[0] !== valueAt(place) || chunk.at(-1) !== valueAt(end - 1)) wrong++;
      place = end;
      bytes += chunk.length;
    });
  });
  let isStalled = false;
  const stall = setInterval(() => {
    isStalled = !isStalled;
    for (const socket of sockets) socket[isStalled ? "pause" : "resume"]();
  }, STALL);
  void until(() => bytes >= BYTES, "all has come", PATIENCE).then(() => {
    clearInterval(stall);
    process.send?.({ bytes, wrong });
    for (const socket of sockets) socket.destroy();
    process.disconnect();
  });
}

const [port] = process.argv.slice(2);
if (port === undefined) console.log(JSON.stringify(await writeAll()));
else readAll(Number(port));
