/** Somebody else in a room, over Socket.IO: what a command shows, and what it does to others. */
import { io, type Socket } from "socket.io-client";
import type {
  Ack,
  ClientEvents,
  InboxItem,
  RoomMessage,
  Self,
  ServerEvents,
} from "../../../../server/index.js";
import { Inbox } from "../../support/inbox.js";

type Calls = { [E in keyof ClientEvents]: ClientEvents[E] };

export class Guest {
  readonly messages = new Inbox<RoomMessage>();
  readonly items = new Inbox<InboxItem>();
  readonly #socket: Socket<{ [E in keyof ServerEvents]: ServerEvents[E] }, Calls>;

  private constructor(url: string, auth: object) {
    this.#socket = io(url, { auth, forceNew: true, transports: ["websocket"] });
    this.#socket.on("message", (message) => this.messages.put(message));
    this.#socket.on("inbox", (item) => this.items.put(item));
  }

  /** Connects. @param auth As docs/rooms-api.md, 2.1. */
  static async connect(url: string, auth: object): Promise<Guest> {
    const guest = new Guest(url, auth);
    await new Promise<Self>((resolve) => guest.#socket.once("welcome", resolve));
    return guest;
  }

  async join(room: string): Promise<void> {
    taken(await this.#socket.emitWithAck("join", { room }));
  }

  async leave(room: string): Promise<void> {
    taken(await this.#socket.emitWithAck("leave", { room }));
  }

  async publish(room: string, data: unknown): Promise<void> {
    taken(await this.#socket.emitWithAck("publish", { room, data }));
  }

  async send(to: string, data: unknown): Promise<void> {
    taken(await this.#socket.emitWithAck("send", { to, data }));
  }

  /** Opens the inbox; what is in it comes as `items`. */
  async openInbox(): Promise<void> {
    taken(await this.#socket.emitWithAck("inbox", {}));
  }

  async processed(item: InboxItem): Promise<void> {
    taken(await this.#socket.emitWithAck("inbox_ack", { position: item.position }));
  }

  close(): void {
    this.#socket.disconnect();
  }
}

function taken(answer: Ack): void {
  if (!answer.ok) throw new Error(answer.error.message);
}
