/**
 * The life of a connection: opening, heartbeat, closing, reconnecting. A state machine with no I/O: each method
 * takes what happened and returns what is to be done. Clock and randomness are passed in.
 */

import type { Heartbeat } from "./transport.js";
import { backoffDelay, type BackoffSettings } from "./backoff.js";

/** Why a connection ended, in socket.io-client's words. */
export type CloseReason = "forced close" | "ping timeout" | "transport close" | "transport error";

/** More about the end of a connection, where there is more. */
export interface CloseDetails {
  description: string;
  /** The WebSocket close code and reason, where there was a close. */
  code?: number;
  reason?: string;
  /** The same as `code` and `reason`, or the error: where socket.io-client's details have them. */
  context?: unknown;
}

/** Times in milliseconds. May be changed at any time, and counts from the next decision. */
export interface LifecycleSettings extends BackoffSettings {
  reconnection: boolean;
  reconnectionAttempts: number;
  /** How long a connection attempt may take; false for no limit. */
  timeout: number | false;
}

export type TimerName = "dial" | "retry" | "heartbeat";

/** Something to tell; `final` means that the client will not reconnect by itself. */
export type Announcement =
  | { event: "open" }
  | { event: "error"; error: Error; final: boolean }
  | { event: "close"; reason: CloseReason; details?: CloseDetails; final: boolean }
  | { event: "reconnect_attempt"; attempt: number }
  | { event: "reconnect"; attempt: number }
  | { event: "reconnect_error"; error: Error }
  | { event: "reconnect_failed" };

export type Effect =
  | { do: "dial" }
  /** `abrupt`: without waiting for the other side's close frame, which would not come. */
  | { do: "hangUp"; abrupt: boolean }
  | { do: "ping" }
  | { do: "start"; timer: TimerName; ms: number }
  | { do: "stop"; timer: TimerName }
  | { do: "announce"; what: Announcement }
  /** To whoever asked for the connection. */
  | { do: "answer"; error?: Error };

interface HeartbeatTimes {
  /** Milliseconds of silence after which something is amiss. */
  readonly interval: number;
  /** Milliseconds to wait beyond that. */
  readonly timeout: number;
}

/** Milliseconds that a connection must have lasted for delays to begin anew (PROTOCOL.md, 8.4). */
const LASTING = 10_000;

/** Until the server has said its own: Socket.IO's defaults. A connection can also go dead before that. */
const DEFAULT_TIMES: HeartbeatTimes = { interval: 25_000, timeout: 20_000 };

/** "waiting" is the time between two attempts. */
export type Phase = "closed" | "opening" | "open" | "waiting";

/**
 * Invariant: the state is final before the actions are returned. Actions that tell the user something come after
 * those that do something, but for `reconnect_attempt`, whose listeners may still change the options or give up:
 * whoever runs a list of actions drops the rest of it once `generation` has changed.
 */
export class Lifecycle {
  readonly #settings: LifecycleSettings;
  readonly #random: () => number;
  /** Grows with every change of phase. */
  generation = 0;
  phase: Phase = "closed";
  /** Whether a connection is being made again after it was lost or could not be made. */
  reconnecting = false;

  /** Attempts since the last connection. */
  #attempts = 0;
  /** Delays in a row since a connection that lasted. */
  #delays = 0;
  /** When the server first accepted a namespace on this connection. */
  #acceptedAt: number | undefined;
  #retriesFirst = true;
  #heartbeat: Heartbeat = "asked";
  #times = DEFAULT_TIMES;
  #heardAt = 0;
  /** When the `ping` frame was sent that nothing has been heard since. */
  #pingedAt: number | undefined;

  constructor(settings: LifecycleSettings, random: () => number) {
    this.#settings = settings;
    this.#random = random;
  }

