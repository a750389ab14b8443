/** One connection's stay in a room: it joins at every connect, and keeps who is there. Knows no document. */
import type { Member, RoomMessage } from "../../server/events.js";
import { afterChange, isArrival } from "./members.js";
import type { RoomSocket } from "./room-socket.js";

export type SessionState = "connecting" | "online" | "offline" | "refused";

/** What a session tells the page. */
export interface SessionView {
  onState(state: SessionState): void;
  onMessage(message: RoomMessage, own: boolean): void;
  onMembers(members: readonly Member[], self: string | undefined): void;
  /** Something that happened, in words. */
  onNote(text: string, trouble: boolean): void;
}

export class Session {
  #self: string | undefined;
  #members: Member[] = [];
  #joined: string | undefined;
  #state: SessionState = "offline";

  constructor(
    private readonly socket: RoomSocket,
    private readonly view: SessionView,
    private room: string,
  ) {
    socket.on("connect", () => this.#setState("online"));
    socket.on("welcome", ({ sid }) => {
      this.#self = sid;
      this.#join(this.room);
    });
    socket.on("message", (message) => {
      if (message.room === this.#joined) view.onMessage(message, message.from.sid === this.#self);
    });
    socket.on("presence", (change) => {
      if (change.room !== this.#joined) return;
      if (isArrival(this.#members, change)) view.onNote(`${change.name} joined`, false);
      if (change.type === "leave") view.onNote(`${change.name} left`, false);
      this.#setMembers(afterChange(this.#members, change));
    });
    socket.on("disconnect", () => this.#onDown("The connection was lost. Reconnecting…"));
    socket.on("connect_error", (error) => {
      if (!socket.active) this.#onRefused(error.message);
    });
  }

  get state(): SessionState {
    return this.#state;
  }

  connect(): void {
    this.#setState("connecting");
    this.socket.connect();
  }

  disconnect(): void {
    const wasOnline = this.#state === "online";
    this.socket.disconnect();
    // While it was still connecting, the socket has nothing to report.
    if (!wasOnline) this.#setState("offline");
  }

  moveTo(room: string): void {
    const left = this.#joined;
    this.room = room;
    if (left === room) return;
    this.#joined = undefined;
    this.#setMembers([]);
    if (!this.socket.connected || this.#self === undefined) return;
    if (left !== undefined) this.socket.emit("leave", { room: left }, (answer) => this.#complain(answer));
    this.#join(room);
  }

  /** Whether it was sent: nothing waits for a connection that is not there, as it might come very late. */
  publish(text: string): boolean {
    if (this.#joined === undefined || !this.socket.connected) return false;
    this.socket.emit("publish", { room: this.#joined, data: text }, (answer) => this.#complain(answer));
    return true;
  }

  #join(room: string): void {
    this.socket.emit("join", { room }, (answer) => {
      if (room !== this.room) return; // moved on meanwhile
      if (!answer.ok) {
        this.#complain(answer);
        return;
      }
      this.#joined = room;
      this.#setMembers(answer.members);
      this.view.onNote(`You are in “${room}”`, false);
    });
  }

  #onDown(note: string): void {
    this.#self = undefined;
    this.#joined = undefined;
    this.#setMembers([]);
    const { active } = this.socket;
    this.#setState(active ? "connecting" : "offline");
    this.view.onNote(active ? note : "Disconnected", active);
  }

  #onRefused(reason: string): void {
    this.#setState("refused");
    this.view.onNote(`The server refused the connection: ${reason}`, true);
  }

  #complain(answer: { ok: true } | { ok: false; error: { message: string } }): void {
    if (!answer.ok) this.view.onNote(answer.error.message, true);
  }

  #setState(state: SessionState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.view.onState(state);
  }

  #setMembers(members: Member[]): void {
    this.#members = members;
    this.view.onMembers(members, this.#self);
  }
}
