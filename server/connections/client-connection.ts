/**
 * Between one client's socket and the services: validate, call, ack, emit. The same for both protocols, since a plain client
 * is a Socket.IO socket here. Whatever a client sends, nothing is thrown: a bad call is an error in its ack.
 */
import { addressGroup, BridgeCloseError, CLOSE_CODES, type CloseCode } from "@crossroom/bridge";
import { CALLS, isCall, type CallName, type CheckedCall } from "../api/calls.js";
import { apiError } from "../api/errors.js";
import { Payload } from "../api/payload.js";
import type { Ack, ApiError } from "../api/types.js";
import type { Authenticate } from "../auth/authenticate.js";
import type { DeviceConnections } from "../inbox/device-connections.js";
import type { Inboxes } from "../inbox/inboxes.js";
import type { GatheredLog } from "../log/gathered-log.js";
import type { Metrics } from "../metrics/metrics.js";
import type { Identity } from "../rooms/identity.js";
import type { Caller, CallOutcome, Done, Perform } from "../rooms/outcome.js";
import type { Rooms } from "../rooms/rooms.js";
import { StoreError } from "../store/store.js";
import { admittedOf, keepAdmitted } from "./admitted.js";
import { judge } from "./admission.js";
import { CallQueue, type CallMemory } from "./call-queue.js";
import { checkCall } from "./check-call.js";
import { isMove } from "./delivery.js";
import type { HandlerLog } from "./handler-log.js";
import { HANDLERS, type CallContext } from "./handlers.js";
import { transportOf, type RoomsNamespace, type RoomsSocket } from "./rooms-io.js";
import { drained } from "./slow-readers.js";
import type { TokenExpiry } from "./token-expiry.js";

export interface ConnectionDeps {
  rooms: Rooms;
  inboxes: Inboxes;
  tokens: TokenExpiry;
  perform: Perform;
  devices: DeviceConnections;
  authenticate: Authenticate;
  /** Sends a client away whose time is over. */
  end: (socket: RoomsSocket, why: CloseCode) => void;
  maxPendingCalls: number;
  callMemory: CallMemory;
  metrics: Metrics;
  /** Told of each client that comes and goes. */
  connected: (socket: RoomsSocket) => void;
  disconnected: (socket: RoomsSocket, reason: string) => void;
  /** For what clients cause, any number of times. */
  gathered: Pick<GatheredLog, "tell">;
  log: HandlerLog;
}

/** What a call holds in memory beside its `data`: the fields that there are have bounds. */
const CALL_BYTES = 1_024;

/** One client's time in the namespace, from its welcome to its end. */
export class ClientConnection {
  readonly #namespace: RoomsNamespace;
  readonly #socket: RoomsSocket;
  readonly #deps: ConnectionDeps;
  readonly #queue: CallQueue;
  readonly #address: string;
  readonly #context: CallContext;
  readonly #device: string | undefined;
  #identity: Identity;

  constructor(namespace: RoomsNamespace, socket: RoomsSocket, deps: ConnectionDeps) {
    this.#namespace = namespace;
    this.#socket = socket;
    this.#deps = deps;
    const { identity, device } = admittedOf(socket);
    this.#identity = identity;
    this.#device = device;
    const { rooms, inboxes } = deps;
    this.#context = { rooms, inboxes, refresh: (call, done) => this.#refresh(call, done) };
    this.#queue = new CallQueue(deps.maxPendingCalls, deps.callMemory);
    this.#address = addressGroup(socket.handshake.address);
  }

