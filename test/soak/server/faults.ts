/**
 * Servers that are broken on purpose, each in one way, to show that the checker finds it: most by a store around the real one
 * that breaks one of its guarantees.
 */
import type { Socket } from "socket.io";
import type { RoomsIo } from "../../../server/index.js";
import type { Devices } from "../../../server/store/devices.js";
import type { Appended, Draft, Log } from "../../../server/store/log.js";
import type { Presence } from "../../../server/store/presence.js";
import type { Store } from "../../../server/store/store.js";

export const BREAKS = {
  "ack-before-durable": "appends are acked at once, and written 100 ms later",
  "no-dedup": "ids of messages are not looked at",
  "recovery-off-by-one": "what is read after a position begins one too far",
  "cursor-ahead": "the cursor of a device is kept one too far",
  "ghost-members": "who has gone without a word is in the room for ever",
  "deaf-older-device": "the older of two connections of a device is forgotten when the newer has gone",
  "doubled-signals": "signals are sent twice",
  "unbounded-answers": "answers to clients of Socket.IO hold any number of binary values",
} as const;

export type Break = keyof typeof BREAKS;

export function isBreak(name: string): name is Break {
  return Object.hasOwn(BREAKS, name);
}

export function broken(store: Store, how: Break): Store {
  switch (how) {
    case "ack-before-durable":
      return { ...parts(store), log: new LateLog(store.log) };
    case "no-dedup":
      return { ...parts(store), log: new ForgetfulLog(store.log) };
    case "recovery-off-by-one":
      return { ...parts(store), log: new SkippingLog(store.log) };
    case "cursor-ahead":
      return { ...parts(store), devices: devicesAhead(store.devices) };
    case "ghost-members":
      return { ...parts(store), presence: new HauntedPresence(store.presence) };
    case "deaf-older-device":
    case "doubled-signals":
    case "unbounded-answers":
      return store;
  }
}

/** What is broken above the store: to be called before there are clients. */
export function breakServer(io: RoomsIo, how: Break): void {
  if (how === "unbounded-answers") unboundAnswers(io);
  else if (how === "deaf-older-device") forgetOlderDevices(io);
  else if (how === "doubled-signals") doubleSignals(io);
}

type Broadcast = ReturnType<RoomsIo["of"]>["adapter"]["broadcast"];

/** Has what is sent to sockets go through `broadcast`, which is given the way that it went before. */
function interceptBroadcasts(
  io: RoomsIo,
  broadcast: (send: Broadcast, ...args: Parameters<Broadcast>) => void,
): void {
  const { adapter } = io.of("/");
  const send = adapter.broadcast.bind(adapter);
  adapter.broadcast = (...args) => broadcast(send, ...args);
}

function eventOf([packet]: Parameters<Broadcast>): unknown {
  return (packet as { data: unknown[] }).data[0];
}

function forgetOlderDevices(io: RoomsIo): void {
  const deaf = new Set<string>();
  interceptBroadcasts(io, (send, ...args) => {
    const [sid = ""] = args[1].rooms;
    const event = eventOf(args);
    if (event === "device_returned") deaf.add(sid);
    if (event !== "device_returned" && !(event === "inbox" && deaf.has(sid))) send(...args);
  });
}

function doubleSignals(io: RoomsIo): void {
  interceptBroadcasts(io, (send, ...args) => {
    send(...args);
    // Later, since signals are dropped that come right behind another.
    if (eventOf(args) === "signal") setTimeout(() => send(...args), 50);
  });
}

function unboundAnswers(io: RoomsIo): void {
  io.use((socket, next) => {
    // The bridge's clients may have any number of binary values in an answer; all are taken for such clients.
    const { conn } = socket;
    if (conn.transport.name !== "bridge") {
      Object.defineProperty(socket, "conn", { value: likeTheBridges(conn) });
    }
    next();
  });
}

/** The connection, with another name for its transport, and with what the server then asks of it. */
function likeTheBridges<C extends Socket["conn"]>(conn: C): C {
  const whenDrained = (done: () => void): void => void conn.once("drain", done);
  return seenAs(conn, (key) => {
    if (key === "transport")
      return seenAs(conn.transport, (name) => (name === "name" ? "bridge" : undefined));
    return key === "whenDrained" ? whenDrained : undefined;
  });
}

/** An object some of whose properties are others. */
function seenAs<T extends object>(object: T, other: (key: string | symbol) => unknown): T {
  return new Proxy(object, {
    get: (target, key) => other(key) ?? (Reflect.get(target, key) as unknown),
  });
}

function parts(store: Store): Store {
  const { clock, log, presence, devices, guestTokens, revocations } = store;
  return {
    ...{ clock, log, presence, devices, guestTokens, revocations },
    backup: (folder) => store.backup(folder),
    close: () => store.close(),
  };
}

/** Who is away is there. */
class HauntedPresence implements Presence {
  readonly #inner: Presence;

  constructor(inner: Presence) {
    this.#inner = inner;
  }

  enter(...args: Parameters<Presence["enter"]>): ReturnType<Presence["enter"]> {
    return this.#inner.enter(...args);
  }

