/** The events of an answer to a GET (PROTOCOL.md, 12.5), as they come: a stream and a poll have one syntax. Pure. Imports nothing. */

export type StreamEvent =
  /** The number of the first frame that follows. */
  | { readonly type: "open"; readonly next: number }
  | { readonly type: "frame"; readonly text: string }
  | { readonly type: "ping" }
  | { readonly type: "close"; readonly code: number; readonly reason: string }
  /** One of ours that cannot be read: the answer is none. */
  | { readonly type: "malformed" };

/** Takes text in pieces of any size. What ends in the middle of an event has not come. */
export class EventStreamParser {
  /** Pieces of a line whose end has not come. In pieces, as a long frame would else be searched again with each of them. */
  #rest: string[] = [];
  #name = "";
  #data: string[] = [];

  push(text: string): StreamEvent[] {
    const events: StreamEvent[] = [];
    let from = 0;
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", from)) {
      this.#rest.push(text.slice(from, at));
      from = at + 1;
      const line = this.#rest.length === 1 ? (this.#rest[0] ?? "") : this.#rest.join("");
      this.#rest = [];
      const event = this.#line(line);
      if (event !== undefined) events.push(event);
    }
    if (from < text.length) this.#rest.push(text.slice(from));
    return events;
  }

  #line(line: string): StreamEvent | undefined {
    if (line === "") return this.#complete();
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    // One space after the colon belongs to the syntax. Comments have no name.
    const value = colon === -1 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    if (field === "event") this.#name = value;
    else if (field === "data") this.#data.push(value);
    return undefined;
  }

  #complete(): StreamEvent | undefined {
    const [name, data] = [this.#name, this.#data];
    this.#name = "";
    this.#data = [];
    if (data.length === 0) return undefined;
    const text = data.length === 1 ? (data[0] ?? "") : data.join("\n");
    switch (name) {
      case "":
        return { type: "frame", text };
      case "open":
        return opened(text);
      case "ping":
        return { type: "ping" };
      case "close":
        return closed(text);
      default:
        return undefined; // a newer server's
    }
  }
}

function opened(text: string): StreamEvent {
  const { next } = fieldsOf(text);
  return isCount(next) ? { type: "open", next } : { type: "malformed" };
}

function closed(text: string): StreamEvent {
  const { code, reason } = fieldsOf(text);
  if (!isCount(code)) return { type: "malformed" };
  return { type: "close", code, reason: typeof reason === "string" ? reason : "" };
}

/** The fields of a JSON object, or none. */
export function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  const none = Object.create(null) as Record<string, unknown>;
  try {
    const value: unknown = JSON.parse(text);
    // A field that is not there must not be found on Object.prototype.
    return typeof value === "object" && value !== null ? Object.assign(none, value) : none;
  } catch {
    return none; // it is no JSON
  }
}

/** Whether it is an integer from 0 up. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
