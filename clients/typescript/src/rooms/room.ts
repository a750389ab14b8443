/** A room, as the application has it: joins again after each reconnect, delivers, publishes. */
import type {
  JoinResult,
  Member,
  PastMessages,
  PublishOptions,
  Position,
  Room,
  RoomEvents,
  RoomMessage,
  Self,
  Signal,
} from "./api.js";
import { backoffDelay } from "./backoff.js";
import { Emitter } from "./emitter.js";
import type { Environment } from "./environment.js";
import { ownError, unlessClosed, type RoomsError } from "./errors.js";
import { InOrder } from "./in-order.js";
import { Members } from "./members.js";
import { SendQueueRunner, type Caller, type Pending } from "./send-queue-runner.js";
import { Rejoins } from "./rejoins.js";
import { RoomLog, type LogEffect } from "./room-log.js";
import { sizeOf, tooLarge } from "./sendable.js";
import { Stream } from "./stream.js";
import type { Joined, PresenceChange, Published } from "./wire.js";

export interface RoomHost extends Caller {
  readonly self: Self | undefined;
  readonly environment: Environment;
  readonly pending: Pending;
  readonly maxLag: number;
  /** Why nothing can be done any more, after the end. */
  readonly over: RoomsError | undefined;
}

/** Messages in one reading of the log: as many as the server gives at a time. */
const PAGE = 500;

/** Readings in a row that may be answered by what is no answer, before what is missing is declared lost. */
const MAX_BAD_PAGES = 5;

type ReadEffect = Extract<LogEffect, { do: "read" }>;

interface Waiter {
  resolve: (result: JoinResult) => void;
  reject: (error: RoomsError) => void;
  /** How many past messages are asked for. */
  readonly history: number | undefined;
}

/** "entering": asked for, and never answered yet; "staying": joined once, and again after each reconnect. */
type Stay = "out" | "entering" | "staying";

export class RoomHandle implements Room {
  private readonly log = new RoomLog();
  private readonly people = new Members();
  private readonly emitter = new Emitter<RoomEvents<unknown>>();
  private readonly streams = new Set<Stream<RoomMessage>>();
  private readonly publishes: SendQueueRunner;
  private readonly readings: SendQueueRunner;
  private stay: Stay = "out";
  /** Whether the server has this device in the room. */
  private isIn = false;
  /** Whether, besides, everything up to the join was delivered. */
  private isThere = false;
  private delivered: Position | undefined;
  private waiters: Waiter[] = [];
  /** Counts connections, joins and leaves: what belongs to an earlier one is ignored. */
  private generation = 0;
  private readonly effects = new InOrder<LogEffect>((effect) => this.act(effect));
  private failures = 0;
  private readonly rejoins: Rejoins;
  /** The answer to the join that is not complete yet. */
  private answer: Joined | undefined;
  /** Whether the join was for what was missed since a position. */
  private isBehind = false;
  /** When the server wants to be asked again at the earliest. */
  private notBefore = -Infinity;
  /** Milliseconds before which the server does not want to be asked for the log again. */
  private readAfter = 0;
  private stopTimer = (): void => undefined;

  constructor(
    readonly name: string,
    private readonly host: RoomHost,
  ) {
    // A room that one does not want to be in is the server's to refuse.
    const isReady = (): boolean => this.stay === "out" || this.isThere;
    const { environment, pending } = host;
    this.rejoins = new Rejoins(environment.now, environment.random);
    this.publishes = new SendQueueRunner(host, environment, pending, isReady);
    this.readings = new SendQueueRunner(host, environment, pending, isReady);
  }

  get joined(): boolean {
    return this.isThere;
  }

  get position(): Position | undefined {
    return this.delivered;
  }

  get members(): ReadonlyMap<string, Member> {
    return this.people.map;
  }

  get memberCount(): number {
    return this.people.count;
  }

  join({ since, history }: { since?: Position; history?: number } = {}): Promise<JoinResult> {
    const { over } = this.host;
    if (over !== undefined) return Promise.reject(over);
    const isThere = this.isThere && this.delivered !== undefined;
    const isBack = since !== undefined && !isSame(since, this.delivered);
    const answer = new Promise<JoinResult>((resolve, reject) =>
      this.waiters.push({ resolve, reject, history }),
    );
    // With `since` one goes back there, wherever one is on the way to.
    if (this.stay === "out" || isBack) this.enter(since);
    else if (isThere && this.delivered !== undefined)
      this.settle({ recovered: true, position: this.delivered });
    return answer;
  }

  leave(): Promise<void> {
    if (this.stay === "out") return Promise.resolve();
    this.goOut(ownError("aborted", "The room was left."), undefined);
    return new Promise((resolve) => this.callLeave(resolve));
  }

  /** What waits here leaves now, and nobody will hear whether it came. */
  handOver(): void {
    this.publishes.handOver();
  }

