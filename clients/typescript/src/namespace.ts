/**
 * One namespace's life on a connection: asking for credentials, `connect` and its answer, events coming in,
 * recovery, and the end. What a socket adds to it is the sending.
 */

import { CatchAllEmitter } from "./catch-all.js";
import type { Connection, Peer } from "./connection.js";
import { Credentials } from "./credentials.js";
import { toError } from "./shared/user-code.js";
import { encodeFrame, type NamespaceFrame } from "./frames.js";
import type { Auth, SocketOptions } from "./options.js";
import { Sender, type Outlet } from "./sender.js";
import type { CloseDetails } from "./lifecycle.js";
import type { ConnectError, DisconnectReason, SocketReservedEvents } from "./socket-events.js";

/**
 * "asking" is for credentials; "connecting" is from the `connect` frame to its answer; "leaving" is from the user's `disconnect` until
 * what was emitted before it has left.
 */
type State = "idle" | "asking" | "connecting" | "connected" | "leaving";

/** Milliseconds between two looks at what has not left yet. */
const FLUSH_INTERVAL = 10;

export class Namespace<ListenEvents extends object> extends CatchAllEmitter<
  SocketReservedEvents,
  ListenEvents
> {
  readonly #connection: Connection;
  /** The server's id of this socket, while connected. */
  id: string | undefined;
  /** Whether the server restored the session before: id, rooms, and the events that were missed. */
  recovered = false;
  /** Credentials, or what gives them. Looked at whenever a `connect` is about to be sent. */
  auth: Auth | undefined;

  protected readonly sender: Sender;

  #wanted = false;
  #state: State = "idle";
  /** Left before it was connected: it still connects, for what was emitted before, and leaves then. */
  #isParting = false;
  /** Left, and wanted again, while a `connect` was under way: its answer is to an old question. */
  #restarts = false;
  #pid: string | undefined;
  #offset: string | undefined;
  /** Counts the sessions: an ack belongs to the session of its event. */
  #session = 0;
  readonly #credentials: Credentials;

  constructor(
    connection: Connection,
    readonly nsp: string,
    options: Partial<SocketOptions>,
  ) {
    super();
    this.#connection = connection;
    this.auth = options.auth;
    this.sender = new Sender(this.#outlet(), options);
    this.#credentials = this.#askFor();
    connection.register(nsp, this.#peer());
  }

  get connected(): boolean {
    return this.#state === "connected";
  }

  get disconnected(): boolean {
    return !this.connected;
  }

  /** Whether the socket is connected, or will be without any further call. */
  get active(): boolean {
    return this.#wanted;
  }

  connect(): this {
    if (this.connected) return this;
    const wasWanted = this.#wanted;
    this.#wanted = true;
    if (!this.#connection.reconnecting) this.#connection.open();
    if (this.#connection.phase !== "open") return this;
    if (this.#state === "idle") this.#ask();
    else if (this.#state === "connecting" && !wasWanted && !this.#isParting) this.#restarts = true;
    return this;
  }

  /** The same as `connect`. */
  open(): this {
    return this.connect();
  }

  /** Leaves the namespace; without another one that is active, the connection is closed. */
  disconnect(): this {
    const wasConnected = this.connected;
    if (this.#mayPart()) this.#part();
    this.#wanted = false;
    if (!this.#isParting) {
      this.#credentials.withdraw();
      if (this.#state === "asking") this.#state = "idle";
    }
    if (wasConnected) {
      this.#state = "leaving";
      this.sender.leave(() => this.#hasLeft());
    }
    // While connecting, or leaving, the server is still to be told.
    this.#connection.release();
    if (wasConnected) this.#ended("io client disconnect");
    return this;
  }

  /**
   * The same as `disconnect`. With a time-out, in milliseconds, it waits that long for what was emitted, as `flush` does; what is left
   * then fails with the code `closed`, and is counted in `unsent`.
   */
  close(): this;
  close(timeout: number): Promise<{ unsent: number }>;
  close(timeout?: number): this | Promise<{ unsent: number }> {
    return timeout === undefined ? this.disconnect() : this.#closeAfter(timeout);
  }

  /**
   * Resolves when all that was emitted has been handed to the network, and all acks that were asked for are there; or after `timeout`
   * milliseconds; or, where there is no connection and will be none, at once. `unsent`: how many events did not make it.
   */
  flush(timeout = Infinity): Promise<{ unsent: number }> {
    const { environment } = this.#connection;
    const deadline = environment.now() + timeout;
    return new Promise((resolve) => {
      const look = (): void => {
        const { unsettled: unsent } = this.sender;
        const isDone = unsent === 0 && this.#connection.drained;
        const isHopeless = !this.#wanted && this.#state !== "leaving" && !this.#isParting;
        if (isDone || isHopeless || environment.now() >= deadline) resolve({ unsent });
        // A WebSocket does not tell when it has sent what it holds.
        else environment.after(Math.min(FLUSH_INTERVAL, deadline - environment.now()), look);
      };
      look();
    });
  }

  async #closeAfter(timeout: number): Promise<{ unsent: number }> {
    const { unsent } = await this.flush(timeout);
    this.sender.abandon();
    this.disconnect();
    return { unsent };
  }

  /** Whether something was emitted, and a connection is being made that it can leave by. */
  #mayPart(): boolean {
    const isUnderWay = this.#connection.phase === "opening" || this.#connection.phase === "open";
    const isOnTheWay = this.#wanted && !this.connected && this.#state !== "leaving" && isUnderWay;
    return isOnTheWay && !this.#isParting && this.sender.buffer.length > 0;
  }

  #part(): void {
    this.#isParting = true;
    this.sender.leave(() => this.#hasLeft());
    // As after a disconnect: nobody will hear the answers.
    this.sender.disconnected();
  }

  /** There will be no connection that it can leave by. */
  #cutOff(): void {
    this.#isParting = false;
    this.sender.cutOff();
  }

  /** All that was emitted before the `disconnect` has left. */
  #hasLeft(): void {
    this.#connection.send(encodeFrame({ type: "disconnect", ns: this.nsp }));
    this.#state = "idle";
    if (this.#wanted) this.#ask();
    else this.#connection.release();
  }

  #outlet(): Outlet {
    const connection = this.#connection;
    const { nsp } = this;
    return {
      ns: nsp,
      isOpen: () => !this.#isParting && connection.isUsable(),
      isReady: () => this.connected && connection.isUsable(),
      isDrained: () => connection.drained,
      mayLeave: () => connection.mayLeave(),
      check: (text) => connection.check(text),
      transmit: (text) => connection.transmit(text),
      sent: (event, args) => this.dispatchOutgoing(event, args),
      refused: (error) => connection.report(error),
      after: (ms, task) => connection.environment.after(ms, task),
    };
  }

  #peer(): Peer {
    const isActive = (): boolean => this.#wanted || this.#state === "leaving" || this.#isParting;
    return {
      get active() {
        return isActive();
      },
      flush: () => this.sender.flush(),
      opened: () => {
        if (this.#wanted || this.#isParting) this.#ask();
      },
      frame: (frame) => this.#received(frame),
      refused: (id, error) => this.sender.refused(id, error),
      failed: (error, final) => {
        const wasParting = this.#isParting;
        this.#cutOff();
        if (!this.#wanted) {
          // Nobody waits for another attempt.
          if (wasParting) this.#connection.release();
          return;
        }
        if (final) this.#wanted = false;
        this.dispatch("connect_error", error);
      },
      closed: (reason, details, final) => {
        const wanted = this.#wanted;
        const state = this.#state;
        this.#credentials.withdraw();
        this.#state = "idle";
        this.#restarts = false;
        if (final) this.#wanted = false;
        this.#cutOff();
        // The user has been told of the end already, when leaving.
        if (wanted && state !== "leaving") this.#ended(reason, details);
      },
    };
  }

  #askFor(): Credentials {
    const auth = (): Auth | undefined => this.auth;
    return new Credentials(this.#connection.environment, this.#connection.settings, {
      get auth() {
        return auth();
      },
      given: (data) => this.#sendConnect(data),
      failed: (error) => {
        this.#state = "idle";
        if (this.#wanted) this.dispatch("connect_error", error);
        else this.#leave();
      },
    });
  }

  #ask(): void {
    this.#state = "asking";
    this.#credentials.ask();
  }

  #sendConnect(auth: Record<string, unknown> | undefined): void {
    const pid = this.#pid;
    const offset = this.#offset;
    const { nsp: ns } = this;
    this.#state = "connecting";
    try {
      const session = pid === undefined ? {} : { pid, ...(offset === undefined ? {} : { offset }) };
      const text = encodeFrame({ type: "connect", ns, ...(auth ? { auth } : {}), ...session });
      this.#connection.check(text);
      this.#connection.send(text);
    } catch (thrown) {
      // Credentials that no frame can carry, or too large a one. They will not change by themselves.
      const wanted = this.#wanted;
      this.#leave();
      if (wanted) this.dispatch("connect_error", toError(thrown));
    }
  }

  #received(frame: NamespaceFrame): void {
    switch (frame.type) {
      case "connected":
        if (this.#state === "connecting") this.#accepted(frame);
        return;
      case "connect_error":
        if (this.#state === "connecting") this.#refused(frame);
        return;
      case "event":
        if (this.connected) this.#happened(frame);
        return;
      case "ack":
        return this.sender.answered(frame.id, frame.args);
      case "disconnect":
        if (!this.connected) return;
        this.#leave();
        return this.#ended("io server disconnect", {
          description: frame.reason ?? "the server ended the namespace",
        });
    }
  }

  #accepted(frame: Extract<NamespaceFrame, { type: "connected" }>): void {
    if (this.#isParting) {
      this.#isParting = false;
      this.#state = "leaving";
      return this.sender.flush();
    }
    if (!this.#wanted || this.#restarts) {
      this.#connection.send(encodeFrame({ type: "disconnect", ns: this.nsp }));
      this.#state = "idle";
      this.#restarts = false;
      if (this.#wanted) this.#ask();
      return;
    }
    this.#state = "connected";
    this.#session++;
    this.id = frame.sid;
    this.recovered = frame.recovered;
    this.#pid = frame.pid;
    // The offset of a former session would have events repeated that this one never missed.
    if (!frame.recovered) this.#offset = undefined;
    this.sender.flush();
    this.dispatch("connect");
  }

  #refused(frame: Extract<NamespaceFrame, { type: "connect_error" }>): void {
    this.#state = "idle";
    if (this.#wanted && this.#restarts) {
      this.#restarts = false;
      return this.#ask();
    }
    if (!this.#wanted) {
      if (this.#isParting) this.#leave();
      return;
    }
    this.#leave();
    const error: ConnectError = new Error(frame.message);
    if (frame.data !== undefined) error.data = frame.data;
    this.dispatch("connect_error", error);
  }

  #happened({ event, args, id, offset }: Extract<NamespaceFrame, { type: "event" }>): void {
    this.dispatchIncoming(event, id === undefined ? args : [...args, this.#answerer(id)]);
    // Only now: an event that was not handled must count as missed.
    if (offset !== undefined) this.#offset = offset;
  }

  /** The function that answers an event of the server's: once, and only in the session that the event came in. */
  #answerer(id: number): (...args: unknown[]) => void {
    const session = this.#session;
    let isAnswered = false;
    return (...args) => {
      if (isAnswered || session !== this.#session || !this.connected) return;
      this.sender.answer(id, args);
      isAnswered = true;
    };
  }

  /** The namespace is not wanted any more, and not by the user's choice. */
  #leave(): void {
    this.#wanted = false;
    this.#state = "idle";
    this.#cutOff();
    this.#connection.release();
  }

  #ended(reason: DisconnectReason, details?: CloseDetails): void {
    this.id = undefined;
    this.dispatch("disconnect", reason, details);
    this.sender.disconnected();
  }
}
