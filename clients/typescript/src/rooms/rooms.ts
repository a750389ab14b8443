/** The rooms layer on a socket: the composition of its parts, and what the application has of it. */
import type {
  Inbox,
  InboxItem,
  PublishOptions,
  Room,
  RoomMessage,
  Rooms,
  RoomsEvents,
  RoomsOptions,
  Self,
  Signal,
  SocketLike,
} from "./api.js";
import { Emitter } from "./emitter.js";
import type { CallOutcome } from "./calls.js";
import { realEnvironment, type Environment } from "./environment.js";
import { ownError, unlessClosed, type RoomsError } from "./errors.js";
import { toError } from "../shared/user-code.js";
import { andThen, isLater, type Maybe } from "./later.js";
import { InboxHandle, type InboxHost } from "./inbox.js";
import { Link } from "./link.js";
import { SendQueueRunner, Pending } from "./send-queue-runner.js";
import { Pages, type Bounded } from "./pages.js";
import { RoomHandle, type RoomHost } from "./room.js";
import { sizeOf } from "./sendable.js";
import { StoredState } from "./storage.js";
import { Suspects } from "./suspects.js";
import type { CallName, PresenceEvent, Results } from "./wire.js";

/** Milliseconds to wait for an ack; calls that may wait; messages that an iterator may lag behind. */
const DEFAULTS = { ackTimeout: 10_000, maxPending: 1_000, maxLag: 10_000 };

/** Milliseconds between two looks at what has no ack yet. */
const FLUSH_INTERVAL = 10;

type ReadyWaiter = { resolve: (self: Self) => void; reject: (error: RoomsError) => void };

/**
 * Rooms, inbox and presence on a socket of socket.io-client or of clients/typescript, which this layer has for itself: it
 * connects it, gives it its credentials, and reconnects it where the socket does not do so by itself.
 */
export function createRooms(socket: SocketLike, options: RoomsOptions = {}): Rooms {
  // Own properties alone: what a page has put on Object.prototype is no option.
  const own = Object.assign(Object.create(null) as RoomsOptions, options);
  return new RoomsHandle(socket, own, realEnvironment);
}

/** The same with the clock, timers and randomness passed in. */
export class RoomsHandle implements Rooms, RoomHost, InboxHost {
  readonly #socket: SocketLike;
  device: string | undefined;
  readonly inbox: Inbox;
  readonly kept: StoredState;
  readonly pending: Pending;
  readonly maxLag: number;
  readonly suspects = new Suspects();
  readonly #pages = new Pages();
  over: RoomsError | undefined;

  readonly #link: Link;
  readonly #items: InboxHandle;
  readonly #emitter = new Emitter<RoomsEvents>();
  readonly #rooms = new Map<string, RoomHandle>();
  /** By recipient; only those that have something to send. */
  readonly #sends = new Map<string, SendQueueRunner>();
  #waiters: ReadyWaiter[] = [];