  async publish(
    data: unknown,
    { id = this.host.environment.newId(), signal }: PublishOptions = {},
  ): Promise<Published> {
    const { over } = this.host;
    if (over !== undefined) throw over;
    const submission = { id, signal, bytes: sizeOf(data) };
    const { position, at } = await this.publishes.submit(
      "publish",
      { room: this.name, data, id },
      submission,
    );
    return { id, position, at };
  }

  signal(data: unknown): void {
    const { mostBytes = Infinity } = this.host;
    const bytes = sizeOf(data);
    if (bytes > mostBytes) throw tooLarge(bytes, mostBytes);
    if (this.isThere) this.host.tell("signal", { room: this.name, data });
  }

  async history(
    options: { before?: Position; after?: Position; limit?: number } = {},
  ): Promise<{ messages: RoomMessage[]; more: boolean }> {
    if (this.host.over !== undefined) throw this.host.over;
    const { messages, more } = await this.readings.submit("history", { room: this.name, ...options }, {});
    return { messages: [...messages], more };
  }

  messages(): AsyncIterableIterator<RoomMessage> {
    const stream = new Stream<RoomMessage>(this.host.maxLag, (ended) => this.streams.delete(ended));
    const { over } = this.host;
    if (over === undefined) this.streams.add(stream);
    else stream.end(unlessClosed(over));
    return stream;
  }

  on<E extends keyof RoomEvents<unknown>>(event: E, listener: RoomEvents<unknown>[E]): this {
    this.emitter.add(event, listener);
    return this;
  }

  off<E extends keyof RoomEvents<unknown>>(event: E, listener: RoomEvents<unknown>[E]): this {
    this.emitter.remove(event, listener);
    return this;
  }

  /** There is a connection. */
  up(): void {
    if (this.stay !== "out") this.callJoin();
    this.publishes.renew();
    this.readings.renew();
  }

  /** The connection is lost. */
  down(): void {
    this.notIn();
    this.log.away();
  }

  /** There will be no connection any more. */
  end(error: RoomsError): void {
    this.goOut(error, unlessClosed(error));
    this.publishes.rejectAll(error);
    this.readings.rejectAll(error);
    this.emitter.clear();
  }

  onMessage(message: RoomMessage): void {
    this.effects.add(this.log.received(message));
  }

  signalCame(signal: Signal): void {
    if (this.isIn) this.emitter.emit("signal", signal);
  }

  presenceCame(change: PresenceChange): void {
    if (!this.isIn) return;
    // One's own leave: a new token may not open the room any more (docs/rooms-api.md, 10.4). To join again tells, and why.
    if (change.type === "leave" && change.member.user === this.host.self?.user) return this.joinAgain();
    this.people.change(change);
    this.emitter.emit("presence", this.people.map);
  }

  /** A stay in the room begins, or begins anew from another position. */
  private enter(since: Position | undefined): void {
    if (this.stay === "out") this.stay = "entering";
    this.effects.clear();
    this.delivered = since;
    this.log.begin(since);
    this.callJoin();
  }

  /** The server has said that one is in, and now that one is not, or that the log is another one. */
  private joinAgain(): void {
    const delay = this.rejoins.delay();
    if (delay === 0) return this.callJoin();
    this.notIn();
    this.stopTimer = this.host.environment.after(delay, () => this.callJoin());
  }

  private callJoin(): void {
    if (!this.host.isUp) return;
    this.notIn();
    const wait = this.notBefore - this.host.environment.now();
    if (wait > 0) {
      this.stopTimer = this.host.environment.after(wait, () => this.callJoin());
      return;
    }
    const { generation } = this;
    this.log.joining();
    const since = this.log.position;
    this.isBehind = since !== undefined;
    const history = Math.max(...this.waiters.map((waiter) => waiter.history ?? 0), 0);
    const call = {
      room: this.name,
      ...(since === undefined ? {} : { since }),
      ...(history > 0 ? { history } : {}),
    };
    this.host.call("join", call, (outcome) => {
      if (generation !== this.generation || outcome.type === "lost") return;
      if (outcome.type === "ok") this.answered(outcome.result);
      else if (outcome.type === "timeout") this.callJoin();
      else this.refused(outcome.error);
    });
  }

  private answered(joined: Joined): void {
    this.isIn = true;
    this.failures = 0;
    this.rejoins.given();
    this.answer = joined;
    this.people.reset(joined);
    this.effects.add(this.log.joined(joined));
    this.emitter.emit("presence", this.people.map);
  }

  private refused(error: RoomsError): void {
    const { retryAfter = 0 } = error;
    // A stay is not ended by a server that talks nonsense for once.
    if (this.stay === "staying" && (error.retryable || error.code === "bad_answer")) {
      const delay = Math.max(backoffDelay(++this.failures, this.host.environment.random()), retryAfter);
      this.notBefore = this.host.environment.now() + retryAfter;
      this.stopTimer = this.host.environment.after(delay, () => this.callJoin());
    } else {
      this.expelled(error);
    }
  }

  private expelled(error: RoomsError): void {
    const wasIn = this.stay === "staying";
    this.goOut(error, error);
    if (wasIn) this.emitter.emit("left", error);
  }

