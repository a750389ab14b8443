/**
 * Between Socket.IO and the services: validate, call, ack, emit. The same for both protocols, since a plain client
 * is a Socket.IO socket here. Whatever a client sends, nothing is thrown: a bad call is an error in its ack.
 */
import { addressGroup, BridgeCloseError, CLOSE_CODES, closeWith } from "@crossroom/bridge";
import { ownCopy, withoutPrototype } from "../own-properties/own-properties.js";
import { CallQueue, type CallMemory } from "./call-queue.js";
import { isMove } from "./delivery.js";
import { apiError } from "../api/errors.js";
import type { Ack, ApiError, ClientEvents } from "../api/events.js";
import type { Authenticate, Credentials, Verdict } from "../auth/authenticate.js";
import { heldBytes } from "../limits/size.js";
import type { DeviceConnections } from "../inbox/device-connections.js";
import type { Inboxes } from "../inbox/inboxes.js";
import type { Caller, Done, Perform } from "../rooms/outcome.js";
import type { Rooms } from "../rooms/rooms.js";
import type { GatheredLog } from "../log/gathered-log.js";
import { transportOf, type RoomsIo, type RoomsSocket } from "./rooms-io.js";
import { describe, deviceSchema, SCHEMAS, type Call, type CallName } from "../api/schemas.js";
import type { TokenExpiry } from "./token-expiry.js";
import { drained } from "./slow-readers.js";
import { StoreError } from "../store/store.js";

/** What an ack of `E` has beside `ok`. */
type Result<E extends CallName> =
  Parameters<Parameters<ClientEvents[E]>[1]>[0] extends Ack<infer R> ? R : never;

/** Carries out a call; see `Rooms.publish` for `placed`. */
type Run<E extends CallName> = (
  call: Call<E>,
  done: Done<Result<E>>,
  placed: () => void,
) => Promise<void> | void;

/** The part of a pino logger that is used here. */
export interface HandlerLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface HandlerDeps {
  rooms: Rooms;
  inboxes: Inboxes;
  tokens: TokenExpiry;
  perform: Perform;
  devices: DeviceConnections;
  authenticate: Authenticate;
  /** The token that came with the request, where there was one. */
  tokenOf: (request: RoomsSocket["request"]) => string | undefined;
  maxPendingCalls: number;
  callMemory: CallMemory;
  /** For what clients cause, any number of times. */
  gathered: Pick<GatheredLog, "tell">;
  /** What `welcome` tells. */
  messageBytes: number;
  log: HandlerLog;
}

/** Calls that need only their place in the order of a connection's calls. */
const SIDE_BY_SIDE: ReadonlySet<CallName> = new Set<CallName>(["publish", "send", "signal"]);

/** What a call holds in memory beside its `data`: the fields that there are have bounds. */
const CALL_BYTES = 1_024;

/** Calls that change nothing. */
const READS: ReadonlySet<CallName> = new Set<CallName>(["history", "presence"]);

/** Calls whose answers may be a thousand times as large as they are. */
const LARGE_ANSWERS: ReadonlySet<CallName> = new Set<CallName>(["join", "history", "presence"]);

/**
 * Serves the room API on `io`, from now on and for as long as it lives.
 * @returns What resolves when everything is done that clients who have gone by then leave to do.
 */
export function serveRooms(io: RoomsIo, deps: HandlerDeps): () => Promise<void> {
  const { log } = deps;
  const connections = new Set<Promise<void>>();
  io.use((socket, next) => {
    void admit(socket, deps).then(next);
  });
  io.on("connection", (socket) => {
    const { data } = socket;
    log.debug({ sid: socket.id, user: data.identity.user, transport: transportOf(socket) }, "connected");
    const { user, name, guest, expiresAt } = data.identity;
    socket.emit("welcome", {
      ...{ user, name, sid: socket.id, device: data.device ?? socket.id, guest },
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(data.token === undefined ? {} : { token: data.token }),
      messageBytes: deps.messageBytes,
    });
    if (data.token !== undefined) {
      deps.tokens.renew(user, data.token, { sid: socket.id, device: data.device ?? socket.id });
    }
    const connection = new ClientConnection(io, socket, deps).serve();
    connections.add(connection);
    void connection.then(() => connections.delete(connection));
  });
  return async () => {
    await Promise.all(connections);
  };
}

