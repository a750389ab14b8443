/** The connection to the rooms server, on the application's socket: up from each `welcome` to the next disconnect. */
import type { RoomsOptions, Self, SocketLike } from "./api.js";
import { isNotice } from "./answers.js";
import { Calls, type CallOutcome } from "./calls.js";
import { Credentials } from "./credentials.js";
import type { Environment } from "./environment.js";
import { ownError, RoomsError } from "./errors.js";
import { toError } from "../shared/user-code.js";
import { andThen, type Maybe } from "./later.js";
import { Renewal } from "./renewal.js";
import { ReconnectPolicy, type ConnectRefusal, type ReconnectDecision } from "./reconnect-policy.js";
import type { StoredState } from "./storage.js";
import type { Ending } from "./suspects.js";
import type { ApiError, CallName, NoticeName, Results } from "./wire.js";

export interface LinkView {
  /** Calls can be made. */
  up(self: Self): void;
  /** The connection is lost, in this way; calls that were under way are settled after this. */
  losing(ending: Ending): void;
  /** Calls that were under way are settled as lost before this. */
  down(reason: string): void;
  /** There will be no connection any more. */
  ended(error: RoomsError): void;
  warning(error: Error): void;
}

export type LinkOptions = Pick<RoomsOptions, "token" | "name"> & { ackTimeout: number };

/** A listener as the socket keeps it: events are typed by docs/rooms-api.md, not by the socket. */
type Listener = (...args: never[]) => void;

export class Link {
  readonly #socket: SocketLike;
  readonly #device: () => Maybe<string>;
  readonly #options: LinkOptions;
  readonly #environment: Environment;
  readonly #kept: StoredState;
  readonly #view: LinkView;
  /** As the last welcome said, and with the token's new end after a refresh. */
  self: Self | undefined;
  isUp = false;

  readonly #calls: Calls;
  readonly #credentials: Credentials;
  readonly #renewal: Renewal;
  readonly #reconnectPolicy: ReconnectPolicy;
  readonly #subscriptions: [event: string, listener: Listener][] = [];
  #isOver = false;
  /** Whether a connection was given up already as it had been made without this layer's credentials. */
  #hasRestarted = false;
  #stopTimer = (): void => undefined;

  constructor(
    socket: SocketLike,
    device: () => Maybe<string>,
    options: LinkOptions,
    environment: Environment,
    kept: StoredState,
    view: LinkView,
  ) {
    this.#socket = socket;
    this.#device = device;
    this.#options = options;
    this.#environment = environment;
    this.#kept = kept;
    this.#view = view;
    this.#calls = new Calls(socket, options.ackTimeout, environment);
    this.#reconnectPolicy = new ReconnectPolicy(environment.now, environment.random);
    this.#credentials = this.#makeCredentials();
    this.#renewal = this.#makeRenewal();
    this.#subscribe();
  }

  /** Connects, or waits for the connect that is under way. */
  open(): void {
    if (this.#socket.connected) this.#restart();
    else if (!this.#socket.active) this.#socket.connect();
  }

  call<Name extends CallName>(
    name: Name,
    argument: object,
    done: (outcome: CallOutcome<Results[Name]>) => void,
  ): void {
    if (this.isUp) this.#calls.make(name, argument, done);
    else done({ type: "lost" });
  }

  /** Makes a call whose ack nobody needs; dropped where there is no connection. @throws RoomsError if it cannot be sent. */
  tell(name: CallName, argument: object): void {
    if (this.isUp) this.#calls.tell(name, argument);
  }

  /** Listens to an event of the server's, while connected. */
  on(event: NoticeName, listener: (payload: never) => void): void {
    this.#listenTo(event, (payload: never) => {
      if (this.isUp) listener(payload);
    });
  }

