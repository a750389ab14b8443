/** A model of the server's side of one room's log, as docs/rooms-api.md, 5 and 6, has it. */
import type { Position, RoomMessage } from "../../../../clients/typescript/src/rooms/index.js";
import type { HistoryPage } from "../../../../clients/typescript/src/rooms/wire.js";

export class LogServer {
  epoch = 1;
  /** The oldest offset that is kept, and the newest that there ever was. */
  first = 1;
  last = 0;
  /** What everything ever published was, by epoch and offset. */
  readonly published: RoomMessage[] = [];

  get position(): Position {
    return { epoch: `e${this.epoch}`, offset: this.last };
  }

  publish(): RoomMessage {
    this.last++;
    const message = messageAt(this.position);
    this.published.push(message);
    return message;
  }

  trim(count: number): void {
    this.first = Math.min(this.first + count, this.last + 1);
  }

  /** The log is lost and begun anew. */
  lose(): void {
    this.epoch++;
    this.first = 1;
    this.last = 0;
  }

  /** The answer to a join. */
  join(
    since: Position | undefined,
    atMost: number,
  ): { position: Position; recovered?: boolean; messages?: RoomMessage[] } {
    if (since === undefined) return { position: this.position };
    const page = this.after(since, atMost);
    const recovered = page !== undefined && !page.more;
    return { position: this.position, recovered, messages: recovered ? [...page.messages] : [] };
  }

  /** A page of the log; undefined is the error `unknown_position`. */
  after({ epoch, offset }: Position, limit: number): HistoryPage | undefined {
    if (epoch !== this.position.epoch || offset > this.last || offset < this.first - 1) return undefined;
    const messages = this.published.filter(
      ({ position }) => position.epoch === epoch && position.offset > offset,
    );
    return {
      messages: messages.slice(0, limit),
      more: messages.length > limit,
      position: this.position,
    };
  }
}

/** A message whose id is its position. */
export function messageAt(position: Position): RoomMessage {
  const { epoch, offset } = position;
  const from = { user: "ada", name: "Ada", sid: "s", transport: "bridge" } as const;
  return { room: "r", id: `${epoch}:${offset}`, position, from, data: null, at: 0 };
}
