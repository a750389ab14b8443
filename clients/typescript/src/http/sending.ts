/**
 * The lines of a session and its POSTs (PROTOCOL.md, 12.6 and 12.7): one is under way at a time, and what is sent meanwhile goes into the next.
 * What had no answer is sent again under the same numbers. A state machine with no I/O.
 */
import { utf8Length } from "../shared/platform.js";
import { Retries } from "./retries.js";

export interface Batch {
  /** The number of the first line; none without lines. */
  readonly seq: number | undefined;
  readonly body: string;
}

export interface SendingLimits {
  /** Bytes of a body. */
  readonly maxPayload: number;
  /** Milliseconds after which a POST has no answer. */
  readonly patience: number;
}

/** Bytes of a body with several lines: proxies take less than servers, and large ones would hold up what comes behind. */
const LARGEST_BATCH = 256 * 1024;

interface Line {
  readonly text: string;
  readonly bytes: number;
}

export class Sending {
  readonly #limits: SendingLimits;
  readonly #retries: Retries;
  /** Those that the server has not said that it has. */
  readonly #lines: Line[] = [];
  /** The number of the first of them. */
  #first = 0;
  /** Lines in the POST that is under way. */
  #posted = 0;
  #postedAt: number | undefined;
  #notBefore = 0;
  /** Whether a POST is due though there is no line. */
  #mustSpeak = false;

  constructor(limits: SendingLimits, random: () => number) {
    this.#limits = limits;
    this.#retries = new Retries(random);
  }

  /** Adds a line to the next POST. */
  add(text: string): void {
    this.#lines.push({ text, bytes: utf8Length(text) });
  }

  /** The next POST goes in any case: to answer a ping, or to tell what was received. */
  speak(): void {
    this.#mustSpeak = true;
  }

  /** Whether a POST is under way. */
  get isPosting(): boolean {
    return this.#postedAt !== undefined;
  }

  /** Whether all lines are at the server. */
  get isDone(): boolean {
    return this.#lines.length === 0 && !this.isPosting;
  }

  /** Whether a line that is added now leaves at once. */
  get isDrained(): boolean {
    return !this.isPosting || this.#lines.length === this.#posted;
  }

  /** When to look again: a POST has no answer then, or is to be sent again. */
  get deadline(): number | undefined {
    if (this.#postedAt !== undefined) return this.#postedAt + this.#limits.patience;
    return this.#isDue ? this.#notBefore : undefined;
  }

  /** Whether the POST that is under way has had time enough. */
  isLate(now: number): boolean {
    return this.#postedAt !== undefined && now >= this.#postedAt + this.#limits.patience;
  }

  /** What is to be posted now, if anything: it is under way then. */
  post(now: number): Batch | undefined {
    if (this.isPosting || !this.#isDue || now < this.#notBefore) return undefined;
    this.#mustSpeak = false;
    this.#postedAt = now;
    // One in any case: it is not for this side to say that the server does not take it.
    const fitting = this.#countUpTo(Math.min(this.#limits.maxPayload, LARGEST_BATCH));
    this.#posted = Math.min(Math.max(fitting, 1), this.#lines.length);
    return this.#batch(this.#posted);
  }

  /** Lines that the server does not have, whatever is under way, as far as they fit: for a last word. */
  last(most: number): Batch | undefined {
    const count = this.#countUpTo(most);
    return count === 0 ? undefined : this.#batch(count);
  }

  /** The server has this many lines. Says whether it can have; if not, it was no answer. */
  received(count: number): boolean {
    const gone = count - this.#first;
    if (gone < 0 || gone > this.#lines.length) return false;
    this.#lines.splice(0, gone);
    this.#first = count;
    this.#postedAt = undefined;
    this.#posted = 0;
    this.#retries.answered();
    return true;
  }

  /** The POST had no answer. */
  failed(now: number, retryAfter?: number): void {
    // It has to be sent again, with a line or without: it is what tells the server that the client is there.
    this.#mustSpeak = true;
    this.#postedAt = undefined;
    this.#posted = 0;
    this.#notBefore = now + this.#retries.failed(retryAfter);
  }

  get #isDue(): boolean {
    return this.#mustSpeak || this.#lines.length > 0;
  }

  #batch(count: number): Batch {
    const lines = this.#lines.slice(0, count);
    return { seq: count === 0 ? undefined : this.#first, body: lines.map(({ text }) => text).join("\n") };
  }

  #countUpTo(most: number): number {
    let bytes = -1; // no LF at the end
    const end = this.#lines.findIndex((line) => (bytes += line.bytes + 1) > most);
    return end === -1 ? this.#lines.length : end;
  }
}
