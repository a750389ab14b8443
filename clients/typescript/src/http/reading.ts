/**
 * The GETs of a session (PROTOCOL.md, 12.4, 12.5, 12.13 and 12.18): a stream or polls, what was received, and when a stream is held up. A state
 * machine with no I/O.
 */
import { fieldsOf, type StreamEvent } from "./event-stream.js";
import { Retries } from "./retries.js";

export type ReadingMode = "sse" | "polling";

export interface ReadingSettings {
  readonly mode: ReadingMode;
  /**
   * Whether polls are not to wait: in a browser whose connections to this host are in use by other pages (12.19). They are made at intervals
   * then.
   */
  readonly isBrief: boolean;
  readonly pingInterval: number;
  readonly pingTimeout: number;
}

/** What came of events. */
export interface Reading {
  /** Those that are new, in their order. */
  readonly frames: readonly string[];
  readonly wasPinged: boolean;
  /** An answer has begun. */
  readonly hasBegun: boolean;
  readonly close?: { readonly code: number; readonly reason: string };
  /** The answer is not as it has to be: it is none, and to be ended. */
  readonly isBad: boolean;
}

/** Why time is up. */
export type Expiry = "read" | "unanswered" | "silent" | "held up";

/** Milliseconds: for `open` after a GET, for the pong after its POST was answered, for the first ping after `open`. */
const OPEN_WITHIN = 3_000;
const PONG_WITHIN = 3_000;
const PING_WITHIN = 10_000;

/** Milliseconds between two polls that do not wait. */
const PAUSE = 500;

/** Milliseconds that a stream without an event has to last for its end to be no failure. */
const LASTING = 1_000;

const PROBE_DATA = "crossroom-stream";

/** The `ping` frame whose `pong` shows that the stream lets through more than its beginning. */
export const PROBE = JSON.stringify({ type: "ping", data: PROBE_DATA });

type State =
  /** No GET is under way; the next is due then. */
  | { readonly at: "rest"; readonly until: number }
  | { readonly at: "asked"; readonly since: number }
  /** `open` has come. `position`: the number of the next frame. */
  | {
      readonly at: "begun";
      readonly asked: number;
      readonly since: number;
      position: number;
      pingBy: number;
      /** When anything came. */
      heardAt: number;
      isLively: boolean;
    };

export class Reader {
  readonly #settings: ReadingSettings;
  readonly #retries: Retries;
  #mode: ReadingMode;
  #state: State = { at: "rest", until: 0 };
  #received = 0;
  /** When the pong of the probe has to be there; undefined where none is awaited. */
  #pongBy: number | undefined;
  #hasPong = false;

  constructor(settings: ReadingSettings, random: () => number) {
    this.#settings = settings;
    this.#mode = settings.mode;
    this.#retries = new Retries(random);
  }

  get mode(): ReadingMode {
    return this.#mode;
  }

  /** How many frames of the session have come. */
  get received(): number {
    return this.#received;
  }

  get deadline(): number {
    const state = this.#state;
    if (state.at === "rest") return state.until;
    const asked = state.at === "asked" ? state.since : state.asked;
    if (this.#mode === "polling") return asked + this.#pollPatience;
    if (state.at === "asked") return asked + OPEN_WITHIN;
    const pong = this.#pongBy === undefined ? Infinity : Math.max(this.#pongBy, state.since + PONG_WITHIN);
    return Math.min(state.pingBy, pong, state.heardAt + this.#silence);
  }

  /** What is to be done, if the deadline has passed. */
  expired(now: number): Expiry | undefined {
    if (now < this.deadline) return undefined;
    const state = this.#state;
    if (state.at === "rest") return "read";
    if (this.#mode === "polling") return "unanswered";
    // Nothing came, not even what should have: the connection may be dead, and streams are as good as before.
    const isSilent = state.at === "begun" && now >= state.heardAt + this.#silence && now < state.pingBy;
    return isSilent ? "silent" : "held up";
  }

  /** A GET is made now. Its headers, without those that all requests have. */
  ask(now: number): Record<string, string> {
    this.#state = { at: "asked", since: now };
    if (this.#mode === "sse") return { accept: "text/event-stream" };
    return { accept: "text/plain", ...(this.#settings.isBrief && { "crossroom-wait": "0" }) };
  }

  came(events: readonly StreamEvent[], now: number): Reading {
    const frames: string[] = [];
    let [wasPinged, hasBegun] = [false, false];
    if (this.#state.at === "begun") this.#state.heardAt = now;
    const reading = (isBad = false): Reading => ({ frames, wasPinged, hasBegun, isBad });
    for (const event of events) {
      const state = this.#state;
      if (state.at !== "begun") {
        if (event.type !== "open" || event.next > this.#received || state.at !== "asked")
          return reading(true);
        hasBegun = true;
        this.#begun(state.since, event.next, now);
        continue;
      }
      switch (event.type) {
        case "open":
        case "malformed":
          return reading(true);
        case "ping":
          wasPinged = true;
          state.isLively = true;
          state.pingBy = now + this.#silence;
          break;
        case "close":
          return { ...reading(), close: event };
        case "frame":
          state.isLively = true;
          if (state.position++ < this.#received) break;
          this.#received++;
          if (!this.#hasPong && isPong(event.text)) this.#ponged();
          frames.push(event.text);
      }
    }
    return reading();
  }

  /** The answer has ended, without `close`. Says whether that is as it should be. */
  ended(now: number): boolean {
    const state = this.#state;
    if (state.at !== "begun") {
      this.failed(now);
      return false;
    }
    if (this.#mode === "polling") {
      this.#rest(now + (this.#settings.isBrief ? PAUSE : 0));
      return true;
    }
    // Something on the way that ends each stream at once must not be asked as fast as it answers.
    if (state.isLively || now - state.since >= LASTING) this.#retries.answered();
    this.failed(now);
    return false;
  }

  /** The GET had no answer. */
  failed(now: number, retryAfter?: number): void {
    this.#rest(now + this.#retries.failed(retryAfter));
  }

  /** Reads by polls from now on. */
  poll(now: number): void {
    this.#mode = "polling";
    this.#pongBy = undefined;
    this.#rest(now);
  }

  /** The POST with the probe was answered. */
  expectPong(now: number): void {
    if (!this.#hasPong && this.#mode === "sse") this.#pongBy = now + PONG_WITHIN;
  }

  /** Milliseconds without anything from the server after which the connection is dead. */
  get #silence(): number {
    return this.#settings.pingInterval + this.#settings.pingTimeout;
  }

  get #pollPatience(): number {
    return (this.#settings.isBrief ? 0 : this.#settings.pingInterval) + this.#silence;
  }

  #begun(asked: number, position: number, now: number): void {
    // A stream has to show more than that it begins, before failures are forgotten: `ended`.
    if (this.#mode === "polling") this.#retries.answered();
    this.#state = {
      at: "begun",
      asked,
      since: now,
      position,
      pingBy: now + PING_WITHIN,
      heardAt: now,
      isLively: false,
    };
  }

  #ponged(): void {
    this.#hasPong = true;
    this.#pongBy = undefined;
  }

  #rest(until: number): void {
    this.#state = { at: "rest", until };
  }
}

function isPong(text: string): boolean {
  if (text.length > 200 || !text.includes(PROBE_DATA)) return false;
  const { type, data } = fieldsOf(text);
  return type === "pong" && data === PROBE_DATA;
}
