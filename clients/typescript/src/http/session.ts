/**
 * One session of the bridge over HTTP (PROTOCOL.md, section 12), from its opening to its end. A state machine with no I/O: each method takes what
 * happened and returns what is to be done. Clock and randomness are passed in.
 *
 * After each call `deadline` says when `expired` is to be called. Nothing comes after "lost".
 */
import { type Answer, judge, judgeOpening, type SessionTerms, type Verdict } from "./answers.js";
import type { HttpEffect, HttpRequest, OpeningFailure, SessionEnd, SessionSettings } from "./effects.js";
import type { StreamEvent } from "./event-stream.js";
import { PROBE, Reader, type ReadingMode, type Reading } from "./reading.js";
import { Sending } from "./sending.js";

/** Bytes that may be received until the server is told so. */
const ACK_AFTER = 256 * 1024;

/** Milliseconds that are waited for `close`, once a POST was told that the session is closed. */
const CLOSE_WITHIN = 1_000;

/** Milliseconds that a program which leaves is kept from its end, where its last lines have no answer. */
const LEAVE_WITHIN = 5_000;

/** Bytes of a request that may outlive its page: browsers take 64 KiB of all of them together. */
const LARGEST_LAST = 60_000;

/** Lost without a close code. */
const CUT: SessionEnd = { code: 1006, reason: "" };

type Phase = "opening" | "open" | "leaving" | "over";

export class HttpSession {
  readonly #settings: SessionSettings;
  readonly #random: () => number;
  #phase: Phase = "opening";
  #ids = 0;
  #terms: SessionTerms | undefined;
  #sending: Sending;
  #reader: Reader;
  /** Ids of the requests that are under way. */
  #opening: number | undefined;
  #post: number | undefined;
  #get: number | undefined;
  /** Since when requests have had no answer. */
  #troubledSince: number | undefined;
  /** Bytes received since the server was told of any. */
  #untold = 0;
  #probe: "to be sent" | "under way" | "done" = "done";
  #toldWorks: ReadingMode | undefined;
  /** What a POST was told of the end, and until when the stream may tell more. */
  #closing: { readonly end: SessionEnd; readonly by: number } | undefined;
  #leaveBy = Infinity;

  constructor(settings: SessionSettings, random: () => number) {
    this.#settings = settings;
    this.#random = random;
    // Until the server has said its own.
    this.#sending = new Sending({ maxPayload: Infinity, patience: Infinity }, random);
    this.#reader = this.#makeReader({ pingInterval: 25_000, pingTimeout: 20_000 });
  }

  /** How it reads at present. */
  get mode(): ReadingMode {
    return this.#reader.mode;
  }

  /** Whether its stream has become polls. */
  get hasChanged(): boolean {
    return this.#reader.mode !== this.#settings.mode;
  }

  get isOver(): boolean {
    return this.#phase === "over";
  }

  /** Whether a line that is sent now leaves at once. */
  get isDrained(): boolean {
    return this.#phase === "open" && this.#sending.isDrained;
  }

