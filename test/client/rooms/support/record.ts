/** What a room told, in order, so that a test misses nothing and sees what came besides. */
import type { Room, RoomMessage } from "../../../../clients/typescript/src/rooms/index.js";
import { until } from "../../../support/deadline.js";

export class RoomRecord {
  /** `data` of messages, and "joined" or "lost" for each `joined`. */
  readonly told: unknown[] = [];
  readonly messages: RoomMessage[] = [];

  constructor(readonly room: Room) {
    room.on("message", (message) => {
      this.messages.push(message);
      this.told.push(message.data);
    });
    room.on("joined", ({ recovered }) => this.told.push(recovered ? "joined" : "lost"));
  }

  get data(): unknown[] {
    return this.messages.map(({ data }) => data);
  }

  /** Resolves once so many messages have come. */
  async count(count: number): Promise<void> {
    const { name } = this.room;
    await until(() => this.messages.length >= count, `${name} has ${count} messages`, 15_000);
  }
}

/** Resolves with the event's first value the next time that it comes. */
export function next<T>(source: { on(event: never, listener: never): unknown }, event: string): Promise<T> {
  return new Promise((resolve) => {
    source.on(event as never, ((value: T) => resolve(value)) as never);
  });
}
