/** What is on its way in one direction of one connection: in order, each piece not before its time. */
import { now } from "../message.js";

export class DelayLine<Piece> {
  readonly #deliver: (piece: Piece) => void;
  readonly #waiting: { piece: Piece; due: number }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isHeld = false;
  #isClosed = false;

  constructor(deliver: (piece: Piece) => void) {
    this.#deliver = deliver;
  }

  /** @param due Microseconds by `now()`. */
  push(piece: Piece, due: number): void {
    if (this.#isClosed) return;
    this.#waiting.push({ piece, due });
    if (this.#timer === undefined) this.#flush();
  }

  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    if (this.#timer === undefined) this.#flush();
  }

  /** Forgets what waits. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }

  #flush(): void {
    this.#timer = undefined;
    while (!this.#isHeld) {
      const [first] = this.#waiting;
      if (first === undefined) return;
      const wait = (first.due - now()) / 1000;
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#flush(), wait);
        return;
      }
      this.#waiting.shift();
      this.#deliver(first.piece);
    }
  }
}
