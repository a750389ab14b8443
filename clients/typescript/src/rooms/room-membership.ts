/** What brings a room from one state to the next: joins again after each reconnect, and reads from the log what was missed. */
import type { JoinResult, Position, RoomMessage, RoomState } from "./api.js";
import { backoffDelay } from "./backoff.js";
import type { Environment } from "./environment.js";
import type { RoomsError } from "./errors.js";
import { InOrder } from "./in-order.js";
import { Rejoins } from "./rejoins.js";
import { RoomLog, type LogEffect } from "./room-log.js";
import type { Caller } from "./send-queue-runner.js";
import type { Joined } from "./wire.js";

/** A room, as its membership sees it. */
export interface RoomMembershipView {
  /** How many of the newest messages the next join is asked for; 0 for none. */
  readonly wantedHistory: number;
  deliver(message: RoomMessage): void;
  /** The server has answered a join: this device is in the room. Nothing that the answer brings was delivered yet. */
  entered(answer: Joined): void;
  /** What came with the answer was delivered; what was missed besides may still be read. */
  answered(): void;
  /**
   * Everything up to the join was delivered, or declared lost.
   * @param answer that of the server to this join
   * @param isBehind whether the join was for what was missed since a position
   */
  arrived(result: JoinResult, answer: Joined | undefined, isBehind: boolean): void;
  /** Joining was refused for good. `wasJoined`: whether the room had been joined before. */
  refused(error: RoomsError, wasJoined: boolean): void;
  warn(error: RoomsError): void;
}

/** Messages in one reading of the log: as many as the server gives at a time. */
const PAGE = 500;

/** Readings in a row that brought nothing, after which one more whose answer is none is the last. */
const MAX_BAD_PAGES = 5;

type ReadEffect = Extract<LogEffect, { do: "read" }>;

export class RoomMembership {
  readonly #room: string;
  readonly #caller: Caller;
  readonly #environment: Environment;
  readonly #view: RoomMembershipView;
  #current: RoomState = "detached";
  #hasPlace = false;
  readonly #log = new RoomLog();
  readonly #effects = new InOrder<LogEffect>((effect) => this.#act(effect));
  /** Counts connections, joins and leaves: what belongs to an earlier one is ignored. */
  #generation = 0;
  #failures = 0;
  readonly #rejoins: Rejoins;
  /** The answer to the join that has not come to its end yet. */
  #answer: Joined | undefined;
  #isBehind = false;
  /** When the server wants to be asked again at the earliest. */
  #notBefore = -Infinity;
  /** Milliseconds before which the server does not want to be asked for the log again. */
  #readAfter = 0;
  #stopTimer = (): void => undefined;

  constructor(room: string, caller: Caller, environment: Environment, view: RoomMembershipView) {
    this.#room = room;
    this.#caller = caller;
    this.#environment = environment;
    this.#view = view;
    this.#rejoins = new Rejoins(environment.now, environment.random);
  }

  get state(): RoomState {
    return this.#current;
  }

  /** Whether the server has this device in the room: from the answer to a join on, while joining and recovering too. */
  get isMember(): boolean {
    return this.#hasPlace;
  }

  /** Begins to join, or goes elsewhere: after `since`, or to where the log is when the join is answered. */
  begin(since: Position | undefined): void {
    if (this.#current === "detached") this.#current = "joining";
    this.#effects.clear();
    this.#log.begin(since);
    this.#callJoin();
  }

  /** There is a connection. */
  up(): void {
    if (this.#current !== "detached") this.#callJoin();
  }

  /** The connection is lost. */
  down(): void {
    this.#restart();
    this.#log.away();
  }

  /** The room is not wanted any more. */
  detach(): void {
    this.down();
    this.#effects.clear();
    this.#current = "detached";
  }

  onMessage(message: RoomMessage): void {
    this.#effects.add(this.#log.received(message));
  }

  /** The server has said that one is in, and now that one is not, or that the log is another one. */
  joinAgain(): void {
    const delay = this.#rejoins.delay();
    if (delay === 0) return this.#callJoin();
    this.#restart();
    this.#stopTimer = this.#environment.after(delay, () => this.#callJoin());
  }

  #callJoin(): void {
    if (!this.#caller.isUp) return;
    this.#restart();
    const wait = this.#notBefore - this.#environment.now();
    if (wait > 0) {
      this.#stopTimer = this.#environment.after(wait, () => this.#callJoin());
      return;
    }
    const generation = this.#generation;
    this.#log.joining();
    const since = this.#log.position;
    this.#isBehind = since !== undefined;
    const history = this.#view.wantedHistory;
    const call = {
      room: this.#room,
      ...(since === undefined ? {} : { since }),
      ...(history > 0 ? { history } : {}),
    };
    this.#caller.call("join", call, (outcome) => {
      if (generation !== this.#generation || outcome.type === "lost") return;
      if (outcome.type === "ok") this.#answered(outcome.result);
      else if (outcome.type === "timeout") this.#callJoin();
      else this.#refused(outcome.error);
    });
  }

  #answered(answer: Joined): void {
    this.#hasPlace = true;
    this.#failures = 0;
    this.#rejoins.given();
    this.#answer = answer;
    this.#view.entered(answer);
    this.#effects.add(this.#log.joined(answer));
    this.#view.answered();
  }

