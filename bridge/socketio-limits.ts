/**
 * The limits of connections and messages for the clients of Socket.IO's own transports: the bridge's own, by the same counter.
 * A session counts once, whatever transports it upgrades to.
 */
import type { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { addressGroup } from "./addresses.js";
import { CLOSE_CODES, REFUSALS, type Refusal } from "./close-codes.js";
import { EngineError, setGuard, type AllowRequest, type Engine } from "./host.js";
import { TokenBucket, type ConnectionCounter, type Rate } from "./limits.js";
import { refuse, refusalBody, refusalHeaders } from "./upgrade.js";

export interface SocketIOLimitsContext {
  readonly counter: ConnectionCounter;
  readonly messages: Rate;
  /** Whether the application's parser makes binary of every packet; with the default one, binary belongs to a text packet. */
  readonly countsBinary: boolean;
  /** Whole milliseconds on a clock that only goes forward. */
  now(): number;
  /** Undefined where the application's hook fails. */
  addressOf(request: IncomingMessage): string | undefined;
}

/** What is used of an Engine.IO socket (engine.io 6.6, Socket); `remoteAddress` is where Socket.IO's `handshake.address` is from. */
interface NativeSocket extends EventEmitter {
  /** Null for WebTransport. */
  readonly request: IncomingMessage | null;
  readonly transport: { readonly name: string };
  remoteAddress: string;
  close(discard: boolean): void;
}

/** A request's place among the connections. */
interface Place {
  readonly address: string;
  isTaken: boolean;
  release(): void;
}

export class SocketIOLimits {
  readonly #context: SocketIOLimitsContext;
  readonly #places = new WeakMap<IncomingMessage, Place>();

  constructor(context: SocketIOLimitsContext) {
    this.#context = context;
  }

  /** Holds for `engine` from now on. Those that have no options are no Engine.IO, and have no clients of their own. */
  watch(engine: Engine): void {
    if (engine.opts === undefined) return;
    // Asked once for each session, and, unlike a middleware, in no way of WebTransport's.
    const own = engine.opts.allowRequest;
    const guard: AllowRequest = (request, done) => {
      if (own === undefined) this.#admit(engine, request, done);
      else {
        own(request, (message, success) => {
          if (success) this.#admit(engine, request, done);
          else done(message, success);
        });
      }
    };
    setGuard(engine.opts, guard);
    engine.prependListener("connection", (socket: NativeSocket) => this.#onConnection(engine, socket));
  }

  #admit(engine: Engine, request: IncomingMessage, done: Parameters<AllowRequest>[1]): void {
    const address = this.#context.addressOf(request);
    if (address === undefined) {
      done(REFUSALS.forbidden.description, false);
      return;
    }
    const place = this.#take(address);
    if (!("release" in place)) {
      tell(engine, request, place);
      answer(request, place);
      return;
    }
    this.#places.set(request, place);
    const { res } = request as { res?: ServerResponse };
    (res ?? request.socket).once("close", () => {
      if (!place.isTaken) place.release();
    });
    done(null, true);
  }

  #take(address: string): Place | Refusal {
    const { counter } = this.#context;
    const group = addressGroup(address);
    const place = counter.add(group);
    if (place !== "added") return REFUSALS[place === "full" ? "tooManyConnections" : "tooManyFromAddress"];
    let isReleased = false;
    const release = (): void => {
      if (!isReleased) counter.remove(group);
      isReleased = true;
    };
    return { address, isTaken: false, release };
  }

  #onConnection(engine: Engine, socket: NativeSocket): void {
    if (socket.transport.name === "bridge") return;
    // Nobody is asked about WebTransport's sessions: it is here that they come to light.
    const place = (socket.request && this.#places.get(socket.request)) ?? this.#take(socket.remoteAddress);
    if (!("release" in place)) {
      tell(engine, socket.request, place);
      socket.close(true);
      return;
    }
    place.isTaken = true;
    socket.once("close", () => place.release());
    socket.remoteAddress = place.address;
    this.#limitMessages(engine, socket);
  }

  #limitMessages(engine: Engine, socket: NativeSocket): void {
    const context = this.#context;
    const bucket = new TokenBucket(context.messages, context.now());
    let isOver = false;
    socket.on("packet", ({ data }: { data?: unknown }) => {
      const isAttachment = !context.countsBinary && ArrayBuffer.isView(data);
      if (isOver || isAttachment || bucket.take(context.now())) return;
      isOver = true;
      const { reason: code, description } = CLOSE_CODES.tooManyMessages;
      tell(engine, socket.request, { code, description });
      // This one is not handled, nor any after it; those before it are, and Socket.IO takes some ticks for that.
      socket.removeAllListeners("data").removeAllListeners("message");
      setImmediate(() => socket.close(true));
    });
  }
}

/** Tells the application as Engine.IO does of what it refuses. */
function tell(
  engine: Engine,
  request: IncomingMessage | null,
  { code, description }: Pick<Refusal, "code" | "description">,
): void {
  engine.emit("connection_error", {
    req: request,
    code: EngineError.FORBIDDEN,
    message: description,
    context: { name: code },
  });
}

/** Refuses a handshake with the status that fits: Engine.IO itself has 403 and 400 only. The body is of both shapes. */
function answer(request: IncomingMessage, refusal: Refusal): void {
  const more = { code: EngineError.FORBIDDEN, message: refusal.description };
  const { res } = request as { res?: ServerResponse };
  if (res === undefined) {
    refuse(request.socket, refusal, refusal.description, more);
    return;
  }
  const body = refusalBody(refusal, refusal.description, more);
  res.writeHead(refusal.status, refusalHeaders(refusal, body)).end(body);
}
