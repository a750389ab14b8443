/** Calls to the server, on the connection that there is: each gets exactly one outcome, and never that of another connection. */
import type { SocketLike } from "./api.js";
import { fromServer, RoomsError, toError } from "./errors.js";
import type { Answer, CallName, Results } from "./wire.js";

export type Outcome<Result> =
  | { readonly type: "ok"; readonly result: Result }
  | { readonly type: "refused"; readonly error: RoomsError }
  /** No ack came in time, on a connection that may be dead or slow. Whether the call was carried out is not known. */
  | { readonly type: "timeout" }
  /** The connection was lost before the ack, or there is none. */
  | { readonly type: "lost" };

type Settle = (outcome: Outcome<never>) => void;

export class Calls {
  private readonly pending = new Set<Settle>();

  /** @param timeout milliseconds to wait for an ack. */
  constructor(
    private readonly socket: SocketLike,
    private readonly timeout: number,
  ) {}

  /** To be made only while connected: the socket would keep it for the next connection otherwise. */
  make<Name extends CallName>(
    name: Name,
    argument: object,
    done: (outcome: Outcome<Results[Name]>) => void,
  ): void {
    const settle = (outcome: Outcome<Results[Name]>): void => {
      if (this.pending.delete(settle)) done(outcome);
    };
    this.pending.add(settle);
    try {
      this.socket.timeout(this.timeout).emit(name, argument, (error: unknown, answer: Answer) => {
        settle(outcomeOf<Results[Name]>(error, answer));
      });
    } catch (thrown) {
      settle({ type: "refused", error: unsendable(thrown) });
    }
  }

  /** Tells the server something that nobody needs the ack of. @throws RoomsError for what cannot be sent. */
  tell(name: CallName, argument: object): void {
    try {
      this.socket.emit(name, argument);
    } catch (thrown) {
      throw unsendable(thrown);
    }
  }

  /** The connection is lost: acks that still come are those of nobody. */
  lost(): void {
    for (const settle of [...this.pending]) settle({ type: "lost" });
  }
}

function outcomeOf<Result>(error: unknown, answer: Answer | undefined): Outcome<Result> {
  if (error instanceof Error)
    return hasCode(error) ? { type: "refused", error: unsendable(error) } : { type: "timeout" };
  if (answer === undefined) return { type: "timeout" };
  // The server's answers are as docs/rooms-api.md says.
  return answer.ok
    ? { type: "ok", result: answer as unknown as Result }
    : { type: "refused", error: fromServer(answer.error) };
}

/** The call cannot be put into a packet or a frame, or into one that the server takes. */
function unsendable(thrown: unknown): RoomsError {
  const cause = toError(thrown);
  const isTooLarge = hasCode(cause) && cause.code === "payload_too_large";
  return new RoomsError(isTooLarge ? "message_too_large" : "invalid_argument", cause.message, false, {
    cause,
  });
}

function hasCode(error: Error): error is Error & { code: string } {
  return typeof (error as { code?: unknown }).code === "string";
}
