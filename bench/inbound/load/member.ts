/** A client that comes in: it connects, is welcomed, and joins a room. */
import type { Dialect } from "../dialects.js";
import { Connection, type Target } from "./connection.js";

export interface Entry extends Omit<Target, "path"> {
  dialect: Dialect;
  room: string;
}

export interface MemberHandlers {
  /** The client is in. */
  joined(): void;
  /** Before it was in, or later: the connection is over, and nobody dropped it. */
  lost(error: Error): void;
}

export class Member {
  readonly #connection: Connection;
  readonly #separator: number | undefined;
  /** The last that was heard before it was in. */
  #last = "nothing";
  #hear: (text: Buffer) => void;
  #lose: (error: Error) => void;

  constructor({ dialect, room, ...target }: Entry, handlers: MemberHandlers) {
    const { path, hello, welcome, joined, separator } = dialect;
    this.#separator = separator?.charCodeAt(0);
    this.#lose = (error) => handlers.lost(error);
    let isWelcome = false;
    const join = () => {
      isWelcome = true;
      this.#connection.say(dialect.join(room));
    };
    this.#hear = (text) => {
      this.#last = text.toString();
      if (!isWelcome && welcome !== undefined && this.#last.startsWith(welcome)) join();
      else if (isWelcome && this.#last.startsWith(joined)) handlers.joined();
    };
    this.#connection = new Connection(
      { ...target, path },
      {
        open: () => {
          if (hello !== undefined) this.#connection.say(hello);
          if (welcome === undefined) join();
        },
        message: (text) => this.#onMessage(text),
        lost: (error) => this.#lose(error),
      },
    );
  }

  /** That came in so far. */
  get bytes(): number {
    return this.#connection.bytes;
  }

  get lastHeard(): string {
    return this.#last;
  }

  /** @param frame As `textFrame` makes it. */
  send(frame: Buffer): void {
    this.#connection.send(frame);
  }

  /** From now on each message goes to `hear`, which must not keep it, and the end of the connection to `lose`. */
  takeOver(hear: (text: Buffer) => void, lose: (error: Error) => void): void {
    this.#hear = hear;
    this.#lose = lose;
  }

  /** From now on only counts what comes. */
  onlyCount(): void {
    this.#connection.onlyCount();
  }

  drop(): void {
    this.#connection.drop();
  }

  #onMessage(text: Buffer): void {
    let start = 0;
    if (this.#separator !== undefined) {
      for (let end; (end = text.indexOf(this.#separator, start)) !== -1; start = end + 1) {
        this.#hear(text.subarray(start, end));
      }
    }
    this.#hear(text.subarray(start));
  }
}

/** Milliseconds for a client to be in, where they do not all come at once. */
const DEADLINE = 30_000;

/** Resolves when the client is in; rejects if it is refused, or is not in by then. */
export function comeIn(entry: Entry): Promise<Member> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      member.drop();
      reject(new Error(`a client is not in after ${DEADLINE} ms; it heard last: ${member.lastHeard}`));
    }, DEADLINE);
    const member = new Member(entry, {
      joined: () => {
        clearTimeout(timer);
        resolve(member);
      },
      lost: (error) => {
        clearTimeout(timer);
        reject(error);
      },
    });
  });
}