  /** Resolves when the client has gone, and everything that follows from it is done. Does not reject. */
  serve(): Promise<void> {
    const namespace = this.#namespace;
    const socket = this.#socket;
    const deps = this.#deps;
    const { rooms, inboxes, tokens, devices, log } = deps;
    // Not a listener for each name: Socket.IO calls those two ticks after an event came, and drops it where the client's
    // disconnect came meanwhile (socket.io 4.8, Socket.dispatch); and it listens for "error" itself.
    socket.onAny((event: string, ...args: unknown[]) => {
      const answer = answerTo(args);
      if (isCall(event)) this.#onCall(event, CALLS[event], args[0], answer);
      else {
        deps.metrics.unknownEvents++;
        answer({ ok: false, error: apiError("unknown_event") });
      }
    });
    const { connections } = deps.metrics;
    let transport = transportOf(socket);
    connections.add(transport);
    socket.conn.on("upgrade", () => {
      // The connection may go on for the sake of other namespaces.
      if (!socket.connected) return;
      connections.add(transport, -1);
      connections.add((transport = transportOf(socket)));
      this.#queue.add(true, CALL_BYTES, () => this.#logged(rooms.moved(this.#caller())));
    });
    const { user } = this.#identity;
    const device = this.#device;
    const taken = device === undefined ? undefined : devices.add(user, device, socket.id);
    if (taken !== undefined) namespace.to(taken).emit("device_taken", { sid: socket.id });
    const over = new Promise<void>((resolve) => {
      socket.on("disconnect", (reason, description) => {
        log.debug({ sid: socket.id, reason }, "disconnected");
        connections.add(transport, -1);
        deps.metrics.disconnect(transport, reason);
        if (description instanceof BridgeCloseError) {
          countClose(description.code, deps.metrics);
          const fields = { address: socket.handshake.address, user, code: description.code };
          deps.gathered.tell("warn", `a connection was closed: ${description.message}`, fields);
        }
        tokens.forget(socket.id);
        deps.disconnected(socket, reason);
        const caller = this.#caller();
        const isOnPurpose = reason === "client namespace disconnect";
        const gone = (): void => {
          const returned = devices.remove(socket.id);
          if (returned !== undefined) namespace.to(returned).emit("device_returned", {});
          const work = [rooms.gone(caller, isOnPurpose), inboxes.gone(caller)];
          void Promise.all(work.map((one) => this.#logged(one))).then(() => resolve());
        };
        // Of what came before the end, Socket.IO has some to hand over still: it does so in a tick.
        process.nextTick(() => this.#queue.close(gone));
      });
    });
    // After all that follows from an end is seen to: the token may have run out by now.
    this.#watch();
    return over;
  }

  /** Does something between the calls of this connection. Resolves to what it resolves to; undefined where the client is going. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    return new Promise((resolve, reject) => {
      const isTaken = this.#queue.addOwn(() => work().then(resolve, reject));
      if (!isTaken) resolve(undefined);
    });
  }

  /** Checks a call, and answers it when its turn has come and it is carried out. */
  #onCall<E extends CallName>(
    name: E,
    { isSideBySide = false, isRead = false, isAnswerLarge = false }: (typeof CALLS)[E],
    argument: unknown,
    reply: (answer: Ack) => void,
  ): void {
    const answer = this.#deps.metrics.call(name, reply);
    const call = checkCall(name, argument);
    if (typeof call === "string") {
      answer({ ok: false, error: apiError("invalid_argument", call) });
      return;
    }
    const bytes = CALL_BYTES + ("data" in call && call.data instanceof Payload ? call.data.held : 0);
    const isTaken = this.#queue.add(!isSideBySide, bytes, async (placed) => {
      // What only asks for something is not worth the work when nobody is there any more.
      if (isRead && !this.#socket.connected) return;
      try {
        const done: Done<E> = (outcome) => this.#answer(outcome, answer);
        await HANDLERS[name](this.#context, this.#caller(), call, done, placed);
        if (isAnswerLarge) await drained(this.#socket);
      } catch (error) {
        answer({ ok: false, error: this.#failure(error, name) });
      }
    });
    if (!isTaken) answer({ ok: false, error: apiError("overloaded") });
  }

  #answer(outcome: CallOutcome, answer: (answer: Ack) => void): void {
    if (!outcome.ok) {
      const { error, detail, retryAfter } = outcome;
      if (error === "rate_limited") {
        const { sid, address, identity } = this.#caller();
        const fields = { sid, address, user: identity.user };
        this.#deps.gathered.tell("warn", "calls were refused: rate_limited", fields);
      }
      return answer({ ok: false, error: apiError(error, detail, retryAfter) });
    }
    // Membership first: whoever has the answer to a join misses nothing that is sent after it.
    this.#deps.perform(outcome.effects.filter(isMove));
    answer({ ok: true, ...outcome.result });
    this.#deps.perform(outcome.effects.filter((effect) => !isMove(effect)));
  }

  async #refresh({ token }: CheckedCall<"refresh">, done: Done<"refresh">): Promise<void> {
    const { handshake } = this.#socket;
    const { authenticate, log, rooms } = this.#deps;
    const outcome = await judge({ auth: { ...handshake.auth, token } }, authenticate, log);
    // Gone meanwhile: nobody is there to be watched, or to be answered.
    if (!this.#socket.connected) return;
    if (!outcome.ok) {
      // The code is of the closed table, whoever wrote the outcome.
      return done({ ok: false, error: outcome.error.code as "unauthorized", detail: outcome.error.message });
    }
    if (outcome.identity.user !== this.#identity.user) {
      return done({
        ok: false,
        error: "forbidden",
        detail: "the token is another user's: connect with it instead",
      });
    }
    const hasNewName = this.#identity.name !== outcome.identity.name;
    this.#identity = outcome.identity;
    keepAdmitted(this.#socket, {
      identity: outcome.identity,
      ...(this.#device === undefined ? {} : { device: this.#device }),
    });
    this.#watch();
    const { expiresAt } = outcome.identity;
    done({ ok: true, result: expiresAt === undefined ? {} : { expiresAt }, effects: [] });
    await rooms.reconsider(this.#caller());
    if (hasNewName) await rooms.moved(this.#caller());
  }

  #watch(): void {
    const socket = this.#socket;
    const deps = this.#deps;
    deps.tokens.watch(socket.id, {
      identity: this.#identity,
      warn: (expiresAt) => socket.emit("token_expiring", { expiresAt }),
      renew: (token, by) => socket.emit("token_renewed", { token, ...by }),
      end: (why, message) => {
        socket.emit("session_end", { error: apiError(why, message) });
        const code = why === "token_expired" ? CLOSE_CODES.tokenExpired : CLOSE_CODES.tokenRevoked;
        deps.end(socket, code);
      },
    });
  }

  #caller(): Caller {
    const device = this.#device;
    return {
      ...{
        identity: this.#identity,
        sid: this.#socket.id,
        address: this.#address,
        transport: transportOf(this.#socket),
      },
      ...(device === undefined ? {} : { device }),
    };
  }

  #failure(error: unknown, event: string): ApiError {
    const { gathered } = this.#deps;
    const sid = this.#socket.id;
    if (error instanceof StoreError) {
      // Said by the store in a sentence, and the same for many calls: no stack, and not a line for each.
      gathered.tell("error", "the store refused a call", {
        code: error.code,
        reason: error.message,
        event,
        sid,
      });
      return apiError("unavailable");
    }
    gathered.tell("error", "a call failed", { err: error, event, sid });
    return apiError("internal");
  }

  /** For what nobody waits for. */
  async #logged(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#deps.log.error({ err: error, sid: this.#socket.id }, "the server failed");
    }
  }
}

/** Counts what the bridge's limits have closed. */
function countClose(code: number, metrics: Metrics): void {
  if (code === CLOSE_CODES.slowReader.code) metrics.slowReaders++;
  if (code === CLOSE_CODES.tooManyMessages.code) metrics.refused("maxMessagesPerSecond");
}

/** The ack function, which Socket.IO puts last; without one, the answer has nowhere to go. */
function answerTo(args: unknown[]): (answer: Ack) => void {
  const last = args.at(-1);
  return typeof last === "function" ? (last as (answer: Ack) => void) : () => undefined;
}
