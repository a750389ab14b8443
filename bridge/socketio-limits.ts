/**
 * The limits of connections and messages for the clients of Socket.IO's own transports: the bridge's own, by the same counter.
 * A session counts once, whatever transports it upgrades to.
 */
import type { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { addressGroup } from "./addresses.js";
import { CLOSE_CODES, REFUSALS, type Refusal } from "./close-codes.js";
import { addOwnMiddleware, EngineError, setGuard, type AllowRequest, type Engine } from "./host.js";
import { costOf, type Inflow, type Inlet, type Valve } from "./inflow.js";
import type { UpgradeQueue } from "./upgrade-queue.js";
import { TokenBucket, type ConnectionCounter, type Rate } from "./limits.js";
import { refuse, refusalBody, refusalHeaders } from "./upgrade.js";

export interface SocketIOLimitsContext {
  readonly counter: ConnectionCounter;
  readonly inflow: Inflow;
  readonly upgrades: UpgradeQueue;
  readonly messages: Rate;
  readonly maxNamespaces: number;
  /**
   * Whether the application has a parser of its own, that may make binary of every packet: with the default one, binary belongs
   * to a text packet.
   */
  readonly hasOwnParser: boolean;
  /** Whole milliseconds on a clock that only goes forward. */
  now(): number;
  /** Undefined where the application's hook fails. */
  addressOf(request: IncomingMessage): string | undefined;
}

/** What is used of an Engine.IO socket (engine.io 6.6, Socket); `remoteAddress` is where Socket.IO's `handshake.address` is from. */
interface NativeSocket extends EventEmitter {
  /** Null for WebTransport. */
  readonly request: IncomingMessage | null;
  readonly id: string;
  /** `socket`: the WebSocket, where it is one. */
  readonly transport: { readonly name: string; readonly socket?: Partial<Valve> };
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
  /** Those that are sent away, of which more may come in the same read. */
  readonly #ended = new WeakSet<NativeSocket>();
  readonly #intakes = new Map<string, Intake>();

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
    addOwnMiddleware(engine, (request, _response, next) => this.#holdBack(request, next));
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
      refuseNative(engine, request, place);
      return;
    }
    this.#places.set(request, place);
    const { res } = request as { res?: ServerResponse };
    (res ?? request.socket).once("close", () => {
      if (!place.isTaken) place.release();
    });
    this.#takeTurn(engine, request, () => done(null, true));
  }

  /** A new session's first request waits for its turn, among those of plain clients. */
  #takeTurn(engine: Engine, request: IncomingMessage, begin: () => void): void {
    const { socket } = request;
    const turn = this.#context.upgrades.add(socket, () => {
      socket.off("error", destroy);
      begin();
    });
    // An upgrade's socket has no listener of Node's any more, and none of Engine.IO's yet.
    if (turn === "waits") socket.on("error", destroy);
    else if (turn === "full") refuseNative(engine, request, REFUSALS.overloaded);
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
    if (!this.#context.hasOwnParser) this.#limitConnects(engine, socket);
    this.#pace(socket);
  }

  /**
   * Socket.IO refuses a second CONNECT to a namespace, but not while middlewares are asked about the first: each that comes
   * meanwhile would make another socket of the namespace's (socket.io 4.8, Client.ondecoded).
   */
  #limitConnects(engine: Engine, socket: NativeSocket): void {
    const asked = new Set<string>();
    const onSent = ({ data }: { data?: unknown }): void => {
      if (typeof data !== "string" || !/^[04]/.test(data)) return;
      asked.delete(namespaceOf(data));
      if (asked.size === 0) socket.off("packetCreate", onSent);
    };
    socket.on("packet", ({ data }: { data?: unknown }) => {
      if (typeof data !== "string" || !data.startsWith("0")) return;
      const ns = namespaceOf(data);
      if (asked.has(ns) || asked.size >= this.#context.maxNamespaces) {
        const { reason: code, description } = CLOSE_CODES.protocolViolation;
        this.#end(engine, socket, { code, description });
        return;
      }
      if (asked.size === 0) socket.on("packetCreate", onSent);
      asked.add(ns);
    });
  }

  /** Handles nothing more of what came; what came before is, and Socket.IO takes some ticks for that. */
  #end(engine: Engine, socket: NativeSocket, why: Pick<Refusal, "code" | "description">): void {
    if (this.#ended.has(socket)) return;
    this.#ended.add(socket);
    tell(engine, socket.request, why);
    socket.removeAllListeners("data").removeAllListeners("message");
    setImmediate(() => socket.close(true));
  }

  #pace(socket: NativeSocket): void {
    const intake = new Intake(socket, this.#context.inflow);
    this.#intakes.set(socket.id, intake);
    socket.once("close", () => {
      this.#intakes.delete(socket.id);
      intake.close();
    });
  }

  /** A session that polls sends by requests: one for which it is too early waits, and its body is not read. */
  #holdBack(request: IncomingMessage, next: () => void): void {
    const { _query } = request as { _query?: Record<string, unknown> };
    const sid = _query?.["sid"];
    const intake = request.method === "POST" && typeof sid === "string" ? this.#intakes.get(sid) : undefined;
    if (intake === undefined) next();
    else intake.admit(request, next);
  }

  #limitMessages(engine: Engine, socket: NativeSocket): void {
    const context = this.#context;
    const bucket = new TokenBucket(context.messages, context.now());
    socket.on("packet", ({ data }: { data?: unknown }) => {
      const isAttachment = !context.hasOwnParser && ArrayBuffer.isView(data);
      if (isAttachment || bucket.take(context.now())) return;
      const { reason: code, description } = CLOSE_CODES.tooManyMessages;
      this.#end(engine, socket, { code, description });
    });
  }
}