/** Sets the socket's identity, or resolves to the error that the client gets as its `connect_error`. */
async function admit(
  socket: RoomsSocket,
  { authenticate, tokenOf, log, gathered }: HandlerDeps,
): Promise<Error | undefined> {
  const auth = withoutPrototype(socket.handshake.auth);
  const device = deviceSchema.optional().safeParse(auth["device"] ?? undefined);
  if (!device.success) return refusal(apiError("invalid_argument", describe(device.error, "auth.device")));
  const token = tokenOf(socket.request);
  const verdict = await judge({ auth, ...(token === undefined ? {} : { token }) }, authenticate, log);
  if (!verdict.ok) {
    gathered.tell("warn", `a client was refused: ${verdict.error.code}`, {
      address: socket.handshake.address,
    });
    return refusal(verdict.error);
  }
  socket.data.identity = verdict.identity;
  if (device.data !== undefined) socket.data.device = device.data;
  if (verdict.token !== undefined) socket.data.token = verdict.token;
  return undefined;
}

async function judge(
  credentials: Credentials,
  authenticate: Authenticate,
  log: HandlerLog,
): Promise<Verdict> {
  try {
    return withoutPrototype(await authenticate(withoutPrototype(credentials)));
  } catch (error) {
    log.error({ err: error }, "authenticate failed");
    return { ok: false, error: apiError("internal") };
  }
}

function refusal(error: ApiError): Error {
  return Object.assign(new Error(error.message), { data: error });
}

/** One client's time in the namespace, from its welcome to its end. */
class ClientConnection {
  readonly #queue: CallQueue;
  readonly #address: string;
  /** What carries out each call that there is. */
  readonly #calls = new Map<string, (argument: unknown, answer: (answer: Ack) => void) => void>();

  constructor(
    private readonly io: RoomsIo,
    private readonly socket: RoomsSocket,
    private readonly deps: HandlerDeps,
  ) {
    this.#queue = new CallQueue(deps.maxPendingCalls, deps.callMemory);
    this.#address = addressGroup(socket.handshake.address);
  }

