/** The shell around a session over HTTP: it makes the requests, by `fetch`, and has the timer. */
import type { Environment } from "../shared/environment.js";
import { runApart } from "../shared/platform.js";
import type { HttpEffect, HttpRequest, OpeningFailure, SessionEnd } from "./effects.js";
import { EventStreamParser } from "./event-stream.js";
import { canStream, isPage, onPageHide, takeStreamLock } from "./page.js";
import type { ReadingMode } from "./reading.js";
import { retryAfterOf } from "./retry-after.js";
import { HttpSession } from "./session.js";

export type Fetch = typeof globalThis.fetch;

export interface HttpTarget {
  readonly fetch: Fetch;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** Whether cookies are sent to another origin, too. */
  readonly withCredentials: boolean;
  readonly mode: ReadingMode;
  /** Whether a stream may become polls. */
  readonly mayPoll: boolean;
}

/** What happens to a session. After `notOpened`, `lost` or `hangUp` nothing more is called. */
export interface HttpEvents {
  opened(): void;
  notOpened(why: OpeningFailure): void;
  message(text: string): void;
  counted(): void;
  changed(): void;
  /** The way that was asked for works; or, after `changed`, polls do. */
  works(mode: ReadingMode): void;
  lost(end: SessionEnd): void;
}

/** Milliseconds that nobody waits longer for the answer to a DELETE. */
const DELETE_WITHIN = 5_000;

/**
 * Milliseconds by which a timer may be late. Where the program was busy, or slept, what came meanwhile is not read yet: it gets as much time
 * again.
 */
const LATE = 500;

export class HttpTransport {
  readonly heartbeat = "own";
  readonly #target: HttpTarget;
  readonly #events: HttpEvents;
  readonly #environment: Environment;
  readonly #requests = new Map<number, AbortController>();
  #session: HttpSession | undefined;
  #isSilent = false;
  #timer: { readonly at: number; readonly stop: () => void } | undefined;
  #isFlushPlanned = false;
  /** What is to be done at the end: gives a lock back, and stops listening. */
  #ends: (() => void)[] = [];

  constructor(target: HttpTarget, events: HttpEvents, environment: Environment) {
    this.#target = target;
    this.#events = events;
    this.#environment = environment;
    if (isPage()) void takeStreamLock().then((giveBack) => this.#startOnPage(giveBack));
    else this.#start(false);
  }

  get name(): ReadingMode {
    return this.#session?.mode ?? this.#target.mode;
  }

  get drained(): boolean {
    return this.#session?.isDrained === true;
  }

  /** Takes a frame. What is sent in one go leaves in one request. */
  send(text: string): void {
    if (this.#isSilent) return;
    this.#session?.send(text);
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    runApart(() => {
      this.#isFlushPlanned = false;
      this.#run(this.#session?.flush(this.#environment.now()) ?? []);
    });
  }

  hangUp(): void {
    if (this.#isSilent) return;
    this.#isSilent = true;
    if (this.#session === undefined) this.#finish();
    else this.#run(this.#session.leave(this.#environment.now()));
  }

  #startOnPage(giveBack: (() => void) | undefined): void {
    if (giveBack !== undefined) this.#ends.push(giveBack);
    if (this.#isSilent) return this.#finish();
    this.#ends.push(onPageHide(() => this.#abandon()));
    this.#start(giveBack === undefined);
  }

  #start(isShort: boolean): void {
    const { mode, mayPoll } = this.#target;
    // Where connections are short, or answers cannot be read while they come, polls it is.
    const polls = mode === "polling" || (mayPoll && (isShort || !canStream()));
    const settings = { mode: polls ? "polling" : "sse", isBrief: polls && isShort, mayPoll } as const;
    this.#session = new HttpSession(settings, () => this.#environment.random());
    this.#run(this.#session.open());
  }

  /** The page goes away. One that is kept and comes back finds its session lost. */
  #abandon(): void {
    const effects = this.#session?.abandon() ?? [];
    if (!this.#isSilent) this.#run([...effects, { do: "lost", end: { code: 1006, reason: "" } }]);
    else this.#run(effects);
  }

  #run(effects: readonly HttpEffect[]): void {
    for (const effect of effects) this.#perform(effect);
    this.#setTimer();
  }

  #perform(effect: HttpEffect): void {
    if (effect.do === "request") return void this.#request(effect.request);
    if (effect.do === "abort") return this.#abort(effect.id);
    const isEnd = effect.do === "lost" || effect.do === "not opened" || effect.do === "left";
    if (isEnd) this.#finish();
    if (this.#isSilent) return;
    if (isEnd) this.#isSilent = true;
    this.#tell(effect);
  }

  #tell(effect: Exclude<HttpEffect, { do: "request" | "abort" }>): void {
    const events = this.#events;
    switch (effect.do) {
      case "opened":
        return events.opened();
      case "not opened":
        return events.notOpened(effect.why);
      case "frame":
        return events.message(effect.text);
      case "counted":
        return events.counted();
      case "changed":
        return events.changed();
      case "works":
        // Polls that are made for want of connections say nothing of streams.
        return events.works(
          effect.mode === "polling" && this.#session?.hasChanged !== true ? this.#target.mode : effect.mode,
        );
      case "lost":
        return events.lost(effect.end);
      case "left":
        return;
    }
  }

  #finish(): void {
    this.#timer?.stop();
    this.#timer = undefined;
    for (const end of this.#ends.splice(0)) end();
  }

  #abort(id: number): void {
    const controller = this.#requests.get(id);
    this.#requests.delete(id);
    controller?.abort();
  }

