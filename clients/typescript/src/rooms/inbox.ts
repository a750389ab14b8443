/** The inbox, as the application has it: opens it again after each reconnect, and has its items processed one by one. */
import type { Inbox, InboxItem, Position } from "./api.js";
import { backoffDelay } from "./backoff.js";
import type { Environment } from "./environment.js";
import { ownError, unlessClosed, type RoomsError } from "./errors.js";
import { toError } from "../shared/user-code.js";
import { InboxItems } from "./inbox-items.js";
import { InboxLog, type InboxAction } from "./inbox-log.js";
import { andThen, isLater, type Maybe } from "./later.js";
import type { Caller } from "./send-queue-runner.js";
import { Rejoins } from "./rejoins.js";
import type { StoredState } from "./storage.js";

export interface InboxHost extends Caller {
  readonly device: string | undefined;
  readonly environment: Environment;
  readonly kept: StoredState;
  /** Why nothing can be done any more, after the end. */
  readonly over: RoomsError | undefined;
  warn(error: Error): void;
  /** Items that this device had not processed are gone. */
  inboxLost(): void;
}

type Processor = (item: InboxItem) => void | Promise<void>;
type Waiter = { resolve: (opened: { waiting: number }) => void; reject: (error: RoomsError) => void };

export class InboxHandle implements Inbox {
  readonly #host: InboxHost;
  #log = new InboxLog(undefined);
  /** Whose inbox `log` is of. */
  #user: string | undefined;
  #processor: Processor | undefined;
  /** Whether the inbox was asked for: it is opened on each connection from then on. */
  #isWanted = false;
  #isOpen = false;
  /** This device has a newer connection. */
  #isTaken = false;
  /** While the storage is being asked how far this user's inbox is processed. */
  #loading: Maybe<void> = undefined;
  #waiters: Waiter[] = [];
  readonly #iterators = new Set<InboxItems>();
  /** Counts connections; what belongs to an earlier one is ignored. */
  #generation = 0;
  /** Counts the items that were given to a processor; the end of an earlier one is ignored. */
  #run = 0;
  #failures = { open: 0, process: 0, ack: 0 };
  #stopCallTimer = (): void => undefined;
  #stopProcessTimer = (): void => undefined;

  readonly #reopenings: Rejoins;

  constructor(host: InboxHost) {
    this.#host = host;
    this.#reopenings = new Rejoins(host.environment.now, host.environment.random);
  }

  get cursor(): Position | undefined {
    return this.#log.cursor;
  }

