/** The shell around lanes: makes their calls, owns their timers, and bounds how much waits in all of them together. */
import type { Outcome } from "./calls.js";
import type { Environment } from "./environment.js";
import { ownError, type RoomsError } from "./errors.js";
import { Lane, type Errand } from "./outgoing.js";
import type { CallName, Results } from "./wire.js";

/** Makes calls, if there is a connection. */
export interface Caller {
  readonly isUp: boolean;
  call<Name extends CallName>(
    name: Name,
    argument: object,
    done: (outcome: Outcome<Results[Name]>) => void,
  ): void;
}

export interface Submission {
  /** Of a publish or a send: it counts in `maxPending`. Without, the call only reads. */
  readonly id?: string;
  readonly signal?: AbortSignal | undefined;
}

/** How many publishes and sends wait in all lanes. */
export class Pending {
  private count = 0;

  constructor(private readonly max: number) {}

  get isFull(): boolean {
    return this.count >= this.max;
  }

  add(): void {
    this.count++;
  }

  remove(): void {
    this.count--;
  }
}

export class OutLane {
  private readonly lane: Lane;
  private stopTimer = (): void => undefined;

  /** @param isReady whether this lane's calls would be taken now. */
  constructor(
    private readonly caller: Caller,
    private readonly environment: Environment,
    private readonly pending: Pending,
    private readonly isReady: () => boolean,
  ) {
    this.lane = new Lane(environment.now, environment.random);
  }

  get isEmpty(): boolean {
    return this.lane.isEmpty;
  }

  /** Resolves to what the server answers; rejects with a RoomsError. */
  submit<Name extends CallName>(
    name: Name,
    argument: object,
    { id, signal }: Submission,
  ): Promise<Results[Name]> {
    if (signal?.aborted) return Promise.reject(ownError("aborted"));
    if (id !== undefined && this.pending.isFull) return Promise.reject(ownError("too_many_pending"));
    if (id !== undefined) this.pending.add();
    return new Promise((resolve, reject) => {
      const over = (): void => {
        signal?.removeEventListener("abort", abort);
        if (id !== undefined) this.pending.remove();
      };
      const errand: Errand = {
        name,
        argument,
        id,
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
        this.lane.drop(errand);
        errand.reject(ownError("aborted"));
        this.flush();
      };
      signal?.addEventListener("abort", abort);
      this.lane.add(errand);
      this.flush();
    });
  }

  /** A new connection: what had to wait for the old one's sake need not wait any longer. */
  renew(): void {
    this.stopTimer();
    this.lane.resume();
    this.flush();
  }

  /** Makes the next call, if it is time. */
  flush(): void {
    if (!this.caller.isUp || !this.isReady()) return;
    const step = this.lane.next();
    if (step.do !== "call") return;
    const { name, argument } = step.errand;
    this.caller.call(name, argument, (outcome) => {
      const after = this.lane.done(outcome);
      if (after.do === "wait") this.pause(after.ms);
      else this.flush();
    });
  }

  /** The server has carried out the errand of this id: its ack is not waited for. */
  seen(id: string, result: object): void {
    this.lane.seen(id, result);
  }

  rejectAll(error: RoomsError, spareUnderWay = false): void {
    this.stopTimer();
    this.lane.resume();
    this.lane.rejectAll(error, spareUnderWay);
  }

  private pause(ms: number): void {
    this.stopTimer = this.environment.after(ms, () => {
      this.lane.resume();
      this.flush();
    });
  }
}