  /** Ends the stay. `pending`: what joins and publishes that wait are rejected with; `reading`: what iterators fail with. */
  private goOut(pending: RoomsError, reading: RoomsError | undefined): void {
    this.down();
    this.effects.clear();
    this.stay = "out";
    for (const { reject } of this.waiters.splice(0)) reject(pending);
    for (const stream of [...this.streams]) stream.end(reading);
    this.publishes.rejectAll(pending, true);
    this.readings.rejectAll(pending, true);
  }

  /** What is under way belongs to the past from now on. */
  private notIn(): void {
    this.generation++;
    this.stopTimer();
    this.isIn = false;
    this.isThere = false;
  }

  private callLeave(done: () => void): void {
    this.host.call("leave", { room: this.name }, (outcome) => {
      // A lost connection has left the room, and a refusal says that one was not in it.
      if (outcome.type === "timeout" && this.stay === "out") this.callLeave(done);
      else done();
    });
  }

  private act(effect: LogEffect): void {
    switch (effect.do) {
      case "deliver":
        return this.deliver(effect.message);
      case "joined":
        return this.complete({ recovered: effect.recovered, position: effect.position });
      case "rejoin":
        return this.joinAgain();
      case "read":
        return this.read(effect);
    }
  }

  private deliver(message: RoomMessage): void {
    const { id, position, at, from } = message;
    this.delivered = position;
    if (from.user === this.host.self?.user) this.publishes.seen(id, { id, position, at });
    this.emitter.emit("message", message);
    for (const stream of [...this.streams]) stream.push(message);
  }

  private complete(result: JoinResult): void {
    const reached = this.delivered;
    this.stay = "staying";
    this.delivered = result.position;
    // A connection that a listener has lost meanwhile counts no more.
    this.isThere = this.isIn;
    this.settle(result, reached);
    this.answer = undefined;
    this.emitter.emit("joined", result);
    this.publishes.flush();
    this.readings.flush();
  }

  /** `reached`: of the last message that came as an event before. */
  private settle(result: JoinResult, reached?: Position): void {
    const { answer } = this;
    for (const { resolve, reject, history } of this.waiters.splice(0)) {
      const hasAll = answer !== undefined && this.isBehind && result.recovered;
      if (history === undefined || hasAll) resolve(result);
      else if (answer?.history !== undefined) {
        resolve({ ...result, history: newest(history, answer.history, reached) });
      } else {
        // It was asked for after the call had been made, or not with it, or the server is an older one.
        this.past(history, result.position).then(
          (past) => resolve({ ...result, history: newest(history, past, reached) }),
          reject,
        );
      }
    }
  }

  /** The newest messages up to a position; none where one may not read them. */
  private async past(limit: number, { epoch, offset }: Position): Promise<PastMessages<unknown>> {
    try {
      return await this.history({ before: { epoch, offset: offset + 1 }, limit });
    } catch (thrown) {
      if ((thrown as RoomsError).code !== "forbidden") throw thrown;
      return { messages: [], more: false };
    }
  }

  private read({ after, missing, failures }: ReadEffect): void {
    const { generation } = this;
    const call = { room: this.name, after, limit: Math.min(missing, PAGE) };
    const readNow = (): void => {
      this.host.call("history", call, (outcome) => {
        if (generation !== this.generation || outcome.type === "lost") return;
        if (outcome.type === "ok") this.effects.add(this.log.page(outcome.result));
        else if (outcome.type === "timeout") this.effects.add(this.log.readingFailed());
        else if (mayReadAgain(outcome.error, failures)) {
          this.readAfter = outcome.error.retryAfter ?? 0;
          this.effects.add(this.log.readingFailed());
        } else if (outcome.error.code === "not_joined") this.joinAgain();
        else if (outcome.error.code === "message_too_large") this.effects.add(this.log.nextUnreadable());
        else this.effects.add(this.log.unreadable());
      });
    };
    if (failures === 0) return readNow();
    const delay = Math.max(backoffDelay(failures, this.host.environment.random()), this.readAfter);
    this.readAfter = 0;
    this.stopTimer = this.host.environment.after(delay, readNow);
  }
}

/** A server may talk nonsense for once. */
function mayReadAgain(error: RoomsError, failures: number): boolean {
  return error.retryable || (error.code === "bad_answer" && failures < MAX_BAD_PAGES);
}

function isSame({ epoch, offset }: Position, other: Position | undefined): boolean {
  return epoch === other?.epoch && offset === other.offset;
}

/** The last so many of them, without those that have come as events. */
function newest(
  count: number,
  past: PastMessages<unknown>,
  reached: Position | undefined,
): PastMessages<unknown> {
  const isNew = ({ position }: RoomMessage): boolean =>
    position.epoch !== reached?.epoch || position.offset > reached.offset;
  const messages = past.messages.filter(isNew).slice(-count);
  return { messages, more: past.more || messages.length < past.messages.length };
}
