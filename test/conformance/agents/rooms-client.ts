/** The rooms layer of an agent, on either socket. */
import {
  createRooms,
  type InboxItem,
  type Member,
  type Room,
  type Rooms,
} from "../../../clients/typescript/src/rooms/index.js";
import type { Socket, SocketManager } from "./bridge-client.js";
import { CommandError, errorOf, type Fields, type Host, Questions, text, toJson, toNative } from "./host.js";

export class RoomsClient {
  readonly #host: Host;
  readonly #rooms: Rooms;
  readonly #socket: Socket;
  readonly #questions: Questions;
  readonly #known = new Set<string>();
  /** By command. */
  readonly #cancels = new Map<number, AbortController>();
  readonly #items = new Map<number, { done: () => void; failed: (error: Error) => void }>();
  #keys = 0;

  constructor(manager: SocketManager, fields: Fields, host: Host) {
    this.#host = host;
    this.#questions = new Questions(host);
    this.#socket = manager.socket("/", { auth: fields["auth"] });
    // What the layer needs of a socket both have (api.ts).
    this.#rooms = createRooms(this.#socket, this.#optionsOf(fields));
    this.#rooms.on("connect", (self) => host.report("connect", { self }));
    this.#rooms.on("disconnect", (reason) => host.report("disconnect", { reason }));
    this.#rooms.on("end", (error) => {
      if (error.code !== "closed") host.report("end", { error: errorOf(error) });
    });
    this.#rooms.on("warning", ({ message }) => host.report("warning", { message }));
    this.#rooms.on("device", ({ taken }) => host.report("device", { taken }));
    this.#rooms.on("inbox_lost", () => host.report("inbox_lost"));
  }

  do(name: string, fields: Fields, id: number): unknown {
    switch (name) {
      case "ready":
        return this.#rooms.ready();
      case "join":
        return this.#room(fields)
          .join(pick(fields, "since", "history"))
          .then((result) => toJson(result));
      case "state":
        return this.#room(fields).state;
      case "position":
        return this.#room(fields).position ?? null;
      case "pause":
      case "resume":
        throw new CommandError("not_supported", "messages come by calls of a function");
      case "flush":
        return this.#rooms.flush(fields["timeout"] as number);
      case "leave":
        return this.#room(fields).leave();
      case "publish":
        return this.#cancellable(id, (options) =>
          this.#room(fields).publish(toNative(fields["data"]), { ...options, ...messageId(fields) }),
        );
      case "signal":
        return this.#room(fields).signal(toNative(fields["data"]));
      case "history":
        return this.#room(fields)
          .history(pick(fields, "before", "after", "limit"))
          .then(({ messages, more }) => ({ messages: toJson(messages), more }));
      case "members":
        return members(this.#room(fields));
      case "list_members":
        return this.#room(fields).listMembers(pick(fields, "after", "limit"));
      case "send":
        return this.#cancellable(id, async (options) => {
          const more = { ...options, ...messageId(fields), ...pick(fields, "receipt") };
          const sent = await this.#rooms.send(text(fields, "to"), toNative(fields["data"]), more);
          return { id: sent.id, at: sent.at };
        });
      case "inbox":
        return this.#rooms.inbox.process((item) => this.#process(item, fields["ask"] === true));
      case "cursor":
        return this.#rooms.inbox.cursor ?? null;
      case "processed":
        return this.#processed(fields);
      case "cancel":
        this.#cancels.get(fields["target"] as number)?.abort();
        return undefined;
      case "give":
        return this.#questions.give(fields);
      case "background":
        this.#socket.disconnect();
        return undefined;
      case "foreground":
        this.#socket.connect();
        return undefined;
      case "network_changed":
        this.#socket.disconnect();
        this.#socket.connect();
        return undefined;
      default:
        throw new CommandError("unknown_command", `the rooms layer has no ${name}`);
    }
  }

  close(timeout?: number): unknown {
    return timeout === undefined ? this.#rooms.close() : this.#rooms.close(timeout);
  }

  #optionsOf(fields: Fields): Parameters<typeof createRooms>[1] {
    const { token, storage } = fields;
    return {
      ...pick(fields, "name", "device", "ackTimeout", "maxPending"),
      ...(token === undefined ? {} : { token: token === "ask" ? () => this.#token() : (token as string) }),
      ...(typeof storage === "string" ? { storage: keyValue(this.#host.storage(storage)) } : {}),
    };
  }

  async #token(): Promise<string> {
    return (await this.#questions.ask()) as string;
  }

  #room(fields: Fields): Room {
    const name = text(fields, "room");
    const room = this.#rooms.room(name);
    if (this.#known.has(name)) return room;
    this.#known.add(name);
    const report = (event: string, more: Fields): void => this.#host.report(event, { room: name, ...more });
    room.on("message", (message) => report("message", { message: toJson(message) }));
    room.on("signal", (signal) => report("signal", { signal: toJson(signal) }));
    room.on("presence", () => report("presence", members(room)));
    room.on("joined", ({ recovered, position }) => report("joined", { recovered, position }));
    room.on("left", (error) => report("left", { error: errorOf(error) }));
    return room;
  }

  #process(item: InboxItem, isAsked: boolean): void | Promise<void> {
    if (!isAsked) return this.#host.report("item", { item: toJson(item) });
    const key = ++this.#keys;
    return new Promise((resolve, reject) => {
      this.#items.set(key, { done: resolve, failed: reject });
      this.#host.report("item", { item: toJson(item), key });
    });
  }

  #processed({ key, error }: Fields): void {
    const item = this.#items.get(key as number);
    if (typeof error === "string") item?.failed(new Error(error));
    else item?.done();
  }

  async #cancellable<Result>(
    id: number,
    task: (options: { signal: AbortSignal }) => Promise<Result>,
  ): Promise<Result> {
    const controller = new AbortController();
    this.#cancels.set(id, controller);
    try {
      return await task({ signal: controller.signal });
    } finally {
      this.#cancels.delete(id);
    }
  }
}

function members(room: Room): { members: Member[]; count: number; counted: boolean } {
  return { members: [...room.members.values()], count: room.memberCount, counted: room.isCounted };
}

function messageId({ messageId: id }: Fields): { id?: string } {
  return typeof id === "string" ? { id } : {};
}

function pick(fields: Fields, ...names: string[]): Record<string, unknown> {
  return Object.fromEntries(names.flatMap((name) => (name in fields ? [[name, fields[name]]] : [])));
}

function keyValue(map: Map<string, string>) {
  return {
    getItem: (key: string) => map.get(key) ?? null,
    setItem: (key: string, value: string) => void map.set(key, value),
    removeItem: (key: string) => void map.delete(key),
  };
}