  exit(...args: Parameters<Presence["exit"]>): ReturnType<Presence["exit"]> {
    return this.#inner.exit(...args);
  }

  away(room: string, user: string, sid: string): ReturnType<Presence["away"]> {
    return this.#inner.away(room, user, sid, Number.MAX_SAFE_INTEGER);
  }

  expire(): ReturnType<Presence["expire"]> {
    return Promise.resolve([]);
  }

  members(...args: Parameters<Presence["members"]>): ReturnType<Presence["members"]> {
    return this.#inner.members(...args);
  }

  count(room: string): Promise<number> {
    return this.#inner.count(room);
  }

  has(room: string, user: string): Promise<boolean> {
    return this.#inner.has(room, user);
  }

  restore(): Promise<void> {
    return this.#inner.restore(Number.MAX_SAFE_INTEGER);
  }
}

/** A log around another. */
class OuterLog implements Log {
  constructor(protected readonly inner: Log) {}

  append(name: string, draft: Draft): ReturnType<Log["append"]> {
    return this.inner.append(name, draft);
  }

  state(name: string): ReturnType<Log["state"]> {
    return this.inner.state(name);
  }

  after(...args: Parameters<Log["after"]>): ReturnType<Log["after"]> {
    return this.inner.after(...args);
  }

  before(...args: Parameters<Log["before"]>): ReturnType<Log["before"]> {
    return this.inner.before(...args);
  }

  trim(...args: Parameters<Log["trim"]>): Promise<void> {
    return this.inner.trim(...args);
  }

  list(...args: Parameters<Log["list"]>): ReturnType<Log["list"]> {
    return this.inner.list(...args);
  }

  sweep(): Promise<void> {
    return this.inner.sweep();
  }
}

class ForgetfulLog extends OuterLog {
  override append(name: string, draft: Draft): ReturnType<Log["append"]> {
    const { value, at, limit } = draft;
    return this.inner.append(name, { value, at, ...(limit === undefined ? {} : { limit }) });
  }
}

class SkippingLog extends OuterLog {
  override after(
    name: string,
    offset: number,
    limits: Parameters<Log["after"]>[2],
  ): ReturnType<Log["after"]> {
    return this.inner.after(name, offset === 0 ? 0 : offset + 1, limits);
  }
}

/** Milliseconds from the ack to the writing. */
const LATE = 100;

/** What it acks is right, if only the process lives for long enough; reading waits for what is not written yet. */
class LateLog extends OuterLog {
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #written = new Map<string, Promise<unknown>>();
  readonly #ends = new Map<string, { epoch: string; last: number }>();
  readonly #keys = new Map<string, Appended>();

  override append(name: string, draft: Draft): ReturnType<Log["append"]> {
    const acked = (this.#turns.get(name) ?? Promise.resolve()).then(() => this.#ack(name, draft));
    this.#turns.set(name, acked);
    return acked;
  }

  override async state(name: string): ReturnType<Log["state"]> {
    await this.#written.get(name);
    return super.state(name);
  }

  override async after(...args: Parameters<Log["after"]>): ReturnType<Log["after"]> {
    await this.#written.get(args[0]);
    return super.after(...args);
  }

  override async before(...args: Parameters<Log["before"]>): ReturnType<Log["before"]> {
    await this.#written.get(args[0]);
    return super.before(...args);
  }

  async #ack(name: string, draft: Draft): Promise<Appended> {
    const known = await this.#find(name, draft);
    if (known !== undefined) return { ...known, duplicate: true };
    const end = this.#ends.get(name) ?? (await this.inner.state(name));
    this.#ends.set(name, { epoch: end.epoch, last: end.last + 1 });
    const position = { epoch: end.epoch, offset: end.last + 1 };
    const appended = { position, at: draft.at, duplicate: false };
    if (draft.key !== undefined) this.#keys.set(JSON.stringify([name, draft.key]), appended);
    this.#writeLater(name, draft);
    return appended;
  }

  /** A key that was used before. A log that may keep nothing more appends nothing, but still knows its keys. */
  async #find(name: string, draft: Draft): Promise<Appended | undefined> {
    if (draft.key === undefined) return undefined;
    const here = this.#keys.get(JSON.stringify([name, draft.key]));
    if (here !== undefined) return here;
    const there = await this.inner.append(name, { ...draft, limit: 0 });
    return there === "full" ? undefined : there;
  }

  #writeLater(name: string, draft: Draft): void {
    const before = this.#written.get(name) ?? Promise.resolve();
    const due = new Promise((resolve) => setTimeout(resolve, LATE));
    this.#written.set(
      name,
      Promise.all([before, due]).then(() => this.inner.append(name, draft)),
    );
  }
}

function devicesAhead(inner: Devices): Devices {
  return {
    of: (user) => inner.of(user),
    remove: (user, device) => inner.remove(user, device),
    sweep: (cutoff) => inner.sweep(cutoff),
    put: (user, stored) => {
      const { epoch, offset } = stored.cursor;
      return inner.put(user, { ...stored, cursor: { epoch, offset: offset === 0 ? 0 : offset + 1 } });
    },
  };
}
