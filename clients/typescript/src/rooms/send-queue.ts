/**
 * What goes to the server one after the other: publishes to a room, sends to a user. Nothing overtakes, nothing is sent
 * twice under two ids. A state machine with no I/O: methods return what is to be done.
 */
import { backoffDelay } from "./backoff.js";
import type { CallOutcome } from "./calls.js";
import { ownError, RoomsError } from "./errors.js";
import { tooLarge } from "./sendable.js";
import type { Suspects } from "./suspects.js";
import type { CallName } from "./wire.js";

/** One call that is made until it is answered for good. */
export interface PendingCall {
  readonly name: CallName;
  readonly argument: object;
  /** The id that the server knows it by again; undefined for what may be done twice, as it only reads. */
  readonly id: string | undefined;
  /** Of its data. */
  readonly bytes: number;
  resolve(result: unknown): void;
  reject(error: RoomsError): void;
}

export type SendQueueEffect =
  | { readonly do: "nothing" }
  | { readonly do: "call"; readonly pendingCall: PendingCall }
  /** `isAsked`: the server has said how long; a new connection is no reason to come sooner. */
  | { readonly do: "wait"; readonly ms: number; readonly isAsked: boolean };

/**
 * Milliseconds after its first call in which a pending call may be made again. The server remembers its id for five minutes
 * at least (docs/rooms-api.md, 4.5), counted from the append, which cannot be earlier; the rest is for the way there.
 */
const REPEATABLE = 5 * 60_000 - 20_000;

interface Queued {
  readonly pendingCall: PendingCall;
  /** When it was called first. */
  calledAt: number | undefined;
  /** Whether a try had no answer: it may have been carried out. */
  isUnsure: boolean;
}

export class SendQueue {
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #suspects: Suspects;
  /** What the server takes of one message's data, in bytes, where it has said so. */
  readonly #mostBytes: () => number | undefined;
  readonly #queue: Queued[] = [];
  /** The head of the queue, from its call to its outcome; or one that is not waited for any more. */
  #underWay: Queued | undefined;
  #failures = 0;
  #isPausing = false;

  constructor(
    now: () => number,
    random: () => number,
    suspects: Suspects,
    mostBytes: () => number | undefined,
  ) {
    this.#now = now;
    this.#random = random;
    this.#suspects = suspects;
    this.#mostBytes = mostBytes;
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0 && this.#underWay === undefined;
  }

  add(pendingCall: PendingCall): void {
    this.#queue.push({ pendingCall, calledAt: undefined, isUnsure: false });
  }

  /** What to do next; to be asked only when calls can be made. A call that is returned is under way from then on. */
  next(): SendQueueEffect {
    if (this.#underWay !== undefined || this.#isPausing) return { do: "nothing" };
    for (let head = this.#queue[0]; head !== undefined; head = this.#queue[0]) {
      const error = this.#cannotRetry(head);
      if (error === undefined) {
        head.calledAt ??= this.#now();
        this.#underWay = head;
        this.#suspects.sent(head.pendingCall, head.pendingCall.bytes);
        return { do: "call", pendingCall: head.pendingCall };
      }
      this.#queue.shift();
      head.pendingCall.reject(error);
    }
    return { do: "nothing" };
  }

  /** The call that is under way has this outcome. */
  done(outcome: CallOutcome<unknown>): SendQueueEffect {
    const underWay = this.#underWay;
    this.#underWay = undefined;
    if (underWay === undefined) return { do: "nothing" };
    if (outcome.type === "timeout") this.#suspects.forgotten(underWay.pendingCall);
    else if (outcome.type !== "lost") this.#suspects.answered(underWay.pendingCall);
    if (underWay !== this.#queue[0]) return { do: "nothing" };
    switch (outcome.type) {
      case "lost":
      case "timeout":
        underWay.isUnsure = true;
        return { do: "nothing" };
      case "ok":
        this.#failures = 0;
        this.#queue.shift();
        underWay.pendingCall.resolve(outcome.result);
        return { do: "nothing" };
      case "refused":
        return this.#refused(underWay, outcome.error);
    }
  }

  /** The pause is over, or a new connection makes it pointless. */
  resume(): void {
    this.#isPausing = false;
  }

  /** The pending call of this id is known to be done, if it was called at all. */
  seen(id: string, result: unknown): void {
    const index = this.#queue.findIndex(
      ({ pendingCall, calledAt }) => pendingCall.id === id && calledAt !== undefined,
    );
    const [seen] = index === -1 ? [] : this.#queue.splice(index, 1);
    seen?.pendingCall.resolve(result);
  }

  /** Whoever waited for it does not any more. If it is under way, the next ones still wait for its outcome. */
  drop(pendingCall: PendingCall): void {
    const index = this.#queue.findIndex((queued) => queued.pendingCall === pendingCall);
    if (index !== -1) this.#queue.splice(index, 1);
  }

  /** Rejects all; with `spareUnderWay`, but for the one that the server may be carrying out. */
  rejectAll(error: RoomsError, spareUnderWay: boolean): void {
    const spared = spareUnderWay ? this.#queue.filter((queued) => queued === this.#underWay) : [];
    const rejected = this.#queue.filter((queued) => !spared.includes(queued));
    this.#queue.splice(0, Infinity, ...spared);
    for (const { pendingCall } of rejected) pendingCall.reject(error);
  }

  #refused(queued: Queued, error: RoomsError): SendQueueEffect {
    // A full inbox stays so until somebody reads it: its sender must know, and decide.
    if (error.retryable && error.code !== "inbox_full") {
      this.#isPausing = true;
      // Certainly not carried out: the time in which it can be called again begins anew.
      if (!queued.isUnsure) queued.calledAt = undefined;
      const { retryAfter } = error;
      const ms = Math.max(backoffDelay(++this.#failures, this.#random()), retryAfter ?? 0);
      return { do: "wait", ms, isAsked: retryAfter !== undefined };
    }
    this.#failures = 0;
    this.#queue.shift();
    queued.pendingCall.reject(error);
    return { do: "nothing" };
  }

  /** What was never called yet, in its order. */
  get untried(): readonly PendingCall[] {
    return this.#queue.filter(({ calledAt }) => calledAt === undefined).map(({ pendingCall }) => pendingCall);
  }

  /** Why the call must not be made again. */
  #cannotRetry({ pendingCall, calledAt }: Queued): RoomsError | undefined {
    if (pendingCall.id === undefined) return undefined;
    const most = this.#mostBytes() ?? Infinity;
    if (pendingCall.bytes > most) return tooLarge(pendingCall.bytes, most);
    if (calledAt === undefined) return undefined;
    if (this.#now() - calledAt > REPEATABLE) return ownError("unconfirmed");
    if (!this.#suspects.isTooLarge(pendingCall)) return undefined;
    const message =
      "The connection was lost again and again under this message: something on the way takes less.";
    return new RoomsError("message_too_large", message);
  }
}
