/** A room, as the application has it: joins, delivers, publishes. */
import type {
  JoinResult,
  Member,
  MembersPage,
  PastMessages,
  PublishOptions,
  Position,
  Room,
  RoomEvents,
  RoomMessage,
  RoomState,
  Self,
  Signal,
} from "./api.js";
import { Emitter } from "./emitter.js";
import type { Environment } from "./environment.js";
import { ownError, unlessClosed, type RoomsError } from "./errors.js";
import { Members } from "./members.js";
import { SendQueueRunner, type Caller, type Pending } from "./send-queue-runner.js";
import { RoomMembership, type RoomMembershipView } from "./room-membership.js";
import { sizeOf, tooLarge } from "./sendable.js";
import { Stream } from "./stream.js";
import type { Joined, PresenceEvent, Published } from "./wire.js";

export interface RoomHost extends Caller {
  readonly self: Self | undefined;
  readonly environment: Environment;
  readonly pending: Pending;
  readonly maxLag: number;
  /** Why nothing can be done any more, after the end. */
  readonly over: RoomsError | undefined;
  warn(error: Error): void;
}

interface Waiter {
  resolve: (result: JoinResult) => void;
  reject: (error: RoomsError) => void;
  /** How many past messages are asked for. */
  readonly history: number | undefined;
}

/** A join that has come to its end, with the answer of the server to it. */
interface CompletedJoin {
  readonly answer?: Joined | undefined;
  /** Whether it was for what was missed since a position. */
  readonly isBehind?: boolean;
  /** Of the last message that came as an event before. */
  readonly reached?: Position | undefined;
}

export class RoomHandle implements Room, RoomMembershipView {
  readonly #host: RoomHost;
  readonly #membership: RoomMembership;
  readonly #people = new Members();
  readonly #emitter = new Emitter<RoomEvents<unknown>>();
  readonly #streams = new Set<Stream<RoomMessage>>();
  readonly #publishes: SendQueueRunner;
  readonly #readings: SendQueueRunner;
  #delivered: Position | undefined;
  #waiters: Waiter[] = [];

  constructor(
    readonly name: string,
    host: RoomHost,
  ) {
    this.#host = host;
    // A room that one does not want to be in is the server's to refuse.
    const isReady = (): boolean => this.state === "detached" || this.joined;
    const { environment, pending } = host;
    this.#membership = new RoomMembership(name, host, environment, this);
    this.#publishes = new SendQueueRunner(host, environment, pending, isReady);
    this.#readings = new SendQueueRunner(host, environment, pending, isReady);
  }

  get state(): RoomState {
    return this.#membership.state;
  }

  get joined(): boolean {
    return this.state === "joined";
  }

  get position(): Position | undefined {
    return this.#delivered;
  }

  get members(): ReadonlyMap<string, Member> {
    return this.#people.map;
  }

  get memberCount(): number {
    return this.#people.count;
  }

  get isCounted(): boolean {
    return this.#people.isCounted;
  }

