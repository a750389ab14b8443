/** A socket whose other side is the test: for what a real one's network does too seldom, or its own care hides. */
import type { Self, SocketLike } from "../../../../clients/typescript/src/rooms/index.js";
import type { Environment } from "../../../../clients/typescript/src/rooms/environment.js";
import { RoomsHandle } from "../../../../clients/typescript/src/rooms/rooms.js";
import type { RoomsOptions } from "../../../../clients/typescript/src/rooms/index.js";
import { ManualClock } from "../../support/clock.js";

type Listener = (...args: unknown[]) => void;

/** A call that the layer made. */
export interface MadeCall {
  readonly name: string;
  readonly argument: unknown;
  /** Answers it, at any time. */
  answer(result: object): void;
  refuse(code: string, retryable: boolean, retryAfter?: number): void;
  /** With whatever the server says. */
  answerWith(...args: unknown[]): void;
  /** What a socket says where no answer came in time. */
  expire(): void;
}

export class FakeSocket implements SocketLike {
  /** As the socket of clients/typescript. */
  isPaced = true;
  connected = false;
  active = false;
  auth: unknown;
  /** What the layer emitted and the test has not taken. */
  readonly calls: MadeCall[] = [];
  readonly #listeners = new Map<string, Set<Listener>>();

  connect(): void {
    this.active = true;
  }

  disconnect(): void {
    const wasConnected = this.connected;
    this.connected = false;
    this.active = false;
    if (wasConnected) this.fire("disconnect", "io client disconnect");
  }

  on(event: string, listener: Listener): void {
    const all = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, all.add(listener));
  }

  off(event: string, listener: Listener): void {
    this.#listeners.get(event)?.delete(listener);
  }

  emit(name: string, argument: unknown): void {
    this.calls.push({
      name,
      argument,
      answer: () => undefined,
      refuse: () => undefined,
      answerWith: () => undefined,
      expire: () => undefined,
    });
  }

  timeout(): { emit(name: string, ...args: unknown[]): void } {
    return {
      emit: (name, argument, ack) => {
        const settle = ack as (error: Error | null, answer?: object) => void;
        this.calls.push({
          name,
          argument,
          answer: (result) => settle(null, { ok: true, ...result }),
          refuse: (code, retryable, retryAfter) => {
            const error = {
              code,
              message: code,
              retryable,
              ...(retryAfter === undefined ? {} : { retryAfter }),
            };
            settle(null, { ok: false, error });
          },
          answerWith: (...args) => settle(null, args[0] as object),
          expire: () => settle(new Error("operation has timed out")),
        });
      },
    };
  }

  /** The other side's doing. */
  fire(event: string, ...args: unknown[]): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(...args);
  }

  /** A connection, and the welcome. */
  welcome(self: Partial<Self> = {}): void {
    this.connected = true;
    this.active = true;
    this.fire("connect");
    this.fire("welcome", { user: "ada", name: "Ada", sid: "s", device: "phone", guest: false, ...self });
  }

  /** The connection is lost, with this close code; the socket makes another one. */
  lose(code?: number): void {
    this.connected = false;
    this.fire("disconnect", "transport close", ...(code === undefined ? [] : [{ code }]));
  }

  /** Takes the next call, which must be this one. */
  take(name: string): MadeCall {
    const call = this.calls.shift();
    if (call?.name !== name) throw new Error(`no ${name}, but ${call?.name ?? "nothing"}`);
    return call;
  }
}

/** The layer on a fake socket and a hand-moved clock. */
export function fakeRig(options: RoomsOptions = {}): {
  socket: FakeSocket;
  clock: ManualClock;
  rooms: RoomsHandle;
} {
  const socket = new FakeSocket();
  const clock = new ManualClock();
  let ids = 0;
  const environment: Environment = {
    now: () => clock.now(),
    random: () => clock.random(),
    after: (ms, task) => clock.after(ms, task),
    newId: () => `id${++ids}`,
  };
  const rooms = new RoomsHandle(socket, { device: "phone", ...options }, environment);
  return { socket, clock, rooms };
}