  /** Resolves when the client has gone, and everything that follows from it is done. Does not reject. */
  serve(): Promise<void> {
    const { io, socket, deps } = this;
    const { rooms, inboxes, tokens, devices, log } = deps;
    this.#onCall("join", (call, done) => rooms.join(this.#caller(), call, done));
    this.#onCall("leave", (call, done) => rooms.leave(this.#caller(), call, done));
    this.#onCall("publish", (call, done, placed) => rooms.publish(this.#caller(), call, done, placed));
    this.#onCall("signal", (call, done) => rooms.signal(this.#caller(), call, done));
    this.#onCall("history", (call, done) => rooms.history(this.#caller(), call, done));
    this.#onCall("presence", (call, done) => rooms.presence(this.#caller(), call, done));
    this.#onCall("send", (call, done, placed) => inboxes.send(this.#caller(), call, done, placed));
    this.#onCall("inbox", (call, done) => inboxes.open(this.#caller(), call, done));
    this.#onCall("inbox_ack", (call, done) => inboxes.ack(this.#caller(), call, done));
    this.#onCall("refresh", (call, done) => this.#refresh(call, done));
    // Not a listener for each name: Socket.IO calls those two ticks after an event came, and drops it where the client's
    // disconnect came meanwhile (socket.io 4.8, Socket.dispatch); and it listens for "error" itself.
    socket.onAny((event: string, ...args: unknown[]) => {
      const answer = answerTo(args);
      const call = this.#calls.get(event);
      if (call === undefined) answer({ ok: false, error: apiError("unknown_event") });
      else call(args[0], answer);
    });
    socket.conn.on("upgrade", () =>
      this.#queue.add(true, CALL_BYTES, () => this.#logged(rooms.moved(this.#caller()))),
    );
    const { user } = socket.data.identity;
    const { device } = socket.data;
    const taken = device === undefined ? undefined : devices.add(user, device, socket.id);
    if (taken !== undefined) io.to(taken).emit("device_taken", { sid: socket.id });
    const over = new Promise<void>((resolve) => {
      socket.on("disconnect", (reason, description) => {
        log.debug({ sid: socket.id, reason }, "disconnected");
        if (description instanceof BridgeCloseError) {
          const { user } = socket.data.identity;
          const fields = { address: socket.handshake.address, user, code: description.code };
          deps.gathered.tell("warn", `a connection was closed: ${description.message}`, fields);
        }
        tokens.forget(socket.id);
        const caller = this.#caller();
        const isOnPurpose = reason === "client namespace disconnect";
        const gone = (): void => {
          const returned = devices.remove(socket.id);
          if (returned !== undefined) io.to(returned).emit("device_returned", {});
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

  /** Answers one call of the client's, each time that it comes. */
  #onCall<E extends CallName>(event: E, run: Run<E>): void {
    this.#calls.set(event, (argument, answer) => {
      const call = SCHEMAS[event].safeParse(ownCopy(argument));
      if (!call.success) {
        answer({ ok: false, error: apiError("invalid_argument", describe(call.error, event)) });
        return;
      }
      const given = withoutPrototype(call.data);
      const bytes = CALL_BYTES + ("data" in given ? heldBytes(given.data) : 0);
      const isTaken = this.#queue.add(!SIDE_BY_SIDE.has(event), bytes, async (placed) => {
        // What only asks for something is not worth the work when nobody is there any more.
        if (READS.has(event) && !this.socket.connected) return;
        try {
          await run(given, (outcome) => this.#answer(outcome, answer), placed);
          if (LARGE_ANSWERS.has(event)) await drained(this.socket);
        } catch (error) {
          answer({ ok: false, error: this.#failure(error, event) });
        }
      });
      if (!isTaken) answer({ ok: false, error: apiError("overloaded") });
    });
  }

  #answer(outcome: Parameters<Done>[0], answer: (answer: Ack) => void): void {
    if (!outcome.ok) {
      const { error, detail, retryAfter } = outcome;
      if (error === "rate_limited") {
        const { sid, address, identity } = this.#caller();
        const fields = { sid, address, user: identity.user };
        this.deps.gathered.tell("warn", "calls were refused: rate_limited", fields);
      }
      return answer({ ok: false, error: apiError(error, detail, retryAfter) });
    }
    // Membership first: whoever has the answer to a join misses nothing that is sent after it.
    this.deps.perform(outcome.effects.filter(isMove));
    answer({ ok: true, ...outcome.result });
    this.deps.perform(outcome.effects.filter((effect) => !isMove(effect)));
  }

  async #refresh({ token }: Call<"refresh">, done: Done<Result<"refresh">>): Promise<void> {
    const { data, handshake } = this.socket;
    const { authenticate, log, rooms } = this.deps;
    const verdict = await judge({ auth: { ...handshake.auth, token } }, authenticate, log);
    // Gone meanwhile: nobody is there to be watched, or to be answered.
    if (!this.socket.connected) return;
    if (!verdict.ok) {
      // The code is of the closed table, whoever wrote the verdict.
      return done({ ok: false, error: verdict.error.code as "unauthorized", detail: verdict.error.message });
    }
    if (verdict.identity.user !== data.identity.user) {
      return done({
        ok: false,
        error: "forbidden",
        detail: "the token is another user's: connect with it instead",
      });
    }
    const hasNewName = data.identity.name !== verdict.identity.name;
    data.identity = verdict.identity;
    this.#watch();
    const { expiresAt } = verdict.identity;
    done({ ok: true, result: expiresAt === undefined ? {} : { expiresAt }, effects: [] });
    await rooms.reconsider(this.#caller());
    if (hasNewName) await rooms.moved(this.#caller());
  }

  #watch(): void {
    const { socket, deps } = this;
    deps.tokens.watch(socket.id, {
      identity: socket.data.identity,
      warn: (expiresAt) => socket.emit("token_expiring", { expiresAt }),
      renew: (token, by) => socket.emit("token_renewed", { token, ...by }),
      end: (why, message) => {
        socket.emit("session_end", { error: apiError(why, message) });
        const code = why === "token_expired" ? CLOSE_CODES.tokenExpired : CLOSE_CODES.tokenRevoked;
        if (!closeWith(socket, code)) socket.disconnect(true);
      },
    });
  }

  #caller(): Caller {
    const { id, data } = this.socket;
    const { identity, device } = data;
    return {
      ...{ identity, sid: id, address: this.#address, transport: transportOf(this.socket) },
      ...(device === undefined ? {} : { device }),
    };
  }

  #failure(error: unknown, event: string): ApiError {
    const { gathered } = this.deps;
    const sid = this.socket.id;
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
      this.deps.log.error({ err: error, sid: this.socket.id }, "the server failed");
    }
  }
}

/** The ack function, which Socket.IO puts last; without one, the answer has nowhere to go. */
function answerTo(args: unknown[]): (answer: Ack) => void {
  const last = args.at(-1);
  return typeof last === "function" ? (last as (answer: Ack) => void) : () => undefined;
}