  join({ since, history }: { since?: Position; history?: number } = {}): Promise<JoinResult> {
    const { over } = this.#host;
    if (over !== undefined) return Promise.reject(over);
    const isBack = since !== undefined && !isSame(since, this.#delivered);
    const answer = new Promise<JoinResult>((resolve, reject) =>
      this.#waiters.push({ resolve, reject, history }),
    );
    // With `since` one goes back there, wherever one is on the way to.
    if (this.state === "detached" || isBack) {
      this.#delivered = since;
      this.#membership.begin(since);
    } else if (this.joined && this.#delivered !== undefined)
      this.#settle({ recovered: true, position: this.#delivered });
    return answer;
  }

  leave(): Promise<void> {
    if (this.state === "detached") return Promise.resolve();
    this.#detach(ownError("aborted", "The room was left."), undefined);
    return new Promise((resolve) => this.#callLeave(resolve));
  }

  /** What waits here leaves now, and nobody will hear whether it came. */
  handOver(): void {
    this.#publishes.handOver();
  }

  async publish(
    data: unknown,
    { id = this.#host.environment.newId(), signal }: PublishOptions = {},
  ): Promise<Published> {
    const { over } = this.#host;
    if (over !== undefined) throw over;
    const submission = { id, signal, bytes: sizeOf(data) };
    const { position, at } = await this.#publishes.submit(
      "publish",
      { room: this.name, data, id },
      submission,
    );
    return { id, position, at };
  }

  signal(data: unknown): void {
    const { mostBytes = Infinity } = this.#host;
    const bytes = sizeOf(data);
    if (bytes > mostBytes) throw tooLarge(bytes, mostBytes);
    if (this.joined) this.#host.tell("signal", { room: this.name, data });
  }

  async history(
    options: { before?: Position; after?: Position; limit?: number } = {},
  ): Promise<{ messages: RoomMessage[]; more: boolean }> {
    if (this.#host.over !== undefined) throw this.#host.over;
    const { messages, more } = await this.#readings.submit("history", { room: this.name, ...options }, {});
    return { messages: [...messages], more };
  }

  async listMembers(options: { after?: string; limit?: number } = {}): Promise<MembersPage> {
    if (this.#host.over !== undefined) throw this.#host.over;
    const { members, count, more } = await this.#readings.submit(
      "presence",
      { room: this.name, ...options },
      {},
    );
    return { members, count, more };
  }

  messages(): AsyncIterableIterator<RoomMessage> {
    const stream = new Stream<RoomMessage>(this.#host.maxLag, (ended) => this.#streams.delete(ended));
    const { over } = this.#host;
    if (over === undefined) this.#streams.add(stream);
    else stream.end(unlessClosed(over));
    return stream;
  }

  on<E extends keyof RoomEvents<unknown>>(event: E, listener: RoomEvents<unknown>[E]): this {
    this.#emitter.add(event, listener);
    return this;
  }

  off<E extends keyof RoomEvents<unknown>>(event: E, listener: RoomEvents<unknown>[E]): this {
    this.#emitter.remove(event, listener);
    return this;
  }

  /** There is a connection. */
  up(): void {
    this.#membership.up();
    this.#publishes.renew();
    this.#readings.renew();
  }

  /** The connection is lost. */
  down(): void {
    this.#membership.down();
  }

  /** There will be no connection any more. */
  end(error: RoomsError): void {
    this.#detach(error, unlessClosed(error));
    this.#publishes.rejectAll(error);
    this.#readings.rejectAll(error);
    this.#emitter.clear();
  }

  onMessage(message: RoomMessage): void {
    this.#membership.onMessage(message);
  }

  onSignal(signal: Signal): void {
    if (this.#membership.isMember) this.#emitter.emit("signal", signal);
  }

  onPresence(event: PresenceEvent): void {
    if (!this.#membership.isMember) return;
    const own = event.changes?.filter(({ member }) => member.user === this.#host.self?.user) ?? [];
    // One's own leave: a new token may not open the room any more (docs/rooms-api.md, 10.4). To join again tells, and why.
    if (own.at(-1)?.type === "leave") return this.#membership.joinAgain();
    this.#people.told(event);
    this.#emitter.emit("presence", this.#people.map);
  }

  get wantedHistory(): number {
    return Math.max(...this.#waiters.map((waiter) => waiter.history ?? 0), 0);
  }

  entered(answer: Joined): void {
    this.#people.told(answer);
  }

  answered(): void {
    this.#emitter.emit("presence", this.#people.map);
  }

  refused(error: RoomsError, wasJoined: boolean): void {
    this.#detach(error, error);
    if (wasJoined) this.#emitter.emit("left", error);
  }

  warn(error: RoomsError): void {
    this.#host.warn(error);
  }

  /** The room is not wanted any more. `pending`: what joins and publishes that wait are rejected with; `reading`: what iterators fail with. */
  #detach(pending: RoomsError, reading: RoomsError | undefined): void {
    this.#membership.detach();
    for (const { reject } of this.#waiters.splice(0)) reject(pending);
    for (const stream of [...this.#streams]) stream.end(reading);
    this.#publishes.rejectAll(pending, true);
    this.#readings.rejectAll(pending, true);
  }

  #callLeave(done: () => void): void {
    this.#host.call("leave", { room: this.name }, (outcome) => {
      // A lost connection has left the room, and a refusal says that one was not in it.
      if (outcome.type === "timeout" && this.state === "detached") this.#callLeave(done);
      else done();
    });
  }

  deliver(message: RoomMessage): void {
    const { id, position, at, from } = message;
    this.#delivered = position;
    if (from.user === this.#host.self?.user) this.#publishes.seen(id, { id, position, at });
    this.#emitter.emit("message", message);
    for (const stream of [...this.#streams]) stream.push(message);
  }

  arrived(result: JoinResult, answer: Joined | undefined, isBehind: boolean): void {
    const reached = this.#delivered;
    this.#delivered = result.position;
    this.#settle(result, { answer, isBehind, reached });
    this.#emitter.emit("joined", result);
    this.#publishes.flush();
    this.#readings.flush();
  }

  /** Resolves those who wait for a join. Without the answer of one, the room was joined already. */
  #settle(result: JoinResult, join: CompletedJoin = {}): void {
    const { answer, isBehind = false, reached } = join;
    for (const { resolve, reject, history } of this.#waiters.splice(0)) {
      const hasAll = answer !== undefined && isBehind && result.recovered;
      if (history === undefined || hasAll) resolve(result);
      else if (answer?.history !== undefined) {
        resolve({ ...result, history: newest(history, answer.history, reached) });
      } else {
        // It was asked for after the call had been made, or not with it, or the server is an older one.
        this.#past(history, result.position).then(
          (past) => resolve({ ...result, history: newest(history, past, reached) }),
          reject,
        );
      }
    }
  }

  /** The newest messages up to a position; none where one may not read them. */
  async #past(limit: number, { epoch, offset }: Position): Promise<PastMessages<unknown>> {
    try {
      return await this.history({ before: { epoch, offset: offset + 1 }, limit });
    } catch (thrown) {
      if ((thrown as RoomsError).code !== "forbidden") throw thrown;
      return { messages: [], more: false };
    }
  }
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
