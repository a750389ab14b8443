/** A room of a client with no layer: joins, repairs gaps and publishes by docs/rooms-api.md, 4 and 5, alone. */
import type { Content, Position } from "../records.js";
import { isAfter, jsonPayload } from "./device.js";
import type { Journal, Member, Message } from "./journal.js";

export type Result = Readonly<Record<string, unknown>>;

/** Makes calls on the connection that there is; what becomes of them when it is lost, nobody hears. */
export interface Host {
  readonly journal: Journal;
  /**
   * A call that may succeed later is made again. One that is refused for good is written down as a breach, unless
   * `refused` returns true for its code.
   */
  call(
    event: string,
    argument: object,
    done: (result: Result) => void,
    refused?: (code: string) => boolean,
  ): void;
}

export class FramesRoom {
  readonly #name: string;
  readonly #host: Host;
  readonly #joinedFirst: () => void;
  #last: Position | undefined;
  /** Live messages that came while something before them was not there yet. Undefined: not joined. */
  #held: Message[] | undefined;
  #repairing = false;
  readonly #queue: Content[] = [];
  #publishing = false;

  constructor(name: string, host: Host, joinedFirst: () => void) {
    this.#name = name;
    this.#host = host;
    this.#joinedFirst = joinedFirst;
  }

  connected(): void {
    const since = this.#last;
    const call = { room: this.#name, ...(since === undefined ? {} : { since }) };
    this.#host.call("join", call, (answer) => this.#joined(answer, since));
  }

  disconnected(): void {
    this.#held = undefined;
    this.#repairing = false;
    this.#publishing = false;
  }

  message(message: Message): void {
    this.#held?.push(message);
    this.#deliverHeld();
  }

  publish(content: Content): void {
    this.#queue.push(content);
    this.#publishNext();
  }

  signal(content: Content): void {
    if (this.#held === undefined) return;
    this.#host.journal.signal(this.#name, content);
    this.#host.call("signal", { room: this.#name, data: jsonPayload(content) }, () => undefined);
  }

  #joined(result: Result, since: Position | undefined): void {
    const position = result["position"] as Position;
    this.#held = [];
    this.#host.journal.present(this.#name, result["members"] as Member[]);
    if (since === undefined) {
      this.#last = position;
      this.#host.journal.joined(this.#name, position, {});
      this.#joinedFirst();
    } else if (result["recovered"] === true) {
      const messages = result["messages"] as Message[];
      const recovery = { since, messages: messages.length };
      this.#host.journal.joined(this.#name, position, { recovered: true, recovery });
      for (const message of messages) this.#deliver(message);
    } else {
      // Perhaps there was only too much for one ack (docs/rooms-api.md, 5.4).
      this.#repair(position, () => this.#host.journal.joined(this.#name, position, { recovered: true }));
      return;
    }
    this.#publishNext();
  }

  #deliverHeld(): void {
    if (this.#held === undefined || this.#repairing) return;
    for (let next = this.#held[0]; next !== undefined; next = this.#held[0]) {
      const { epoch, offset } = next.position;
      if (epoch !== this.#last?.epoch || offset > this.#last.offset + 1) {
        this.#repair({ epoch, offset: offset - 1 }, () => undefined);
        return;
      }
      this.#held.shift();
      if (isAfter(next.position, this.#last)) this.#deliver(next);
    }
  }

  /** Reads what is after the last message from the log; what is not kept up to `until` is declared lost. */
  #repair(until: Position, whole: () => void): void {
    this.#repairing = true;
    const over = (): void => {
      this.#repairing = false;
      this.#deliverHeld();
      this.#publishNext();
    };
    const lost = (code: string): boolean => {
      if (code !== "unknown_position") return false;
      this.#last = until;
      this.#host.journal.joined(this.#name, until, { recovered: false });
      over();
      return true;
    };
    const read = (): void => {
      this.#host.call("history", { room: this.#name, after: this.#last, limit: 500 }, page, lost);
    };
    const page = ({ messages, more }: Result): void => {
      for (const message of messages as Message[]) this.#deliver(message);
      if (more === true) return read();
      whole();
      over();
    };
    read();
  }

  #deliver(message: Message): void {
    this.#last = message.position;
    this.#host.journal.delivered(message);
  }

  /** One at a time, so that the order is that of the calls (docs/rooms-api.md, 4.6). */
  #publishNext(): void {
    const content = this.#queue[0];
    if (content === undefined || this.#publishing || this.#held === undefined) return;
    this.#publishing = true;
    const { id } = content;
    this.#host.call(
      "publish",
      { room: this.#name, id, data: jsonPayload(content) },
      ({ position, duplicate }) => {
        this.#host.journal.publishAcked(this.#name, id, position as Position, duplicate === true);
        this.#queue.shift();
        this.#publishing = false;
        this.#publishNext();
      },
    );
  }
}