  /** The connection is wanted. `retriesFirst`: whether a failure of the first attempt is followed by others. */
  open(retriesFirst: boolean): Effect[] {
    if (this.phase === "opening" || this.phase === "open") return [];
    this.#retriesFirst = retriesFirst;
    this.#enter("opening");
    return [{ do: "stop", timer: "retry" }, ...this.#startDialTimer(), { do: "dial" }];
  }

  /** The transport is open. */
  opened(now: number, heartbeat: Heartbeat): Effect[] {
    if (this.phase !== "opening") return [];
    const attempt = this.#attempts;
    const again = this.reconnecting;
    this.#enter("open");
    this.#attempts = 0;
    this.#acceptedAt = undefined;
    this.reconnecting = false;
    this.#heartbeat = heartbeat;
    this.#times = DEFAULT_TIMES;
    this.heard(now);
    const effects: Effect[] = [
      { do: "stop", timer: "dial" },
      ...this.#checkHeartbeat(now),
      announce({ event: "open" }),
      { do: "answer" },
    ];
    if (again) effects.push(announce({ event: "reconnect", attempt }));
    return effects;
  }

  /** The server accepted a namespace, and said how often it pings, and how long it waits, in milliseconds. */
  accepted(pingInterval: number, pingTimeout: number, now: number): Effect[] {
    if (this.phase !== "open") return [];
    this.#acceptedAt ??= now;
    this.#times = { interval: pingInterval, timeout: pingTimeout };
    return this.#checkHeartbeat(now);
  }

  /** Anything came from the server, a WebSocket ping among other things. */
  heard(now: number): void {
    this.#heardAt = now;
    this.#pingedAt = undefined;
  }

  /** Whether the connection is known to be dead, though the timer that says so is late (the machine slept). */
  hasExpired(now: number): boolean {
    return (
      this.phase === "open" && this.#heartbeat !== "own" && this.#isLast() && this.#silenceLeft(now) <= 0
    );
  }

  /**
   * The connection could not be made. `final`: trying again would be no use. `notBefore`: milliseconds that the server wants to be
   * left in peace.
   */
  failed(error: Error, final: boolean, { abrupt = false, notBefore = 0 } = {}): Effect[] {
    if (this.phase !== "opening") return [];
    const again = this.reconnecting;
    const retries = !final && this.#settings.reconnection && (again || this.#retriesFirst);
    const next = retries ? this.#planRetry(notBefore) : this.#rest();
    const effects: Effect[] = [
      { do: "stop", timer: "dial" },
      { do: "hangUp", abrupt },
      announce({ event: "error", error, final }),
      { do: "answer", error },
      ...next,
    ];
    if (again) effects.push(announce({ event: "reconnect_error", error }));
    return effectsFirst(effects);
  }

  /** The open connection ended. `final`: the server, or the rules, say not to come back. */
  lost(reason: CloseReason, details: CloseDetails | undefined, final: boolean, now: number): Effect[] {
    if (this.phase !== "open") return [];
    // A server that accepts and closes at once must not be asked again every second.
    if (this.#acceptedAt !== undefined && now - this.#acceptedAt >= LASTING) this.#delays = 0;
    const next = !final && this.#settings.reconnection ? this.#planRetry() : this.#rest();
    return effectsFirst([
      { do: "stop", timer: "heartbeat" },
      { do: "hangUp", abrupt: reason === "ping timeout" },
      announce({ event: "close", reason, final, ...(details ? { details } : {}) }),
      ...next,
    ]);
  }

  /** The connection is not wanted any more, in whatever phase it is. */
  close(): Effect[] {
    if (this.phase === "closed") return [];
    return [
      { do: "stop", timer: "dial" },
      { do: "stop", timer: "retry" },
      { do: "stop", timer: "heartbeat" },
      { do: "hangUp", abrupt: false },
      ...this.#rest(),
      announce({ event: "close", reason: "forced close", final: false }),
    ];
  }

  /** A timer that an action started has run out. */
  expired(timer: TimerName, now: number): Effect[] {
    switch (timer) {
      case "dial":
        return this.failed(new Error("timeout"), false, { abrupt: true });
      case "retry":
        return this.#retry();
      case "heartbeat":
        return this.phase === "open" ? this.#checkHeartbeat(now) : [];
    }
  }

  #retry(): Effect[] {
    if (this.phase !== "waiting") return [];
    if (!this.#settings.reconnection) return this.#rest();
    this.#enter("opening");
    return [
      ...this.#startDialTimer(),
      announce({ event: "reconnect_attempt", attempt: this.#attempts }),
      { do: "dial" },
    ];
  }

  /** Waits before the next attempt, or gives up after the last one. */
  #planRetry(notBefore = 0): Effect[] {
    if (this.#attempts >= this.#settings.reconnectionAttempts) {
      return [...this.#rest(), announce({ event: "reconnect_failed" })];
    }
    this.#enter("waiting");
    this.reconnecting = true;
    this.#attempts++;
    // The delay comes on top, as it is the one that differs: many may have been told the same time.
    const ms = notBefore + backoffDelay(this.#delays++, this.#settings, this.#random());
    return [{ do: "start", timer: "retry", ms }];
  }

  #rest(): Effect[] {
    this.#enter("closed");
    this.reconnecting = false;
    this.#attempts = 0;
    this.#delays = 0;
    return [];
  }

  /** PROTOCOL.md, 6.2: wait for the server's pings where they can be seen, or else ask for a sign of life. */
  #checkHeartbeat(now: number): Effect[] {
    if (this.#heartbeat === "own") return [];
    const left = this.#silenceLeft(now);
    if (left > 0) return [{ do: "start", timer: "heartbeat", ms: left }];
    if (this.#isLast()) return this.lost("ping timeout", undefined, false, now);
    this.#pingedAt = now;
    return [{ do: "ping" }, { do: "start", timer: "heartbeat", ms: this.#times.timeout }];
  }

  /** Milliseconds of silence that are left before something must be done. */
  #silenceLeft(now: number): number {
    const { interval, timeout } = this.#times;
    if (this.#heartbeat === "heard") return this.#heardAt + interval + timeout - now;
    return this.#pingedAt === undefined ? this.#heardAt + interval - now : this.#pingedAt + timeout - now;
  }

  /** Whether silence now means that the connection is dead, and not just that it is time to ask. */
  #isLast(): boolean {
    return this.#heartbeat === "heard" || this.#pingedAt !== undefined;
  }

  #startDialTimer(): Effect[] {
    const { timeout } = this.#settings;
    return timeout === false ? [] : [{ do: "start", timer: "dial", ms: timeout }];
  }

  #enter(phase: Phase): void {
    this.phase = phase;
    this.generation++;
  }
}

function announce(what: Announcement): Effect {
  return { do: "announce", what };
}

/** The same, with what tells the user something after what does something. */
function effectsFirst(effects: readonly Effect[]): Effect[] {
  const tells = (effect: Effect): boolean => effect.do === "announce" || effect.do === "answer";
  return [...effects.filter((effect) => !tells(effect)), ...effects.filter(tells)];
}
