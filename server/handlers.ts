/**
 * Between Socket.IO and the rooms service: validate, call, ack, emit. The same for both protocols, since a plain client
 * is a Socket.IO socket here. Whatever a client sends, nothing is thrown: a bad call is an error in its ack.
 */
import type { DefaultEventsMap, Server, Socket } from "socket.io";
import type { Authenticate, Identity } from "./auth.js";
import { apiError } from "./errors.js";
import type { Ack, ClientEvents, ServerEvents, Transport } from "./events.js";
import type { Effect, Outcome } from "./rooms/outcome.js";
import type { Attendee } from "./rooms/presence.js";
import type { Rooms } from "./rooms/rooms.js";
import { describe, SCHEMAS, type Call, type CallName } from "./schemas.js";

/** What clients really send: a name of ours, and anything at all as arguments. */
type Untrusted = { [E in CallName]: (...args: unknown[]) => void };

export interface SocketData {
  identity: Identity;
}

/** The `io` of a rooms server, typed by events.ts. */
export type RoomsIo = Server<Untrusted, ServerEvents, DefaultEventsMap, SocketData>;
type RoomsSocket = Socket<Untrusted, ServerEvents, DefaultEventsMap, SocketData>;

/** What an ack of `E` has beside `ok`. */
type Result<E extends CallName> =
  Parameters<Parameters<ClientEvents[E]>[1]>[0] extends Ack<infer R> ? R : never;

/** The part of a pino logger that is used here. */
export interface HandlerLog {
  debug(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Handlers {
  rooms: Rooms;
  authenticate: Authenticate;
  log: HandlerLog;
}

/** Serves the room API on `io`, from now on and for as long as it lives. */
export function serveRooms(io: RoomsIo, { rooms, authenticate, log }: Handlers): void {
  io.use((socket, next) => {
    void admit(socket, authenticate, log).then(next);
  });
  io.on("connection", (socket) => {
    const { identity } = socket.data;
    const who = (): Attendee => attendee(socket);
    log.debug({ sid: socket.id, ...identity, transport: transportOf(socket) }, "connected");
    socket.emit("welcome", { ...identity, sid: socket.id });

    const shell = { io, socket, log };
    onCall(shell, "join", ({ room }) => rooms.join(who(), room));
    onCall(shell, "leave", ({ room }) => rooms.leave(who(), room));
    onCall(shell, "publish", ({ room, data }) => rooms.publish(who(), room, data));
    onCall(shell, "presence", ({ room }) => rooms.presence(who(), room));
    socket.onAny((event: CallName, ...args: unknown[]) => {
      if (socket.listenerCount(event) > 0) return;
      answerTo(args)({ ok: false, error: apiError("unknown_event") });
    });
    socket.conn.on("upgrade", () => emitAll(shell, rooms.moved(who())));
    socket.on("disconnect", (reason) => {
      log.debug({ sid: socket.id, reason }, "disconnected");
      emitAll(shell, rooms.gone(who()));
    });
  });
}

/** What the outside of a call needs. */
interface Shell {
  io: RoomsIo;
  socket: RoomsSocket;
  log: HandlerLog;
}

/** Sets the socket's identity, or resolves to the error that the client gets as its `connect_error`. */
async function admit(
  socket: RoomsSocket,
  authenticate: Authenticate,
  log: HandlerLog,
): Promise<Error | undefined> {
  try {
    const verdict = await authenticate(socket.handshake.auth);
    if (!verdict.ok) return Object.assign(new Error(verdict.error.message), { data: verdict.error });
    socket.data.identity = verdict.identity;
    return undefined;
  } catch (error) {
    log.error({ err: error }, "authenticate failed");
    const answer = apiError("internal");
    return Object.assign(new Error(answer.message), { data: answer });
  }
}

/** Answers one call of the client's, each time that it comes. */
function onCall<E extends CallName>(
  shell: Shell,
  event: E,
  run: (call: Call<E>) => Outcome<Result<E>>,
): void {
  const { socket, log } = shell;
  socket.on<CallName>(event, (...args) => {
    const answer = answerTo(args);
    try {
      const call = SCHEMAS[event].safeParse(args[0]);
      if (!call.success) {
        answer({ ok: false, error: apiError("invalid_argument", describe(call.error, event)) });
        return;
      }
      const outcome = run(call.data);
      if (!outcome.ok) {
        answer({ ok: false, error: apiError(outcome.error) });
        return;
      }
      // Membership first: whoever has the answer to a join misses nothing that is sent after it.
      enterAndExit(socket, outcome.effects);
      answer({ ok: true, ...outcome.result });
      emitAll(shell, outcome.effects);
    } catch (error) {
      log.error({ err: error, event, sid: socket.id }, "a call failed");
      answer({ ok: false, error: apiError("internal") });
    }
  });
}

function enterAndExit(socket: RoomsSocket, effects: Effect[]): void {
  for (const effect of effects) {
    if (effect.type === "enter") void socket.join(channel(effect.room));
    if (effect.type === "exit") void socket.leave(channel(effect.room));
  }
}

function emitAll({ io, socket }: Shell, effects: Effect[]): void {
  for (const effect of effects) {
    if (effect.type === "message") io.to(channel(effect.message.room)).emit("message", effect.message);
    if (effect.type === "presence") socket.to(channel(effect.change.room)).emit("presence", effect.change);
  }
}

/** The ack function, which Socket.IO puts last; without one, the answer has nowhere to go. */
function answerTo(args: unknown[]): (answer: Ack) => void {
  const last = args.at(-1);
  return typeof last === "function" ? (last as (answer: Ack) => void) : () => undefined;
}

/** Prefixed, as every socket is in a Socket.IO room of its own id: a room named after an id must not overhear it. */
function channel(room: string): string {
  return `room:${room}`;
}

function attendee(socket: RoomsSocket): Attendee {
  return { ...socket.data.identity, device: { sid: socket.id, transport: transportOf(socket) } };
}

function transportOf(socket: RoomsSocket): Transport {
  return socket.conn.transport.name as Transport;
}
