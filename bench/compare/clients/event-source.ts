/** The browser's end of a text/event-stream: what is sent, and when it comes back. Reads only what our servers send. */
import type { Message } from "../message.js";
import { readMessage } from "../message.js";

/** Milliseconds after which Chromium comes back by itself, where the server says nothing else. */
export const RECONNECT = 3_000;

export class EventReader {
  readonly #onMessage: (message: Message) => void;
  #rest = "";
  /** The newest id that was seen. */
  lastId: string | undefined;

  constructor(onMessage: (message: Message) => void) {
    this.#onMessage = onMessage;
  }

  /** Of a new connection. */
  begin(): void {
    this.#rest = "";
  }

  push(text: string): void {
    const events = (this.#rest + text).split("\n\n");
    this.#rest = events.pop() ?? "";
    for (const event of events) this.#take(event);
  }

  #take(event: string): void {
    let data: string | undefined;
    for (const line of event.split("\n")) {
      if (line.startsWith("id: ")) this.lastId = line.slice(4);
      else if (line.startsWith("data: ")) data = line.slice(6);
    }
    if (data !== undefined) this.#onMessage(readMessage(data));
  }
}
