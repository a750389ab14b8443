/** The bridge layer of an agent: namespaces, events and acks of a socket of socket.io-client's API. */
import { CommandError, type Fields, type Host, Questions, text, toJson, toNative } from "./host.js";
import type { Fault } from "./wrong.js";

/** What of the two libraries' managers is used here. */
export interface SocketManager {
  socket(ns: string, options: { auth: unknown }): Socket;
}

export interface Socket {
  readonly id: string | undefined;
  readonly connected: boolean;
  readonly active: boolean;
  auth?: unknown;
  readonly io: unknown;
  connect(): unknown;
  disconnect(): unknown;
  on(event: string, listener: (...args: never[]) => void): unknown;
  off(event: string, listener: (...args: never[]) => void): unknown;
  onAny(listener: (name: string, ...args: unknown[]) => void): unknown;
  emit(event: string, ...args: unknown[]): unknown;
  timeout(milliseconds: number): { emit(event: string, ...args: unknown[]): unknown };
  /** Of the plain client. */
  flush?(timeout: number): Promise<{ unsent: number }>;
  close(timeout?: number): unknown;
}

type Reply = (...args: unknown[]) => void;

interface Ending {
  /** The plain client's details. */
  code?: unknown;
}

export class BridgeClient {
  readonly #manager: SocketManager;
  readonly #options: Fields;
  readonly #host: Host;
  readonly #fault: Fault;
  readonly #sockets = new Map<string, Socket>();
  readonly #replies = new Map<number, Reply>();
  readonly #questions: Questions;
  /** Those that the background has taken away. */
  #resting: Socket[] = [];
  readonly #waiting = new Set<(error: Error) => void>();
  #keys = 0;

  constructor(manager: SocketManager, options: Fields, host: Host, fault: Fault) {
    this.#manager = manager;
    this.#options = options;
    this.#host = host;
    this.#fault = fault;
    this.#questions = new Questions(host);
  }

  do(name: string, fields: Fields): unknown {
    const ns = typeof fields["ns"] === "string" ? fields["ns"] : "/";
    switch (name) {
      case "connect":
        return this.#connect(ns);
      case "emit":
        this.#socket(ns).emit(text(fields, "name"), ...native(fields));
        return undefined;
      case "call":
        return this.#call(ns, fields);
      case "answer":
        return this.#answer(fields);
      case "disconnect":
        this.#socket(ns).disconnect();
        return undefined;
      case "flush":
        return this.#unsent((socket) => socket.flush?.(fields["timeout"] as number));
      case "give":
        return this.#questions.give(fields);
      case "background":
        this.#resting = [...this.#sockets.values()].filter(({ active }) => active);
        for (const socket of this.#resting) socket.disconnect();
        return undefined;
      case "foreground":
        for (const socket of this.#resting) socket.connect();
        return undefined;
      case "network_changed":
        for (const socket of [...this.#sockets.values()].filter(({ active }) => active)) {
          socket.disconnect();
          socket.connect();
        }
        return undefined;
      default:
        throw new CommandError("unknown_command", `the bridge layer has no ${name}`);
    }
  }

  close(timeout?: number): unknown {
    if (timeout === undefined) return this.#end();
    // socket.io-client would take the time-out for nothing.
    const closing = this.#unsent((socket) =>
      socket.flush === undefined ? undefined : socket.close(timeout),
    );
    return closing.finally(() => this.#end());
  }

  /** How many events of all namespaces have not got away. socket.io-client does not say. */
  async #unsent(task: (socket: Socket) => unknown): Promise<{ unsent: number }> {
    const results = await Promise.all([...this.#sockets.values()].map(task));
    const counts = results.map((result) => (result as { unsent: number } | undefined)?.unsent ?? 0);
    return { unsent: counts.reduce((sum, count) => sum + count, 0) };
  }

  #end(): void {
    for (const socket of this.#sockets.values()) socket.disconnect();
    const error = new CommandError("closed", "the client was closed");
    for (const reject of this.#waiting) reject(error);
  }

  #connect(ns: string): Promise<unknown> {
    const socket = this.#sockets.get(ns) ?? this.#make(ns);
    if (socket.connected) return Promise.resolve({ sid: socket.id });
    return new Promise((resolve, reject) => {
      const settle = (settled: () => void): void => {
        socket.off("connect", up);
        socket.off("connect_error", refused);
        this.#waiting.delete(fail);
        settled();
      };
      const fail = (error: Error): void => settle(() => reject(error));
      const up = (): void => settle(() => resolve({ sid: socket.id }));
      const refused = (error: Error & { data?: unknown }): void => {
        if (socket.active) return;
        const isServers = !("description" in error);
        fail(new CommandError(isServers ? "connect_error" : "refused", error.message, error.data));
      };
      this.#waiting.add(fail);
      socket.on("connect", up);
      socket.on("connect_error", refused);
      socket.connect();
    });
  }

  #make(ns: string): Socket {
    const socket = this.#manager.socket(ns, { auth: this.#auth() });
    this.#sockets.set(ns, socket);
    const where = ns === "/" ? {} : { ns };
    socket.on("connect", () => this.#host.report("connected", { ...where, sid: socket.id }));
    socket.on("disconnect", (_reason: string, details?: Ending) => {
      const code = typeof details?.code === "number" ? { code: details.code } : {};
      this.#fault.disconnected(socket);
      this.#host.report("disconnected", { ...where, final: !socket.active, ...code });
    });
    socket.on("connect_error", ({ message }: Error) => this.#host.report("warning", { ...where, message }));
    socket.onAny((name, ...args) => {
      const last = args.at(-1);
      const isAsked = typeof last === "function";
      const key = isAsked ? { key: this.#keep(last as Reply) } : {};
      const values = toJson(isAsked ? args.slice(0, -1) : args);
      this.#host.report("event", { ...where, name, args: values, ...key });
    });
    return socket;
  }

  #auth(): unknown {
    const { auth } = this.#options;
    if (auth !== "ask") return auth;
    return (give: (data: unknown) => void): void => {
      const ask = (): void => void this.#questions.ask().then(give, ask);
      ask();
    };
  }

  #call(ns: string, fields: Fields): Promise<unknown> {
    const socket = this.#socket(ns);
    return new Promise((resolve, reject) => {
      const isUp = socket.connected;
      const done = (error: Error | null, ...args: unknown[]): void => {
        if (error === null) resolve(toJson(args));
        else if ("code" in error) reject(error);
        else if (isUp && !/timed out/.test(error.message))
          reject(new CommandError("disconnected", error.message));
        else reject(new CommandError("timeout", error.message));
      };
      socket.timeout(fields["timeout"] as number).emit(text(fields, "name"), ...native(fields), done);
    });
  }

  #answer(fields: Fields): void {
    const key = fields["key"] as number;
    if (!this.#fault.mayAnswer(key)) return;
    this.#replies.get(key)?.(...native(fields));
  }

  #keep(reply: Reply): number {
    this.#replies.set(++this.#keys, reply);
    return this.#keys;
  }

  #socket(ns: string): Socket {
    const socket = this.#sockets.get(ns);
    if (socket === undefined) throw new CommandError("not_connected", `${ns} was never connected`);
    return socket;
  }
}

function native(fields: Fields): unknown[] {
  return ((fields["args"] ?? []) as unknown[]).map(toNative);
}
