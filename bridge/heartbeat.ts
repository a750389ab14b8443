/** Whether a client is alive: pings, and what has come since. Pure: the clock is passed in, and times are whole milliseconds of it. */

/** What `look` finds: the client is gone, is to be pinged, or is to be looked at again at a time. */
export type Pulse = "dead" | "ping" | number;

export interface HeartbeatTimes {
  /** Milliseconds between two pings. */
  readonly pingInterval: number;
  /** Milliseconds that a client has to say anything after a ping. */
  readonly pingTimeout: number;
}

export class Heartbeat {
  readonly #times: HeartbeatTimes;
  #heardAt: number;
  /** When the last ping went out, or would have for the next to be due when it is. */
  #pingedAt: number;
  /** Bytes that had come from the client by then. */
  #bytesAtPing = 0;

  constructor(times: HeartbeatTimes, now: number) {
    this.#times = times;
    this.#heardAt = this.#pingedAt = now;
  }

  /** Something came from the client. */
  heard(now: number): void {
    this.#heardAt = now;
  }

  /** Begins anew, with a client that has just been heard: the first ping is due `wait` milliseconds from now. */
  restart(now: number, wait: number): void {
    this.#heardAt = now;
    this.#pingedAt = now + wait - this.#times.pingInterval;
  }

  /** When the next ping is due, of a client that has been heard. */
  get nextPing(): number {
    return this.#pingedAt + this.#times.pingInterval;
  }

  /**
   * @param bytesRead All bytes that have come: a large message on a slow line is a sign of life long before it is whole.
   * @param pausedUntil Until when nothing was read that may have come.
   */
  look(now: number, bytesRead: number, pausedUntil: number): Pulse {
    const { pingTimeout } = this.#times;
    this.#heardAt = Math.max(this.#heardAt, pausedUntil);
    if (this.#heardAt < this.#pingedAt && now - this.#pingedAt >= pingTimeout) {
      if (bytesRead <= this.#bytesAtPing) return "dead";
      this.#heardAt = now;
    }
    if (this.#heardAt < this.#pingedAt) return this.#pingedAt + pingTimeout;
    return now < this.nextPing ? this.nextPing : "ping";
  }

  /** A ping goes out. Returns when to look again. */
  pinged(now: number, bytesRead: number): number {
    this.#pingedAt = now;
    this.#bytesAtPing = bytesRead;
    return now + Math.min(this.#times.pingInterval, this.#times.pingTimeout);
  }
}
