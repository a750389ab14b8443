/** Acks of inboxes that wait for their answer: those of one connection that come while another is answered are seen to together. */
import type { Position } from "../api/types.js";
import type { Done } from "../rooms/outcome.js";

export interface WaitingAck {
  readonly position: Position;
  readonly done: Done<"inbox_ack">;
}

interface Waiting extends WaitingAck {
  readonly answered: () => void;
  readonly failed: (error: unknown) => void;
}

export class WaitingAcks {
  /** By connection. None is kept without one. */
  readonly #acks = new Map<string, Waiting[]>();

  /**
   * Resolves when the ack is answered; rejects with that for which it is not.
   * @param begin Called for the first one of a connection: it sees to it that `answer` is called in its turn.
   */
  add(sid: string, { position, done }: WaitingAck, begin: () => void): Promise<void> {
    return new Promise((answered, failed) => {
      const ack = { position, done, answered, failed };
      const waiting = this.#acks.get(sid);
      if (waiting === undefined) {
        this.#acks.set(sid, [ack]);
        begin();
      } else waiting.push(ack);
    });
  }

  /** Has all answered that wait at this moment. Never rejects. */
  async answer(sid: string, work: (acks: readonly WaitingAck[]) => Promise<void>): Promise<void> {
    const acks = this.#acks.get(sid) ?? [];
    this.#acks.delete(sid);
    try {
      await work(acks);
      for (const { answered } of acks) answered();
    } catch (error) {
      for (const { failed } of acks) failed(error);
    }
  }
}