  /** When `expired` is to be called; undefined for never. */
  get deadline(): number | undefined {
    if (this.#terms === undefined || this.#phase === "over") return undefined;
    const { resumeTimeout } = this.#terms;
    const deadline = Math.min(
      (this.#closing === undefined ? this.#sending.deadline : undefined) ?? Infinity,
      this.#phase === "open" ? this.#reader.deadline : Infinity,
      this.#troubledSince === undefined ? Infinity : this.#troubledSince + resumeTimeout,
      this.#closing?.by ?? Infinity,
      this.#leaveBy,
    );
    return deadline === Infinity ? undefined : deadline;
  }

  /** Opens the session. */
  open(): HttpEffect[] {
    this.#opening = ++this.#ids;
    const request = { id: this.#opening, method: "POST", headers: {}, keepalive: false } as const;
    return [{ do: "request", request }];
  }

  /** Takes a frame, for the next `flush`. */
  send(text: string): void {
    if (this.#phase === "open") this.#sending.add(text);
  }

  /** Posts what was sent, if nothing is under way. */
  flush(now: number): HttpEffect[] {
    if ((this.#phase !== "open" && this.#phase !== "leaving") || this.#closing) return [];
    if (this.#sending.isPosting || this.#sending.deadline === undefined) return [];
    const probes = this.#probe === "to be sent" && this.#reader.mode === "sse";
    if (probes) {
      this.#sending.add(PROBE);
      this.#probe = "under way";
    }
    const batch = this.#sending.post(now);
    if (batch === undefined) return [];
    this.#post = ++this.#ids;
    const effects = this.#request(this.#post, "POST", batch);
    // Lines were counted when they were sent.
    return probes || batch.seq === undefined ? [...effects, { do: "counted" }] : effects;
  }

  /** A request was answered; a GET by anything but events. */
  answered(id: number, answer: Answer, now: number): HttpEffect[] {
    if (id === this.#opening) return this.#openingAnswered(answer, now);
    const isPost = id === this.#post;
    if (!isPost && id !== this.#get) return [];
    if (isPost) this.#post = undefined;
    else this.#get = undefined;
    const verdict = judge(answer);
    switch (verdict.is) {
      case "received":
        return isPost ? this.#received(verdict.received, now) : this.#unanswered(isPost, now);
      case "again":
        return this.#unanswered(isPost, now, verdict.retryAfter);
      default:
        return this.#refused(verdict, isPost, now);
    }
  }

  /** Events of a GET came, with so many bytes. */
  came(id: number, events: readonly StreamEvent[], bytes: number, now: number): HttpEffect[] {
    if (id !== this.#get) return [];
    this.#untold += bytes;
    const reading = this.#reader.came(events, now);
    const effects: HttpEffect[] = reading.frames.map((text) => ({ do: "frame", text }));
    if (reading.hasBegun) effects.unshift(...this.#begun());
    if (reading.close !== undefined) {
      const { code, reason } = reading.close;
      return [...effects, ...this.#lose({ code, reason })];
    }
    if (reading.isBad) return [...effects, { do: "abort", id }, ...this.failed(id, now)];
    return [...effects, ...this.#acknowledge(reading, now)];
  }

  /** The answer to a GET has ended. */
  ended(id: number, now: number): HttpEffect[] {
    if (id !== this.#get) return [];
    this.#get = undefined;
    if (!this.#reader.ended(now)) this.#troubledSince ??= now;
    return this.#read(now);
  }

  /** A request had no answer. */
  failed(id: number, now: number): HttpEffect[] {
    if (id === this.#opening) return this.#notOpened({ is: "unanswered", retryAfter: undefined });
    if (id === this.#post) {
      this.#post = undefined;
      return this.#unanswered(true, now);
    }
    if (id !== this.#get) return [];
    this.#get = undefined;
    return this.#unanswered(false, now);
  }

  /** The deadline has passed. */
  expired(now: number): HttpEffect[] {
    const { deadline } = this;
    if (deadline === undefined || now < deadline) return [];
    if (now >= this.#leaveBy) return this.#end({ do: "left" });
    if (this.#closing !== undefined && now >= this.#closing.by) return this.#lose(this.#closing.end);
    const resumeTimeout = this.#terms?.resumeTimeout ?? 0;
    if (this.#troubledSince !== undefined && now >= this.#troubledSince + resumeTimeout)
      return this.#lose(CUT);
    const effects: HttpEffect[] = [];
    if (this.#sending.isLate(now)) {
      const id = this.#post;
      this.#post = undefined;
      if (id !== undefined) effects.push({ do: "abort", id });
      effects.push(...this.#unanswered(true, now));
    } else {
      effects.push(...this.flush(now));
    }
    return this.#phase === "open" ? [...effects, ...this.#readerExpired(now)] : effects;
  }

  /** The client leaves: what was sent before still goes, then DELETE (12.8). */
  leave(now: number): HttpEffect[] {
    if (this.#phase === "opening") return this.#end({ do: "left" });
    if (this.#phase !== "open") return [];
    this.#phase = "leaving";
    this.#troubledSince = undefined;
    // Longer than resumeTimeout the server does not wait for a client without a reader.
    this.#leaveBy = now + Math.min(LEAVE_WITHIN, this.#terms?.resumeTimeout ?? 0);
    const effects = this.#abortGet();
    return [...effects, ...(this.#sending.isDone ? this.#delete(false) : this.flush(now))];
  }

  /** The page goes away now: the last word, which may outlive it. */
  abandon(): HttpEffect[] {
    if (this.#phase !== "open" && this.#phase !== "leaving") return this.#end({ do: "left" });
    const batch = this.#sending.last(LARGEST_LAST);
    if (batch === undefined) return this.#delete(true);
    // A DELETE could overtake it. Without one the server ends the session after a while.
    const last = this.#request(++this.#ids, "POST", batch, true);
    return [...last, ...this.#end({ do: "left" })];
  }

  #openingAnswered(answer: Answer, now: number): HttpEffect[] {
    const verdict = judgeOpening(answer);
    if (verdict.is !== "open") return this.#notOpened(verdict);
    const { pingInterval, pingTimeout, maxPayload } = verdict.terms;
    this.#opening = undefined;
    this.#phase = "open";
    this.#terms = verdict.terms;
    this.#sending = new Sending({ maxPayload, patience: pingInterval + pingTimeout }, this.#random);
    this.#reader = this.#makeReader(verdict.terms);
    this.#probe = "to be sent";
    return [...this.#ask(now), { do: "opened" }];
  }

  #notOpened(why: OpeningFailure): HttpEffect[] {
    return this.#end({ do: "not opened", why });
  }

  #received(count: number, now: number): HttpEffect[] {
    if (!this.#sending.received(count)) return this.#unanswered(true, now);
    this.#troubledSince = undefined;
    if (this.#probe === "under way") {
      this.#probe = "done";
      this.#reader.expectPong(now);
    }
    if (this.#phase === "leaving" && this.#sending.isDone) return this.#delete(false);
    return this.flush(now);
  }

  /** Of a request that is to be sent again. */
  #unanswered(isPost: boolean, now: number, retryAfter?: number): HttpEffect[] {
    // Who leaves tries once more.
    if (this.#phase === "leaving" && this.#troubledSince !== undefined) return this.#end({ do: "left" });
    this.#troubledSince ??= now;
    if (isPost) {
      this.#sending.failed(now, retryAfter);
      return this.flush(now);
    }
    this.#reader.failed(now, retryAfter);
    return this.#read(now);
  }

  #refused(
    verdict: Exclude<Verdict, { is: "received" | "again" }>,
    isPost: boolean,
    now: number,
  ): HttpEffect[] {
    switch (verdict.is) {
      case "closed": {
        const { code, reason } = verdict;
        if (!isPost || this.#phase !== "open") return this.#lose({ code, reason });
        // The stream tells what came before the end.
        this.#closing ??= { end: { code, reason }, by: now + CLOSE_WITHIN };
        return [];
      }
      case "gone":
        return this.#lose(this.#closing?.end ?? CUT);
      case "unresumable":
        return [...this.#request(++this.#ids, "DELETE"), ...this.#lose(this.#closing?.end ?? CUT)];
      case "refused": {
        const { status, retryAfter } = verdict;
        return this.#lose({ ...CUT, status, ...(retryAfter === undefined ? {} : { retryAfter }) });
      }
    }
  }

  #begun(): HttpEffect[] {
    this.#troubledSince = undefined;
    const { mode } = this.#reader;
    if (this.#toldWorks === mode) return [];
    this.#toldWorks = mode;
    return [{ do: "works", mode }];
  }

  /** Tells the server what was received, where it is to be told. */
  #acknowledge({ wasPinged }: Reading, now: number): HttpEffect[] {
    // A poll tells with the next GET.
    if (!wasPinged && (this.#untold < ACK_AFTER || this.#reader.mode === "polling")) return [];
    this.#sending.speak();
    return this.flush(now);
  }

  #readerExpired(now: number): HttpEffect[] {
    switch (this.#reader.expired(now)) {
      case undefined:
        return [];
      case "read":
        return this.#ask(now);
      case "silent":
      case "unanswered": {
        const effects = this.#abortGet();
        return [...effects, ...this.#unanswered(false, now)];
      }
      case "held up": {
        if (!this.#settings.mayPoll) return this.#lose(CUT);
        const effects = this.#abortGet();
        this.#reader.poll(now);
        return [...effects, { do: "changed" }, ...this.#ask(now)];
      }
    }
  }

  /** Reads again, if it is time. */
  #read(now: number): HttpEffect[] {
    return this.#phase === "open" && this.#reader.expired(now) === "read" ? this.#ask(now) : [];
  }

  #ask(now: number): HttpEffect[] {
    this.#get = ++this.#ids;
    const headers = this.#reader.ask(now);
    return [...this.#request(this.#get, "GET", undefined, false, headers), { do: "counted" }];
  }

  #abortGet(): HttpEffect[] {
    const id = this.#get;
    this.#get = undefined;
    return id === undefined ? [] : [{ do: "abort", id }];
  }

  #delete(keepalive: boolean): HttpEffect[] {
    return [...this.#request(++this.#ids, "DELETE", undefined, keepalive), ...this.#end({ do: "left" })];
  }

  #lose(end: SessionEnd): HttpEffect[] {
    return this.#end(this.#phase === "leaving" ? { do: "left" } : { do: "lost", end });
  }

  /** Nothing is under way any more, but for a DELETE or a last POST. */
  #end(last: HttpEffect): HttpEffect[] {
    if (this.#phase === "over") return [];
    this.#phase = "over";
    const under = [this.#opening, this.#post, this.#get].filter((id) => id !== undefined);
    this.#opening = this.#post = this.#get = undefined;
    return [...under.map((id) => ({ do: "abort", id }) as const), last];
  }

  #request(
    id: number,
    method: HttpRequest["method"],
    batch?: { readonly seq: number | undefined; readonly body: string },
    keepalive = false,
    more: Readonly<Record<string, string>> = {},
  ): HttpEffect[] {
    if (method !== "DELETE") this.#untold = 0;
    const headers: Record<string, string> = {
      ...more,
      "crossroom-session": this.#terms?.session ?? "",
      ...(method === "DELETE" ? {} : { "crossroom-ack": String(this.#reader.received) }),
    };
    if (batch === undefined) return [{ do: "request", request: { id, method, headers, keepalive } }];
    headers["content-type"] = "application/x-ndjson";
    if (batch.seq !== undefined) headers["crossroom-seq"] = String(batch.seq);
    return [{ do: "request", request: { id, method, headers, body: batch.body, keepalive } }];
  }

  #makeReader(times: { pingInterval: number; pingTimeout: number }): Reader {
    const { mode, isBrief } = this.#settings;
    return new Reader({ mode, isBrief, ...times }, this.#random);
  }
}