  constructor(
    socket: SocketLike,
    options: RoomsOptions,
    readonly environment: Environment,
  ) {
    this.#socket = socket;
    const { ackTimeout, maxPending, maxLag } = { ...DEFAULTS, ...options };
    this.kept = new StoredState(options.storage, (error) => this.warn(toError(error)));
    const device = deviceOf(options.device, this.kept, environment);
    if (!isLater(device)) this.device = device;
    else void device.then((known) => (this.device = known));
    this.pending = new Pending(maxPending);
    this.maxLag = maxLag;
    this.#items = new InboxHandle(this);
    this.inbox = this.#items;
    const { token, name } = options;
    const given = { ...(token === undefined ? {} : { token }), ...(name === undefined ? {} : { name }) };
    this.#link = new Link(
      socket,
      () => this.device ?? device,
      { ...given, ackTimeout },
      environment,
      this.kept,
      {
        // Where an answer may have been too large, no message that was sent is suspected.
        losing: (ending) => this.suspects.lost(this.#pages.lost(ending) ? "other" : ending),
        up: (self) => this.#up(self),
        down: (reason) => this.#down(reason),
        ended: (error) => this.#end(error),
        warning: (error) => this.warn(error),
      },
    );
    this.#link.on("message", (message: RoomMessage) => this.#rooms.get(message.room)?.onMessage(message));
    this.#link.on("signal", (signal: Signal) => this.#rooms.get(signal.room)?.onSignal(signal));
    this.#link.on("presence", (event: PresenceEvent) => this.#rooms.get(event.room)?.onPresence(event));
    this.#link.on("inbox", (item: InboxItem) => this.#items.itemCame(item));
    this.#link.on("device_taken", () => this.#deviceTaken(true));
    this.#link.on("device_returned", () => this.#deviceTaken(false));
    this.#link.on("token_renewed", ({ sid, device }: { sid?: string; device?: string }) => {
      // A server that is older than this does not tell.
      if (sid !== undefined && device !== undefined) this.#emitter.emit("guest_connected", { sid, device });
    });
    this.#link.open();
  }

  get connected(): boolean {
    return this.#link.isUp;
  }

  get isUp(): boolean {
    return this.#link.isUp;
  }

  get self(): Self | undefined {
    return this.#link.self;
  }

  room<Data = unknown>(name: string): Room<Data> {
    const room = this.#rooms.get(name) ?? new RoomHandle(name, this);
    this.#rooms.set(name, room);
    return room as unknown as Room<Data>; // what is published there is as the caller says
  }

  ready(): Promise<Self> {
    if (this.over !== undefined) return Promise.reject(this.over);
    if (this.isUp && this.self !== undefined) return Promise.resolve(this.self);
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  async send(
    to: string,
    data: unknown,
    { id = this.environment.newId(), signal, receipt }: PublishOptions & { receipt?: boolean } = {},
  ): Promise<{ id: string; at: number }> {
    if (this.over !== undefined) throw this.over;
    const bytes = sizeOf(data);
    const sendQueue =
      this.#sends.get(to) ?? new SendQueueRunner(this, this.environment, this.pending, () => true);
    this.#sends.set(to, sendQueue);
    const call = { to, data, id, ...(receipt === undefined ? {} : { receipt }) };
    try {
      const { at } = await sendQueue.submit("send", call, { id, signal, bytes });
      return { id, at };
    } finally {
      if (sendQueue.isEmpty) this.#sends.delete(to);
    }
  }

  on<E extends keyof RoomsEvents>(event: E, listener: RoomsEvents[E]): this {
    this.#emitter.add(event, listener);
    return this;
  }

  off<E extends keyof RoomsEvents>(event: E, listener: RoomsEvents[E]): this {
    this.#emitter.remove(event, listener);
    return this;
  }

  flush(timeout = Infinity): Promise<{ unsent: number }> {
    const socket = this.#socket;
    const { environment, pending } = this;
    const deadline = environment.now() + timeout;
    return new Promise((resolve) => {
      const look = async (): Promise<void> => {
        const left = deadline - environment.now();
        if (this.over !== undefined || (pending.count > 0 && left <= 0)) resolve({ unsent: pending.count });
        else if (pending.count > 0) environment.after(Math.min(FLUSH_INTERVAL, left), () => void look());
        // Of signals, and of acks of the inbox.
        else resolve((await socket.flush?.(Math.max(left, 0))) ?? { unsent: 0 });
      };
      void look();
    });
  }

  close(): void;
  close(timeout: number): Promise<{ unsent: number }>;
  close(timeout?: number): undefined | Promise<{ unsent: number }> {
    if (timeout !== undefined) return this.#closeAfter(timeout);
    if (this.over !== undefined) return undefined;
    for (const room of this.#rooms.values()) room.handOver();
    for (const sendQueue of this.#sends.values()) sendQueue.handOver();
    this.#finish();
    return undefined;
  }

  async #closeAfter(timeout: number): Promise<{ unsent: number }> {
    const flushed = await this.flush(timeout);
    if (this.over === undefined) this.#finish();
    return flushed;
  }

  #finish(): void {
    this.#link.close();
    this.#end(ownError("closed"));
  }

  get mostBytes(): number | undefined {
    return this.#link.self?.messageBytes;
  }

  call<Name extends CallName>(
    name: Name,
    argument: object,
    done: (outcome: CallOutcome<Results[Name]>) => void,
  ): void {
    if (!this.isUp) return done({ type: "lost" });
    let bounded: Bounded;
    try {
      bounded = this.#pages.bound(name, argument);
    } catch (thrown) {
      return done({ type: "refused", error: thrown as RoomsError }); // it throws no other
    }
    const { reading } = bounded;
    if (reading !== undefined) this.#pages.asked(reading);
    this.#link.call(name, bounded.argument, (outcome) => {
      if (reading !== undefined && outcome.type === "ok") this.#pages.answered(reading);
      else if (reading !== undefined) this.#pages.forgotten(reading);
      done(outcome);
    });
  }

  tell(name: CallName, argument: object): void {
    this.#link.tell(name, argument);
  }

  warn(error: Error): void {
    this.#emitter.emit("warning", error);
  }

  inboxLost(): void {
    this.#emitter.emit("inbox_lost");
  }

  #deviceTaken(taken: boolean): void {
    this.#items.deviceTaken(taken);
    this.#emitter.emit("device", { taken });
  }

  /** Rooms first, as publishes wait for them; the inbox last. */
  #up(self: Self): void {
    for (const room of this.#rooms.values()) room.up();
    for (const sendQueue of this.#sends.values()) sendQueue.renew();
    this.#items.up(self.user);
    for (const { resolve } of this.#waiters.splice(0)) resolve(self);
    this.#emitter.emit("connect", self);
  }

  #down(reason: string): void {
    for (const room of this.#rooms.values()) room.down();
    this.#items.down();
    this.#emitter.emit("disconnect", reason);
  }

  #end(error: RoomsError): void {
    if (this.over !== undefined) return;
    this.over = error;
    for (const { reject } of this.#waiters.splice(0)) reject(error);
    for (const room of this.#rooms.values()) room.end(error);
    for (const sendQueue of this.#sends.values()) sendQueue.rejectAll(error);
    this.#items.end(error);
    if (unlessClosed(error) !== undefined) this.#emitter.emit("end", error);
    this.#emitter.clear();
  }
}

function deviceOf(given: string | undefined, kept: StoredState, environment: Environment): Maybe<string> {
  if (given !== undefined) return given;
  return andThen(kept.device(), (known) => {
    if (known !== undefined) return known;
    const device = environment.newId();
    kept.keepDevice(device);
    return device;
  });
}