  /** Disconnects for good, and leaves the socket as it was. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const [event, listener] of this.#subscriptions) this.#socket.off(event as never, listener as never);
    this.#wentDown();
    this.#credentials.restore();
    this.#socket.disconnect();
  }

  #makeCredentials(): Credentials {
    return new Credentials(this.#socket, this.#options, this.#environment, {
      device: this.#device,
      guestToken: () => this.#kept.guestToken(),
      failed: (error) => this.#view.warning(error),
      exhausted: (error) => {
        const message = `There is no token any more: ${error.message}`;
        this.#follow({ do: "end", error: new RoomsError("unauthorized", message, false, { cause: error }) });
      },
    });
  }

  #makeRenewal(): Renewal {
    return new Renewal(this.#environment, {
      newToken: () => this.#credentials.renewed(),
      refresh: (token, done) => this.call("refresh", { token }, done),
      refreshed: (expiresAt) => {
        if (this.self !== undefined && expiresAt !== undefined) this.self = { ...this.self, expiresAt };
      },
      failed: (error) => this.#view.warning(error),
    });
  }

  #subscribe(): void {
    this.#listen("connect", () => this.#stopTimer());
    this.#listenTo("welcome", (self: Self) => {
      void andThen(this.#device(), (device) => this.#welcomed(self, device));
    });
    this.#listen("disconnect", (reason: string, details?: unknown) => this.#disconnected(reason, details));
    this.#listen("connect_error", (error: Error) => this.#refused(error));
    this.#listenTo("session_end", ({ error }: { error: ApiError }) =>
      this.#reconnectPolicy.endAnnounced(error),
    );
    this.#listenTo("token_expiring", () => this.#renewal.start());
    this.#listenTo("token_renewed", ({ token }: { token: string }) => {
      // Only a guest has one of the server's; whoever signs in has their own.
      if (this.self?.guest === true) this.#kept.keepGuestToken(token);
    });
  }

  /** Listens to an event of the server's; one that does not say what it should is only worth a warning. */
  #listenTo(event: NoticeName, listener: (payload: never) => void): void {
    this.#listen(event, (payload: unknown) => {
      if (isNotice(event, payload)) listener(payload as never);
      else this.#view.warning(ownError("bad_answer", `The server has sent an event ${event} that is none.`));
    });
  }

  #listen(event: string, listener: Listener): void {
    this.#socket.on(event as never, listener as never);
    this.#subscriptions.push([event, listener]);
  }

  #welcomed(self: Self, device: string): void {
    if (this.#isOver || !this.#socket.connected) return;
    // The application's socket had connected by itself, before it was given to this layer.
    if (self.device !== device && !this.#hasRestarted) {
      this.#restart();
      return;
    }
    this.#reconnectPolicy.welcomed();
    this.self = self;
    this.isUp = true;
    if (self.guest && self.token !== undefined) {
      this.#kept.keepGuestToken(self.token);
      // From now on this guest is the one of that token: if it is refused, another guest comes.
      if (this.#credentials.source === "none") this.#credentials.source = "guest";
    }
    this.#view.up(self);
  }

  #restart(): void {
    this.#hasRestarted = true;
    this.#socket.disconnect();
    this.#reconnect(0);
  }

  #disconnected(reason: string, details: unknown): void {
    const wasUp = this.isUp;
    const code = closeCode(details);
    this.#view.losing(endingOf(reason, code));
    this.#wentDown();
    const { active: isActive, isPaced } = this.#socket;
    const closing = { reason, code, isActive, isPaced };
    const decision = this.#reconnectPolicy.closed(closing, this.#credentials.source);
    if (wasUp) this.#view.down(reason);
    this.#follow(decision);
  }

  #refused(error: ConnectRefusal["error"]): void {
    const decision = this.#reconnectPolicy.refused(
      { error, isActive: this.#socket.active },
      this.#credentials.source,
    );
    if (decision.do !== "end") this.#view.warning(toError(error));
    this.#follow(decision);
  }

  #wentDown(): void {
    this.isUp = false;
    this.#stopTimer();
    this.#credentials.withdraw();
    this.#renewal.stop();
    this.#calls.lost();
  }

  #follow(decision: ReconnectDecision): void {
    if (this.#isOver || decision.do === "wait") return;
    if (decision.do === "reconnect") {
      if (decision.forgetGuest) {
        this.#kept.keepGuestToken(undefined);
        // A request that is refused before there is anything to show says nothing of a guest the next time.
        this.#credentials.source = "none";
      }
      this.#reconnect(decision.after);
      return;
    }
    if (this.#credentials.source === "guest") this.#kept.keepGuestToken(undefined);
    this.close();
    this.#view.ended(decision.error);
  }

  #reconnect(after: number): void {
    this.#stopTimer();
    // It would come back by itself, and too soon.
    if (this.#socket.active) this.#socket.disconnect();
    this.#stopTimer = this.#environment.after(after, () => this.#socket.connect());
  }
}

/** The WebSocket close code: socket.io-client has it in the context alone. */
function closeCode(details: unknown): number | undefined {
  const { code, context } = (details ?? {}) as { code?: unknown; context?: { code?: unknown } | null };
  const found = code ?? context?.code;
  return typeof found === "number" ? found : undefined;
}

function endingOf(reason: string, code: number | undefined): Ending {
  if (code === 1009) return "too_large";
  const isCut = reason === "transport close" || reason === "transport error";
  return isCut && (code === undefined || code === 1006) ? "cut" : "other";
}