  async #request(request: HttpRequest): Promise<void> {
    const { id, method } = request;
    const controller = new AbortController();
    this.#requests.set(id, controller);
    const stop =
      method === "DELETE"
        ? this.#environment.after(DELETE_WITHIN, () => controller.abort())
        : () => undefined;
    try {
      const response = await this.#fetch(request, controller.signal);
      if (method === "GET" && response.status === 200) await this.#readEvents(id, response);
      else await this.#readAnswer(id, response);
    } catch {
      // No network, an answer that was cut, or a request that was given up, of which the session knows.
      this.#run(this.#session?.failed(id, this.#environment.now()) ?? []);
    } finally {
      stop();
      this.#requests.delete(id);
    }
  }

  #fetch({ method, headers, body, keepalive }: HttpRequest, signal: AbortSignal): Promise<Response> {
    const { fetch, url, withCredentials } = this.#target;
    return fetch(url, {
      method,
      headers: { ...this.#target.headers, ...headers },
      ...(body === undefined ? {} : { body }),
      ...(keepalive ? { keepalive } : {}),
      credentials: withCredentials ? "include" : "same-origin",
      cache: "no-store",
      // The handshake of a WebSocket follows none either.
      redirect: "manual",
      signal,
    });
  }

  async #readAnswer(id: number, response: Response): Promise<void> {
    const body = await response.text();
    const { status } = response;
    const answer = { status, body, retryAfter: retryAfterOf(response.headers.get("retry-after")) };
    this.#run(this.#session?.answered(id, answer, this.#environment.now()) ?? []);
  }

  async #readEvents(id: number, response: Response): Promise<void> {
    const parser = new EventStreamParser();
    const came = (text: string, bytes: number): void => {
      this.#run(this.#session?.came(id, parser.push(text), bytes, this.#environment.now()) ?? []);
    };
    // Typed as if every platform had it.
    const body = response.body as ReadableStream<Uint8Array> | null | undefined;
    if (body === null || body === undefined) {
      const text = await response.text();
      came(text, text.length);
    } else {
      const reader = body.getReader();
      const decoder = new TextDecoder();
      for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
        came(decoder.decode(chunk.value, { stream: true }), chunk.value.length);
      }
    }
    this.#run(this.#session?.ended(id, this.#environment.now()) ?? []);
  }

  /** One that is set runs too early rather than too late; then it is set again. */
  #setTimer(): void {
    const at = this.#session?.deadline;
    if (at === undefined || this.#session?.isOver === true) {
      this.#timer?.stop();
      this.#timer = undefined;
      return;
    }
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    this.#timer?.stop();
    this.#startTimer(at, Math.max(0, at - this.#environment.now()), true);
  }

  #startTimer(at: number, ms: number, mayBeLate: boolean): void {
    const stop = this.#environment.after(ms, () => {
      const now = this.#environment.now();
      if (mayBeLate && now - at > LATE) return this.#startTimer(at, LATE, false);
      this.#timer = undefined;
      this.#run(this.#session?.expired(now) ?? []);
    });
    this.#timer = { at, stop };
  }
}
