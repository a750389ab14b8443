/** The shell around send queues: makes their calls, owns their timers, and bounds how much waits in all of them together. */
import type { CallOutcome } from "./calls.js";
import type { Environment } from "./environment.js";
import { ownError, type RoomsError } from "./errors.js";
import { SendQueue, type PendingCall } from "./send-queue.js";
import type { Suspects } from "./suspects.js";
import type { CallName, Results } from "./wire.js";

/** Makes calls, if there is a connection. */
export interface Caller {
  readonly isUp: boolean;
  /** What the server takes of one message's data, in bytes, where it has said so. */
  readonly mostBytes: number | undefined;
  readonly suspects: Suspects;
  tell(name: CallName, argument: object): void;
  call<Name extends CallName>(
    name: Name,
    argument: object,
    done: (outcome: CallOutcome<Results[Name]>) => void,
  ): void;
}

export interface Submission {
  /** Of a publish or a send: it counts in `maxPending`. Without, the call only reads. */
  readonly id?: string;
  /** Of its data. */
  readonly bytes?: number;
  readonly signal?: AbortSignal | undefined;
}

/** How many publishes and sends wait in all send queues. */
export class Pending {
  readonly #max: number;
  count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get isFull(): boolean {
    return this.count >= this.#max;
  }

  add(): void {
    this.count++;
  }

  remove(): void {
    this.count--;
  }
}

export class SendQueueRunner {
  readonly #caller: Caller;
  readonly #environment: Environment;
  readonly #pending: Pending;
  readonly #isReady: () => boolean;
  readonly #sendQueue: SendQueue;
  #stopTimer = (): void => undefined;
  /** When the server wants to be asked again at the earliest. */
  #notBefore = -Infinity;

  /** @param isReady whether this send queue's calls would be taken now. */
  constructor(caller: Caller, environment: Environment, pending: Pending, isReady: () => boolean) {
    this.#caller = caller;
    this.#environment = environment;
    this.#pending = pending;
    this.#isReady = isReady;
    const mostBytes = (): number | undefined => caller.mostBytes;
    this.#sendQueue = new SendQueue(environment.now, environment.random, caller.suspects, mostBytes);
  }

  get isEmpty(): boolean {
    return this.#sendQueue.isEmpty;
  }

  /** Resolves to what the server answers; rejects with a RoomsError. */
  submit<Name extends CallName>(
    name: Name,
    argument: object,
    { id, bytes = 0, signal }: Submission,
  ): Promise<Results[Name]> {
    if (signal?.aborted) return Promise.reject(ownError("aborted"));
    if (id !== undefined && this.#pending.isFull) return Promise.reject(ownError("too_many_pending"));
    if (id !== undefined) this.#pending.add();
    return new Promise((resolve, reject) => {
      const over = (): void => {
        signal?.removeEventListener("abort", abort);
        if (id !== undefined) this.#pending.remove();
      };
      const pendingCall: PendingCall = {
        name,
        argument,
        id,
        bytes,
        resolve: (result) => {
          over();
          resolve(result as Results[Name]); // the answer to the call of this name
        },
        reject: (error) => {
          over();
          reject(error);
        },
      };
      const abort = (): void => {
        this.#sendQueue.drop(pendingCall);
        pendingCall.reject(ownError("aborted"));
        this.flush();
      };
      signal?.addEventListener("abort", abort);
      this.#sendQueue.add(pendingCall);
      this.flush();
    });
  }

  /** A new connection: what had to wait for the old one's sake need not wait any longer. */
  renew(): void {
    if (this.#environment.now() < this.#notBefore) return;
    this.#stopTimer();
    this.#sendQueue.resume();
    this.flush();
  }

  /** Makes the next call, if it is time. */
  flush(): void {
    if (!this.#caller.isUp || !this.#isReady()) return;
    const step = this.#sendQueue.next();
    if (step.do !== "call") return;
    const { name, argument } = step.pendingCall;
    this.#caller.call(name, argument, (outcome) => {
      const after = this.#sendQueue.done(outcome);
      if (after.do === "wait") this.#pause(after.ms, after.isAsked);
      else this.flush();
    });
  }

  /** The server has carried out the pending call of this id: its ack is not waited for. */
  seen(id: string, result: object): void {
    this.#sendQueue.seen(id, result);
  }

  rejectAll(error: RoomsError, spareUnderWay = false): void {
    this.#stopTimer();
    this.#sendQueue.resume();
    this.#sendQueue.rejectAll(error, spareUnderWay);
  }

  /** All of it leaves now whose answer nobody will wait for, as far as there is a connection. */
  handOver(): void {
    if (!this.#caller.isUp || !this.#isReady()) return;
    for (const { name, argument, id } of this.#sendQueue.untried)
      if (id !== undefined) this.#caller.tell(name, argument);
  }

  #pause(ms: number, isAsked: boolean): void {
    if (isAsked) this.#notBefore = this.#environment.now() + ms;
    this.#stopTimer = this.#environment.after(ms, () => {
      this.#sendQueue.resume();
      this.flush();
    });
  }
}
