/** A RoomLog with a device around it that does what it says, against a LogServer; and a record of what was delivered. */
import type { Position, RoomMessage } from "../../../../clients/typescript/src/rooms/index.js";
import {
  RoomLog,
  type LogEffect,
  type LogLimits,
} from "../../../../clients/typescript/src/rooms/room-log.js";
import type { LogServer } from "./log-server.js";

export type Told =
  | { type: "message"; position: Position }
  /** `recovered` true or false, as the application is told. */
  | { type: "joined"; recovered: boolean; position: Position };

export class LogDevice {
  readonly #server: LogServer;
  readonly #pageSize: number;
  readonly log: RoomLog;
  readonly told: Told[] = [];
  /** Live messages that are on their way, oldest first. */
  readonly #wire: RoomMessage[] = [];
  #asked: { join: boolean; after?: Position } | undefined;
  #isIn = false;

  constructor(server: LogServer, limits: LogLimits, pageSize: number) {
    this.#server = server;
    this.#pageSize = pageSize;
    this.log = new RoomLog(limits);
    this.log.begin(undefined);
  }

  get isConnected(): boolean {
    return this.#isIn || this.#asked !== undefined;
  }

  get isIdle(): boolean {
    return this.#asked === undefined && this.#wire.length === 0;
  }

  connect(): void {
    if (!this.isConnected) this.#callJoin();
  }

  cut(): void {
    this.#asked = undefined;
    this.#wire.length = 0;
    this.#isIn = false;
    this.log.away();
  }

  /** A message is broadcast; the network may lose it, as a broadcast between servers can. */
  broadcast(message: RoomMessage, isLost: boolean): void {
    if (this.#isIn && !isLost) this.#wire.push(message);
  }

  /** The oldest broadcast on its way arrives, again if `isRepeated`. */
  arrive(isRepeated: boolean): void {
    const message = isRepeated ? this.#wire[0] : this.#wire.shift();
    if (message !== undefined) this.#perform(this.log.received(message));
  }

  /** The server answers what was asked. Its answers to calls cannot overtake what it had sent before. */
  answer(): void {
    const asked = this.#asked;
    if (asked === undefined) return;
    while (this.#wire.length > 0) this.arrive(false);
    if (this.#asked !== asked) return;
    this.#asked = undefined;
    if (asked.join) {
      this.#isIn = true;
      this.#perform(this.log.joined(this.#server.join(this.log.position, this.#pageSize)));
    } else if (asked.after !== undefined) {
      const page = this.#server.after(asked.after, this.#pageSize);
      this.#perform(page === undefined ? this.log.unreadable() : this.log.page(page));
    }
  }

  /** What was asked fails, and may be tried again. */
  fail(): void {
    if (this.#asked === undefined || this.#asked.join) return;
    this.#asked = undefined;
    this.#perform(this.log.readingFailed());
  }

  #callJoin(): void {
    this.log.joining();
    this.#asked = { join: true };
  }

  #perform(effects: readonly LogEffect[]): void {
    for (const effect of effects) {
      switch (effect.do) {
        case "deliver":
          this.told.push({ type: "message", position: effect.message.position });
          break;
        case "joined":
          this.told.push({ type: "joined", recovered: effect.recovered, position: effect.position });
          break;
        case "rejoin":
          this.#callJoin();
          break;
        case "read":
          this.#asked = { join: false, after: effect.after };
      }
    }
  }
}