  #refused(error: RoomsError): void {
    const { retryAfter = 0 } = error;
    // It cannot be "joined": who asks anew is not, until the answer.
    const wasJoined = this.#current === "recovering";
    // A server that talks nonsense for once does not end it.
    if (wasJoined && (error.retryable || error.code === "bad_answer")) {
      this.#warnOfNonsense(error);
      const delay = Math.max(backoffDelay(++this.#failures, this.#environment.random()), retryAfter);
      this.#notBefore = this.#environment.now() + retryAfter;
      this.#stopTimer = this.#environment.after(delay, () => this.#callJoin());
    } else {
      this.#view.refused(error, wasJoined);
    }
  }

  /** What is under way belongs to the past from now on. */
  #restart(): void {
    this.#generation++;
    this.#stopTimer();
    this.#hasPlace = false;
    if (this.#current === "joined") this.#current = "recovering";
  }

  #act(effect: LogEffect): void {
    switch (effect.do) {
      case "deliver":
        return this.#view.deliver(effect.message);
      case "joined":
        return this.#arrive({ recovered: effect.recovered, position: effect.position });
      case "rejoin":
        return this.joinAgain();
      case "read":
        return this.#read(effect);
    }
  }

  #arrive(result: JoinResult): void {
    const answer = this.#answer;
    // A connection that a listener has lost meanwhile counts no more.
    this.#current = this.#hasPlace ? "joined" : "recovering";
    this.#answer = undefined;
    this.#view.arrived(result, answer, this.#isBehind);
  }

  #read({ after, missing, failures }: ReadEffect): void {
    const generation = this.#generation;
    const call = { room: this.#room, after, limit: Math.min(missing, PAGE) };
    const readNow = (): void => {
      this.#caller.call("history", call, (outcome) => {
        if (generation !== this.#generation || outcome.type === "lost") return;
        if (outcome.type === "ok") this.#effects.add(this.#log.page(outcome.result));
        else if (outcome.type === "timeout") this.#effects.add(this.#log.readingFailed());
        else this.#unread(outcome.error, failures);
      });
    };
    if (failures === 0) return readNow();
    const delay = Math.max(backoffDelay(failures, this.#environment.random()), this.#readAfter);
    this.#readAfter = 0;
    this.#stopTimer = this.#environment.after(delay, readNow);
  }

  #unread(error: RoomsError, failures: number): void {
    this.#warnOfNonsense(error);
    if (mayReadAgain(error, failures)) {
      this.#readAfter = error.retryAfter ?? 0;
      this.#effects.add(this.#log.readingFailed());
    } else if (error.code === "not_joined") this.joinAgain();
    else if (error.code === "message_too_large") this.#effects.add(this.#log.nextUnreadable());
    else this.#effects.add(this.#log.unreadable());
  }

  /** Nobody waits for the answer that would hear of it. */
  #warnOfNonsense(error: RoomsError): void {
    if (error.code === "bad_answer") this.#view.warn(error);
  }
}

/** A server may talk nonsense for once. */
function mayReadAgain(error: RoomsError, failures: number): boolean {
  return error.retryable || (error.code === "bad_answer" && failures < MAX_BAD_PAGES);
}
