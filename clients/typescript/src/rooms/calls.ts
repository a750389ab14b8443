/** Calls to the server, on the connection that there is: each gets exactly one outcome, and never that of another connection. */
import { isAnswer } from "./answers.js";
import type { SocketLike } from "./api.js";
import type { Environment } from "./environment.js";
import { fromServer, ownError, RoomsError } from "./errors.js";
import { toError } from "../shared/user-code.js";
import { RateLimiter } from "./rate-limiter.js";
import type { Answer, CallName, Results } from "./wire.js";

export type CallOutcome<Result> =
  | { readonly type: "ok"; readonly result: Result }
  | { readonly type: "refused"; readonly error: RoomsError }
  /** No ack came in time, on a connection that may be dead or slow. Whether the call was carried out is not known. */
  | { readonly type: "timeout" }
  /** The connection was lost before the ack, or there is none. */
  | { readonly type: "lost" };

type Settle = (outcome: CallOutcome<never>) => void;

/** Codes of `error` frames that say that the connection, or the namespace, is over, and nothing of the call (PROTOCOL.md, 7.1). */
const OF_THE_CONNECTION: ReadonlySet<string> = new Set([
  "namespace_closed",
  "not_connected",
  "already_connected",
  "too_many_early_frames",
  "closed",
]);

export class Calls {
  readonly #socket: SocketLike;
  readonly #timeout: number;
  readonly #pending = new Set<Settle>();
  /** undefined where the socket sees to it itself. */
  readonly #rateLimiter: RateLimiter | undefined;

  /** @param timeout milliseconds to wait for an ack. */
  constructor(socket: SocketLike, timeout: number, environment: Environment) {
    this.#socket = socket;
    this.#timeout = timeout;
    this.#rateLimiter = socket.isPaced === true ? undefined : new RateLimiter(environment);
  }

  /** To be made only while connected: the socket would keep it for the next connection otherwise. */
  make<Name extends CallName>(
    name: Name,
    argument: object,
    done: (outcome: CallOutcome<Results[Name]>) => void,
  ): void {
    const settle = (outcome: CallOutcome<Results[Name]>): void => {
      if (this.#pending.delete(settle)) done(outcome);
    };
    this.#pending.add(settle);
    this.#paced(() => {
      try {
        this.#socket.timeout(this.#timeout).emit(name, argument, (error: unknown, answer: unknown) => {
          settle(outcomeOf(name, error, answer));
        });
      } catch (thrown) {
        settle({ type: "refused", error: unsendable(thrown) });
      }
    });
  }

  /** Tells the server something that nobody needs the ack of. @throws RoomsError for what cannot be sent. */
  tell(name: CallName, argument: object): void {
    this.#paced(() => {
      try {
        this.#socket.emit(name, argument);
      } catch (thrown) {
        throw unsendable(thrown);
      }
    });
  }

  /** The connection is lost: acks that still come are those of nobody. */
  lost(): void {
    this.#rateLimiter?.reset();
    for (const settle of [...this.#pending]) settle({ type: "lost" });
  }

  #paced(task: () => void): void {
    if (this.#rateLimiter === undefined) task();
    else this.#rateLimiter.add(task);
  }
}

function outcomeOf<Name extends CallName>(
  name: Name,
  error: unknown,
  answer: unknown,
): CallOutcome<Results[Name]> {
  if (error !== null && error !== undefined) {
    const cause = toError(error);
    if (!hasCode(cause)) return { type: "timeout" };
    return OF_THE_CONNECTION.has(cause.code)
      ? { type: "lost" }
      : { type: "refused", error: unsendable(cause) };
  }
  if (!isAnswer(name, answer)) {
    return { type: "refused", error: ownError("bad_answer", `The server's answer to ${name} is none.`) };
  }
  const said = answer as Answer;
  return said.ok
    ? { type: "ok", result: said as unknown as Results[Name] } // as `isAnswer` has seen
    : { type: "refused", error: fromServer(said.error) };
}

/** The call cannot be put into a packet or a frame, or into one that the server takes; or the server has refused its frame. */
function unsendable(thrown: unknown): RoomsError {
  const cause = toError(thrown);
  const code = hasCode(cause) ? cause.code : "invalid_argument";
  return new RoomsError(code === "payload_too_large" ? "message_too_large" : code, cause.message, false, {
    cause,
  });
}

function hasCode(error: Error): error is Error & { code: string } {
  return typeof (error as { code?: unknown }).code === "string";
}
