/** The connection to the rooms server, on the application's socket: up from each `welcome` to the next disconnect. */
import type { RoomsOptions, Self, SocketLike } from "./api.js";
import { Calls, type Outcome } from "./calls.js";
import { Credentials } from "./credentials.js";
import type { Environment } from "./environment.js";
import { RoomsError, toError } from "./errors.js";
import type { Caller } from "./outbox.js";
import { Renewal } from "./renewal.js";
import { Session, type Refusal, type Verdict } from "./session.js";
import type { Kept } from "./storage.js";
import type { ApiError, CallName, Results } from "./wire.js";

export interface LinkView {
  /** Calls can be made. */
  up(self: Self): void;
  /** Calls that were under way are settled as lost before this. */
  down(reason: string): void;
  /** There will be no connection any more. */
  ended(error: RoomsError): void;
  warning(error: Error): void;
}

export type LinkOptions = Pick<RoomsOptions, "token" | "name"> & { device: string; ackTimeout: number };

/** A listener as the socket keeps it: events are typed by docs/rooms-api.md, not by the socket. */
type Listener = (...args: never[]) => void;

export class Link implements Caller {
  /** As the last welcome said, and with the token's new end after a refresh. */
  self: Self | undefined;
  isUp = false;

  private readonly calls: Calls;
  private readonly credentials: Credentials;
  private readonly renewal: Renewal;
  private readonly session: Session;
  private readonly subscriptions: [event: string, listener: Listener][] = [];
  private guestToken: string | undefined;
  private isOver = false;
  /** Whether a connection was given up already as it had been made without this layer's credentials. */
  private hasRestarted = false;
  private stopTimer = (): void => undefined;

  constructor(
    private readonly socket: SocketLike,
    private readonly options: LinkOptions,
    private readonly environment: Environment,
    private readonly kept: Kept,
    private readonly view: LinkView,
  ) {
    this.guestToken = kept.guestToken();
    this.calls = new Calls(socket, options.ackTimeout);
    this.session = new Session(environment.now, environment.random);
    this.credentials = this.makeCredentials();
    this.renewal = this.makeRenewal();
    this.subscribe();
  }

  /** Connects, or waits for the connect that is under way. */
  open(): void {
    if (this.socket.connected) this.restart();
    else if (!this.socket.active) this.socket.connect();
  }

  call<Name extends CallName>(
    name: Name,
    argument: object,
    done: (outcome: Outcome<Results[Name]>) => void,
  ): void {
    if (this.isUp) this.calls.make(name, argument, done);
    else done({ type: "lost" });
  }

  /** Makes a call whose ack nobody needs; dropped where there is no connection. @throws RoomsError if it cannot be sent. */
  tell(name: CallName, argument: object): void {
    if (this.isUp) this.calls.tell(name, argument);
  }

  /** Listens to an event of the server's, while connected. */
  on(event: string, listener: (payload: never) => void): void {
    this.listen(event, (payload: never) => {
      if (this.isUp) listener(payload);
    });
  }

  /** Disconnects for good, and leaves the socket as it was. */
  close(): void {
    if (this.isOver) return;
    this.isOver = true;
    for (const [event, listener] of this.subscriptions) this.socket.off(event as never, listener as never);
    this.wentDown();
    this.credentials.restore();
    this.socket.disconnect();
  }

  private makeCredentials(): Credentials {
    const guestToken = (): string | undefined => this.guestToken;
    return new Credentials(this.socket, this.options, this.environment, {
      get guestToken() {
        return guestToken();
      },
      failed: (error) => this.view.warning(error),
      exhausted: (error) => {
        const message = `There is no token any more: ${error.message}`;
        this.follow({ do: "end", error: new RoomsError("unauthorized", message, false, { cause: error }) });
      },
    });
  }

  private makeRenewal(): Renewal {
    return new Renewal(this.environment, {
      newToken: () => this.credentials.renewed(),
      refresh: (token, done) => this.call("refresh", { token }, done),
      refreshed: (expiresAt) => {
        if (this.self !== undefined && expiresAt !== undefined) this.self = { ...this.self, expiresAt };
      },
      failed: (error) => this.view.warning(error),
    });
  }

  private subscribe(): void {
    this.listen("connect", () => this.stopTimer());
    this.listen("welcome", (self: Self) => this.welcomed(self));
    this.listen("disconnect", (reason: string, details?: unknown) => this.disconnected(reason, details));
    this.listen("connect_error", (error: Error) => this.refused(error));
    this.listen("session_end", ({ error }: { error: ApiError }) => this.session.endAnnounced(error));
    this.listen("token_expiring", () => this.renewal.start());
  }

  private listen(event: string, listener: Listener): void {
    this.socket.on(event as never, listener as never);
    this.subscriptions.push([event, listener]);
  }

  private welcomed(self: Self): void {
    // The application's socket had connected by itself, before it was given to this layer.
    if (self.device !== this.options.device && !this.hasRestarted) {
      this.restart();
      return;
    }
    this.session.welcomed();
    this.self = self;
    this.isUp = true;
    if (self.guest && self.token !== undefined) {
      this.keepGuest(self.token);
      // From now on this guest is the one of that token: if it is refused, another guest comes.
      if (this.credentials.source === "none") this.credentials.source = "guest";
    }
    this.view.up(self);
  }

  private restart(): void {
    this.hasRestarted = true;
    this.socket.disconnect();
    this.reconnect(0);
  }

  private disconnected(reason: string, details: unknown): void {
    const wasUp = this.isUp;
    this.wentDown();
    const code = (details as { code?: unknown } | undefined)?.code;
    const closing = {
      reason,
      code: typeof code === "number" ? code : undefined,
      isActive: this.socket.active,
    };
    const verdict = this.session.closed(closing, this.credentials.source);
    if (wasUp) this.view.down(reason);
    this.follow(verdict);
  }

  private refused(error: Refusal["error"]): void {
    const verdict = this.session.refused({ error, isActive: this.socket.active }, this.credentials.source);
    if (verdict.do !== "end") this.view.warning(toError(error));
    this.follow(verdict);
  }

  private wentDown(): void {
    this.isUp = false;
    this.stopTimer();
    this.credentials.withdraw();
    this.renewal.stop();
    this.calls.lost();
  }

  private follow(verdict: Verdict): void {
    if (this.isOver || verdict.do === "wait") return;
    if (verdict.do === "reconnect") {
      if (verdict.forgetGuest) {
        this.keepGuest(undefined);
        // A request that is refused before there is anything to show says nothing of a guest the next time.
        this.credentials.source = "none";
      }
      this.reconnect(verdict.after);
      return;
    }
    if (this.credentials.source === "guest") this.keepGuest(undefined);
    this.close();
    this.view.ended(verdict.error);
  }

  private reconnect(after: number): void {
    this.stopTimer();
    this.stopTimer = this.environment.after(after, () => this.socket.connect());
  }

  private keepGuest(token: string | undefined): void {
    this.guestToken = token;
    this.kept.keepGuestToken(token);
  }
}
