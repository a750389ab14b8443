/** A client with the rooms layer, on socket.io-client or on the plain client: what an application would be. */
import { io as socketIo } from "socket.io-client";
import { WebSocket } from "ws";
import {
  createRooms,
  type KeyValue,
  type RoomMessage,
  type Rooms,
  RoomsError,
  type SocketLike,
} from "../../../clients/typescript/src/rooms/index.js";
import { io as plainIo } from "../../../clients/typescript/src/index.js";
import type { Content } from "../records.js";
import { type Device, type DeviceOptions, type Letter, payload } from "./device.js";
import type { Journal } from "./journal.js";

/** As an application would set it where the network is this bad. */
const RECONNECTION = { reconnectionDelay: 50, reconnectionDelayMax: 500, timeout: 3_000, forceNew: true };

/** Milliseconds until a call is made again that nobody answers. */
const ACK_TIMEOUT = 3_000;

export class LayerDevice implements Device {
  readonly #options: DeviceOptions;
  readonly #journal: Journal;
  readonly user: string;
  readonly device: string;
  /** What a browser would keep. */
  readonly #storage = new MapStorage();
  readonly #publishes = new Map<string, { room: string; content: Content }>();
  readonly #letters = new Map<string, Letter>();
  #rooms: Rooms | undefined;

  constructor(
    readonly name: string,
    options: DeviceOptions,
    journal: Journal,
  ) {
    this.#options = options;
    this.#journal = journal;
    this.user = options.user;
    this.device = options.device;
  }

  async start(): Promise<void> {
    this.#journal.begin(this.#options.device, this.#options.protocol);
    const rooms = this.#open();
    const joins = this.#options.rooms.map((name) => rooms.room(name).join());
    await Promise.all([...joins, this.#openInbox(rooms)]);
    if (rooms.inbox.cursor === undefined)
      throw new Error(`${this.name}: the inbox is open, and has no cursor`);
    this.#journal.inboxOpened(rooms.inbox.cursor);
  }

  publish(room: string, content: Content): void {
    this.#journal.publish(room, content);
    this.#publishes.set(content.id, { room, content });
    this.#publishNow(room, content);
  }

  signal(room: string, content: Content): void {
    this.#journal.signal(room, content);
    this.#rooms?.room(room).signal(payload(content));
  }

  send(letter: Letter): void {
    this.#journal.send(letter);
    this.#letters.set(letter.id, letter);
    this.#sendNow(letter);
  }

  reload(): void {
    const before = this.#rooms;
    this.#rooms = undefined;
    before?.close();
    this.#journal.note({ kind: "reloaded" });
    const rooms = this.#open();
    for (const name of this.#options.rooms) {
      const since = this.#journal.position(name);
      const joined = rooms.room(name).join(since === undefined ? {} : { since });
      joined.catch((error: unknown) => this.#failedOn(rooms, "join", error));
    }
    this.#openInbox(rooms).catch((error: unknown) => this.#failedOn(rooms, "inbox", error));
    for (const { room, content } of this.#publishes.values()) this.#publishNow(room, content);
    for (const letter of this.#letters.values()) this.#sendNow(letter);
  }

  stop(): void {
    const rooms = this.#rooms;
    this.#rooms = undefined;
    rooms?.close();
  }

  #open(): Rooms {
    const { token, device } = this.#options;
    const rooms = createRooms(this.#socket(), {
      token,
      device,
      storage: this.#storage,
      ackTimeout: ACK_TIMEOUT,
    });
    this.#rooms = rooms;
    rooms.on("connect", () => this.#journal.note({ kind: "connected" }));
    rooms.on("disconnect", (reason) => this.#journal.note({ kind: "disconnected", reason }));
    rooms.on("device", ({ taken }) => this.#journal.note({ kind: "device", taken }));
    rooms.on("warning", ({ message }) => this.#journal.note({ kind: "warning", message }));
    rooms.on("end", (error) => {
      // Closing it by choice is an end as well, but it is then not the current one any more.
      if (this.#rooms === rooms) this.#failed("session", error);
    });
    for (const name of this.#options.rooms) {
      const room = rooms.room(name);
      room.on("message", (message: RoomMessage) => this.#journal.delivered(message));
      room.on("signal", (signal) => this.#journal.signalled(signal));
      room.on("presence", (members) => this.#journal.present(name, [...members.values()]));
      room.on("joined", ({ recovered, position }) => this.#journal.joined(name, position, { recovered }));
      room.on("left", (error) => this.#failed("join", error));
    }
    return rooms;
  }

  #socket(): SocketLike {
    const { port, protocol } = this.#options;
    const url = `http://127.0.0.1:${port}`;
    if (protocol === "plain") return plainIo(url, { ...RECONNECTION, WebSocket });
    return socketIo(url, { ...RECONNECTION }); // which writes its path into them
  }

  #openInbox(rooms: Rooms): Promise<unknown> {
    return rooms.inbox.process((item) => this.#journal.item(item, false));
  }

  #publishNow(room: string, content: Content): void {
    const rooms = this.#rooms;
    rooms
      ?.room(room)
      .publish(payload(content), { id: content.id })
      .then(
        ({ position }) => {
          this.#publishes.delete(content.id);
          this.#journal.publishAcked(room, content.id, position);
        },
        (error: unknown) => this.#failedOn(rooms, "publish", error),
      );
  }

  #sendNow(letter: Letter): void {
    const rooms = this.#rooms;
    const { to, id, n, receipt } = letter;
    rooms?.send(to, payload({ by: this.name, n, size: 20, binaries: 0 }), { id, receipt }).then(
      () => {
        this.#letters.delete(id);
        this.#journal.sendAcked(to, id);
      },
      (error: unknown) => this.#failedOn(rooms, "send", error),
    );
  }

  /** What fails by being closed is done again by the next one, if there is one. */
  #failedOn(rooms: Rooms, call: string, error: unknown): void {
    if (this.#rooms === rooms) this.#failed(call, error);
  }

  #failed(call: string, error: unknown): void {
    const code = error instanceof RoomsError ? error.code : "unknown";
    const message = error instanceof Error ? error.message : String(error);
    this.#journal.note({ kind: "refused", call, code, message });
  }
}

/** Storage as a browser has it. */
class MapStorage implements KeyValue {
  readonly #values = new Map<string, string>();

  getItem(key: string): string | null {
    return this.#values.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.#values.set(key, value);
  }

  removeItem(key: string): void {
    this.#values.delete(key);
  }
}