  process<Data = unknown>(
    processor: (item: InboxItem<Data>) => void | Promise<void>,
  ): Promise<{ waiting: number }> {
    const { over } = this.#host;
    if (over !== undefined) return Promise.reject(over);
    if (this.#processor !== undefined) return Promise.reject(ownError("in_use"));
    this.#processor = processor as Processor; // what is in this inbox is as the caller says
    this.#perform(this.#log.processing(true));
    const opened = new Promise<{ waiting: number }>((resolve, reject) =>
      this.#waiters.push({ resolve, reject }),
    );
    this.#isWanted = true;
    // On a connection where it is open already too: only the server knows how many items wait.
    this.#openWhenLoaded();
    return opened;
  }

  items<Data = unknown>(): AsyncIterableIterator<InboxItem<Data>> {
    const items = new InboxItems(
      (processor) => this.process(processor).then(() => undefined),
      () => this.#stopped(items),
    );
    const { over } = this.#host;
    if (over === undefined) this.#iterators.add(items);
    else items.end(unlessClosed(over));
    return items as AsyncIterableIterator<InboxItem<Data>>; // as in `process`
  }

  /** There is a connection, of this user. */
  up(user: string): void {
    if (user !== this.#user) this.#loading = this.#begin(user);
    this.#openWhenLoaded();
  }

  /** A newer connection of this device has come, or has gone. Whether it has opened the inbox, the answer to the next ack says. */
  deviceTaken(isTaken: boolean): void {
    this.#isTaken = isTaken;
    if (!isTaken && this.#isOpen) this.#perform(this.#log.returned());
  }

  /** The connection is lost. */
  down(): void {
    this.#generation++;
    this.#isOpen = false;
    this.#isTaken = false;
    this.#stopCallTimer();
    this.#log.away();
  }

  /** There will be no connection any more. */
  end(error: RoomsError): void {
    this.down();
    this.#isWanted = false;
    this.#stop();
    for (const { reject } of this.#waiters.splice(0)) reject(error);
    for (const items of [...this.#iterators]) items.end(unlessClosed(error));
    this.#iterators.clear();
  }

  itemCame(item: InboxItem): void {
    if (this.#isOpen) this.#perform(this.#log.received(item));
  }

  #begin(user: string): Maybe<void> {
    this.#user = user;
    this.#run++;
    return andThen(this.#host.kept.processed(user, this.#host.device ?? ""), (position) => {
      if (user !== this.#user) return;
      this.#loading = undefined;
      this.#log = new InboxLog(position);
      this.#perform(this.#log.processing(this.#processor !== undefined));
    });
  }

  #openWhenLoaded(): void {
    void andThen(this.#loading, () => {
      if (this.#isWanted) this.#open();
    });
  }

  #open(): void {
    if (!this.#host.isUp) return;
    const generation = ++this.#generation;
    this.#stopCallTimer();
    const since = this.#log.cursor;
    this.#host.call("inbox", since === undefined ? {} : { since }, (outcome) => {
      if (generation !== this.#generation || outcome.type === "lost") return;
      if (outcome.type === "timeout") return this.#open();
      if (outcome.type === "refused") return this.#refused(outcome.error);
      const { cursor, waiting, recovered } = outcome.result;
      this.#isOpen = true;
      if (recovered === false) this.#host.inboxLost();
      this.#failures.open = 0;
      this.#reopenings.given();
      for (const { resolve } of this.#waiters.splice(0)) resolve({ waiting });
      this.#perform(this.#log.opened(cursor));
    });
  }

  /** On the connection where it was open. */
  #openAgain(): void {
    this.#stopCallTimer();
    const delay = this.#reopenings.delay();
    if (delay === 0) this.#open();
    else this.#stopCallTimer = this.#host.environment.after(delay, () => this.#open());
  }

  #refused(error: RoomsError): void {
    // One that was open before is worth another try, though the server talks nonsense.
    if (error.retryable || (error.code === "bad_answer" && this.#waiters.length === 0)) {
      this.#later("open", error, () => this.#open());
      return this.#host.warn(error);
    }
    this.#isWanted = false;
    if (this.#waiters.length === 0) this.#host.warn(error);
    for (const { reject } of this.#waiters.splice(0)) reject(error);
    this.#stop();
  }

  #perform(actions: readonly InboxAction[]): void {
    for (const [index, action] of actions.entries()) {
      switch (action.do) {
        case "keep": {
          const kept = this.#keep(action.position);
          if (!isLater(kept)) break;
          // What comes after relies on it.
          void kept.then(() => this.#perform(actions.slice(index + 1)));
          return;
        }
        case "ack":
          this.#ack(action.position);
          break;
        case "process":
          this.#give(action.item);
          break;
        case "open":
          this.#openAgain();
          break;
        case "lost":
          this.#host.inboxLost();
          break;
      }
    }
  }

  #keep(position: Position): Maybe<void> {
    const { kept, device = "" } = this.#host;
    return this.#user === undefined ? undefined : kept.keepProcessed(this.#user, device, position);
  }

  #ack(position: Position): void {
    const generation = this.#generation;
    this.#host.call("inbox_ack", { position }, (outcome) => {
      if (generation !== this.#generation || outcome.type === "lost") return;
      if (outcome.type === "ok") {
        this.#failures.ack = 0;
        this.#perform(this.#log.acked());
      } else if (outcome.type === "timeout") {
        this.#perform(this.#log.ackFailed(position));
      } else if (outcome.error.retryable) {
        this.#later("ack", outcome.error, () => this.#perform(this.#log.ackFailed(position)));
      } else if (outcome.error.code === "inbox_not_open" && this.#isTaken) {
        // The newer connection has opened it. It is told again when the inbox is back.
        this.#log.taken();
        this.#perform(this.#log.ackFailed(position));
      } else if (outcome.error.code === "inbox_not_open") {
        this.#openAgain();
      } else {
        // The next one covers it; and when the inbox is opened again, `since` says it.
        this.#host.warn(outcome.error);
        this.#perform(this.#log.acked());
      }
    });
  }

  #give(item: InboxItem): void {
    const processor = this.#processor;
    if (processor === undefined) return;
    const run = ++this.#run;
    const settle = (task: () => void): void => {
      if (run === this.#run) task();
    };
    // In a promise from the start, so that one that throws is as one that rejects.
    new Promise<void>((resolve) => resolve(processor(item))).then(
      () => settle(() => this.#processed()),
      (thrown: unknown) => settle(() => this.#notProcessed(thrown)),
    );
  }

  #processed(): void {
    this.#failures.process = 0;
    this.#perform(this.#log.done());
  }

  #notProcessed(thrown: unknown): void {
    this.#log.failed();
    const delay = backoffDelay(++this.#failures.process, this.#host.environment.random());
    this.#stopProcessTimer = this.#host.environment.after(delay, () =>
      this.#perform(this.#log.processing(true)),
    );
    this.#host.warn(toError(thrown));
  }

  #stopped(items: InboxItems): void {
    // After the end of all there is nothing to stop.
    if (this.#iterators.delete(items)) this.#stop();
  }

  /** Nobody processes items any more; the one in hand is not processed. */
  #stop(): void {
    this.#run++;
    this.#processor = undefined;
    this.#stopProcessTimer();
    this.#perform(this.#log.processing(false));
  }

  #later(what: "open" | "ack", { retryAfter = 0 }: RoomsError, task: () => void): void {
    const delay = Math.max(backoffDelay(++this.#failures[what], this.#host.environment.random()), retryAfter);
    this.#stopCallTimer = this.#host.environment.after(delay, task);
  }
}