/** Where a session's bytes come in, whatever its transport. */
class Intake implements Valve {
  readonly #socket: NativeSocket;
  readonly #inlet: Inlet;
  /** The request of a session that polls, while it waits: there is one at a time, as Engine.IO has it. */
  #goOn: (() => void) | undefined;

  constructor(socket: NativeSocket, inflow: Inflow) {
    this.#socket = socket;
    this.#inlet = inflow.open(addressGroup(socket.remoteAddress), this);
    socket.on("packet", ({ data }: { data?: unknown }) => this.#inlet.count(costOf(data)));
    socket.on("upgrade", () => {
      if (this.#inlet.isPaused) this.pause();
    });
  }

  pause(): void {
    this.#socket.transport.socket?.pause?.();
  }

  resume(): void {
    this.#socket.transport.socket?.resume?.();
    const goOn = this.#goOn;
    this.#goOn = undefined;
    goOn?.();
  }

  /** Lets a request on now, or when it is time; not at all if its client goes. */
  admit(request: IncomingMessage, next: () => void): void {
    if (!this.#inlet.isPaused || this.#goOn !== undefined) {
      next();
      return;
    }
    const gone = (): void => {
      this.#goOn = undefined;
    };
    request.once("close", gone);
    this.#goOn = () => {
      request.off("close", gone);
      next();
    };
  }

  close(): void {
    this.#inlet.close();
  }
}

/** Of a packet of the default parser's: a digit, and unless it is `/` the namespace and a comma (socket.io-parser 4.2). */
function namespaceOf(packet: string): string {
  if (packet[1] !== "/") return "/";
  const end = packet.indexOf(",");
  return packet.slice(1, end === -1 ? undefined : end);
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
function refuseNative(engine: Engine, request: IncomingMessage, refusal: Refusal): void {
  tell(engine, request, refusal);
  const more = { code: EngineError.FORBIDDEN, message: refusal.description };
  const { res } = request as { res?: ServerResponse };
  if (res === undefined) {
    refuse(request.socket, refusal, refusal.description, more);
    return;
  }
  const body = refusalBody(refusal, refusal.description, more);
  res.writeHead(refusal.status, refusalHeaders(refusal, body)).end(body);
}

function destroy(this: Duplex): void {
  this.destroy();
}
