/**
 * Whether to come back after a connection ended or was refused, and when. A state machine with no I/O; the clock and randomness
 * are passed in. Sockets reconnect by themselves after a failure of the network, and say so by being active still; the rest
 * is decided here.
 */
import { isApiError } from "./answers.js";
import { backoffDelay } from "./backoff.js";
import { fromServer, ownError, RoomsError } from "./errors.js";
import type { ApiError } from "./wire.js";

/** Where the token came from that was shown. */
export type TokenSource =
  /** The application's function. */
  | "provider"
  /** A string of the application's. */
  | "fixed"
  /** The server's own, from an earlier welcome. */
  | "guest"
  | "none";

export type ReconnectDecision =
  /** The socket comes back by itself, or its application has sent it away. */
  | { readonly do: "wait" }
  | { readonly do: "reconnect"; readonly after: number; readonly forgetGuest: boolean }
  | { readonly do: "end"; readonly error: RoomsError };

export interface Closing {
  readonly reason: string;
  /** The WebSocket close code, where the socket tells. */
  readonly code?: number | undefined;
  /** Whether the socket reconnects by itself. */
  readonly isActive: boolean;
  /** Whether it then backs off from a server that closes at once. */
  readonly isPaced?: boolean | undefined;
}

export interface ConnectRefusal {
  readonly error: Error & { readonly data?: unknown; readonly status?: unknown };
  readonly isActive: boolean;
}

/** Milliseconds after which a connection counts as a good one, and delays begin anew. */
const GOOD_AFTER = 10_000;

/** Fresh tokens that are refused in a row before it is of no use to get another one. */
const MAX_FRESH_REFUSED = 2;

/**
 * WebSocket close codes below 4000 that would only come again (PROTOCOL.md, 8). Not 1009: it is of one message, which is found out and
 * given up.
 */
const FINAL_CODES: ReadonlySet<number> = new Set([1002, 1007, 1008]);

interface Reconnect {
  forgetGuest?: boolean;
  /** Milliseconds that the server wants to be left in peace. */
  notBefore?: number | undefined;
}

export class ReconnectPolicy {
  readonly #now: () => number;
  readonly #random: () => number;
  #failures = 0;
  #freshRefused = 0;
  #ending: ApiError | undefined;
  #upSince: number | undefined;

  constructor(now: () => number, random: () => number) {
    this.#now = now;
    this.#random = random;
  }

  welcomed(): void {
    this.#freshRefused = 0;
    this.#ending = undefined;
    this.#upSince = this.#now();
  }

  /** The server says why it is about to close the connection. */
  endAnnounced(error: ApiError): void {
    this.#ending = error;
  }

  closed({ reason, code, isActive, isPaced }: Closing, source: TokenSource): ReconnectDecision {
    const ending = this.#ending;
    this.#ending = undefined;
    const hasLasted = this.#upSince !== undefined && this.#now() - this.#upSince >= GOOD_AFTER;
    if (hasLasted) this.#failures = 0;
    this.#upSince = undefined;
    if (ending !== undefined) return this.#ended(fromServer(ending), isActive, source);
    if (reason === "io client disconnect") return { do: "wait" };
    // socket.io-client would ask a server that accepts and closes at once every second, for ever.
    if (isActive) return hasLasted || isPaced === true ? { do: "wait" } : this.#reconnect();
    if (code !== undefined && isFinal(code)) {
      return {
        do: "end",
        error: ownError("refused", `The server closed the connection for good, with code ${code}.`),
      };
    }
    return this.#reconnect();
  }

  refused({ error, isActive }: ConnectRefusal, source: TokenSource): ReconnectDecision {
    if (isActive) return { do: "wait" };
    const reason = errorOf(error);
    if (reason.code === "unauthorized" && source === "guest") return this.#reconnect({ forgetGuest: true });
    return this.#ended(reason, false, source);
  }

  #ended(error: RoomsError, isActive: boolean, source: TokenSource): ReconnectDecision {
    if (error.code === "token_expired") {
      if (source === "guest") return this.#reconnect({ forgetGuest: true });
      if (source === "provider" && ++this.#freshRefused < MAX_FRESH_REFUSED) {
        return isActive ? { do: "wait" } : this.#reconnect();
      }
    } else if (error.retryable) {
      return isActive ? { do: "wait" } : this.#reconnect({ notBefore: error.retryAfter });
    }
    return { do: "end", error };
  }

  #reconnect({ forgetGuest = false, notBefore = 0 }: Reconnect = {}): ReconnectDecision {
    this.#failures++;
    const after = Math.max(backoffDelay(this.#failures, this.#random()), notBefore);
    return { do: "reconnect", after, forgetGuest };
  }
}

function isFinal(code: number): boolean {
  return FINAL_CODES.has(code) || (code > 4000 && code <= 4499);
}

/** What a refused connect says: docs/rooms-api.md, 2.2 and 10.2. */
function errorOf({ message, data, status }: ConnectRefusal["error"]): RoomsError {
  if (isApiError(data)) return fromServer(data as ApiError);
  if (status === 401) return new RoomsError("unauthorized", message);
  if (status === 403) return new RoomsError("forbidden", message);
  return ownError("refused", message);
}
