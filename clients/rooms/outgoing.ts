/**
 * What goes to the server one after the other: publishes to a room, sends to a user. Nothing overtakes, nothing is sent
 * twice under two ids. A state machine with no I/O: methods return what is to be done.
 */
import { backoffDelay } from "./backoff.js";
import type { Outcome } from "./calls.js";
import { ownError, RoomsError } from "./errors.js";
import type { CallName } from "./wire.js";

/** One call that is made until it is answered for good. */
export interface Errand {
  readonly name: CallName;
  readonly argument: object;
  /** The id that the server knows it by again; undefined for what may be done twice, as it only reads. */
  readonly id: string | undefined;
  resolve(result: unknown): void;
  reject(error: RoomsError): void;
}

export type LaneStep =
  | { readonly do: "nothing" }
  | { readonly do: "call"; readonly errand: Errand }
  | { readonly do: "wait"; readonly ms: number };

/**
 * Milliseconds after its first call in which an errand may be made again. The server remembers its id for five minutes
 * at least (docs/rooms-api.md, 4.5), counted from the append, which cannot be earlier; the rest is for the way there.
 */
const REPEATABLE = 5 * 60_000 - 20_000;

/**
 * Past this many lost connections in a row under one large message, it is taken for their cause: transports close the
 * connection on what is larger than they take.
 */
const MAX_LOSSES = 5;

/** Characters of JSON from which on a message is a large one; the server's usual limit is 65,536 bytes. */
const LARGE = 100_000;

interface Queued {
  readonly errand: Errand;
  /** When it was called first. */
  calledAt: number | undefined;
  /** Connections lost in a row while it was under way. */
  losses: number;
  /** Whether a try had no answer: it may have been carried out. */
  isUnsure: boolean;
}

export class Lane {
  private readonly queue: Queued[] = [];
  /** The head of the queue, from its call to its outcome; or one that is not waited for any more. */
  private underWay: Queued | undefined;
  private failures = 0;
  private isPausing = false;

  constructor(
    private readonly now: () => number,
    private readonly random: () => number,
  ) {}

  get isEmpty(): boolean {
    return this.queue.length === 0 && this.underWay === undefined;
  }

  add(errand: Errand): void {
    this.queue.push({ errand, calledAt: undefined, losses: 0, isUnsure: false });
  }

  /** What to do next; to be asked only when calls can be made. A call that is returned is under way from then on. */
  next(): LaneStep {
    if (this.underWay !== undefined || this.isPausing) return { do: "nothing" };
    for (let head = this.queue[0]; head !== undefined; head = this.queue[0]) {
      const error = this.hopeless(head);
      if (error === undefined) {
        head.calledAt ??= this.now();
        this.underWay = head;
        return { do: "call", errand: head.errand };
      }
      this.queue.shift();
      head.errand.reject(error);
    }
    return { do: "nothing" };
  }

  /** The call that is under way has this outcome. */
  done(outcome: Outcome<unknown>): LaneStep {
    const { underWay } = this;
    this.underWay = undefined;
    if (underWay === undefined || underWay !== this.queue[0]) return { do: "nothing" };
    switch (outcome.type) {
      case "lost":
        underWay.losses++;
        underWay.isUnsure = true;
        return { do: "nothing" };
      case "timeout":
        underWay.isUnsure = true;
        return { do: "nothing" };
      case "ok":
        this.failures = 0;
        this.queue.shift();
        underWay.errand.resolve(outcome.result);
        return { do: "nothing" };
      case "refused":
        underWay.losses = 0;
        return this.refused(underWay, outcome.error);
    }
  }

  /** The pause is over, or a new connection makes it pointless. */
  resume(): void {
    this.isPausing = false;
  }

  /** The errand of this id is known to be done, if it was called at all. */
  seen(id: string, result: unknown): void {
    const index = this.queue.findIndex(({ errand, calledAt }) => errand.id === id && calledAt !== undefined);
    const [seen] = index === -1 ? [] : this.queue.splice(index, 1);
    seen?.errand.resolve(result);
  }

  /** Whoever waited for it does not any more. If it is under way, the next ones still wait for its outcome. */
  drop(errand: Errand): void {
    const index = this.queue.findIndex((queued) => queued.errand === errand);
    if (index !== -1) this.queue.splice(index, 1);
  }

  /** Rejects all; with `spareUnderWay`, but for the one that the server may be carrying out. */
  rejectAll(error: RoomsError, spareUnderWay: boolean): void {
    const spared = spareUnderWay ? this.queue.filter((queued) => queued === this.underWay) : [];
    const rejected = this.queue.filter((queued) => !spared.includes(queued));
    this.queue.splice(0, Infinity, ...spared);
    for (const { errand } of rejected) errand.reject(error);
  }

  private refused(queued: Queued, error: RoomsError): LaneStep {
    // A full inbox stays so until somebody reads it: its sender must know, and decide.
    if (error.retryable && error.code !== "inbox_full") {
      this.isPausing = true;
      // Certainly not carried out: the time in which it can be called again begins anew.
      if (!queued.isUnsure) queued.calledAt = undefined;
      return { do: "wait", ms: backoffDelay(++this.failures, this.random()) };
    }
    this.failures = 0;
    this.queue.shift();
    queued.errand.reject(error);
    return { do: "nothing" };
  }

  /** Why the call must not be made again. */
  private hopeless({ errand, calledAt, losses }: Queued): RoomsError | undefined {
    if (errand.id === undefined || calledAt === undefined) return undefined;
    if (this.now() - calledAt > REPEATABLE) return ownError("unconfirmed");
    if (losses < MAX_LOSSES || JSON.stringify(errand.argument).length < LARGE) return undefined;
    const message = `The connection was lost ${losses} times under this message: it is larger than the server takes.`;
    return new RoomsError("message_too_large", message);
  }
}
