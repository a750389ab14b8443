/**
 * The clock by which a store lets go what is old. While a server runs it counts the machine's uptime and nothing else, so that a clock
 * that is set has no say. What it did not see go by, because the machine was down, only the wall clock can tell: such a gap
 * is believed once the wall clock has gone on evenly for an hour.
 *
 * Its times are for stamps. What came before a gap is older by the gap, what came after it is not, even if the gap is found
 * out later: so gaps are kept beside the stamps, and added where an age is asked for. Pure.
 */

/** Where times come from, in milliseconds. */
export interface TimeSource {
  /** Since the Unix epoch; may be set at any time. */
  wall: () => number;
  /** Since the machine was started; counts on while it sleeps. */
  uptime: () => number;
  /** Names the machine's start; undefined where that is not known. */
  boot: string | undefined;
}

export interface Clock {
  /** Milliseconds, of the order of those since the Unix epoch. Never goes back. */
  now(): number;
  /** What was stamped with this time, or before, is `age` milliseconds old or more. */
  cutoff(age: number): number;
  /**
   * The wall clock as it went on evenly, in milliseconds since the Unix epoch: where it is set, it is believed after an hour. For what
   * others stamped by a wall clock.
   */
  wall(): number;
}

/** Time that nobody saw go by. */
interface Gap {
  /** The stamp of the last moment before it. */
  at: number;
  length: number;
}

/** What of a clock outlasts the process. */
export interface KeptClock {
  now: number;
  uptime: number;
  boot?: string;
  /** The most that the wall clock was ahead of this one. The most, so that a clock that is set back makes no gap. */
  lead: number;
  /** What it was ahead while it went on evenly. */
  evenLead?: number;
  /** In their order. */
  gaps: Gap[];
  /** A gap that is not believed yet: where it is, and the wall clock's lead before it. */
  doubt?: { at: number; lead: number };
}

/** Milliseconds for which the wall clock must go on evenly before it is believed. */
const GRACE = 60 * 60_000;

/** Milliseconds within which it counts as even, and under which a gap is none. */
const TOLERANCE = 10_000;

/** The oldest gaps are forgotten beyond this many: what is before them is kept for longer. */
const MAX_GAPS = 1_000;

export class StoreClock implements Clock {
  readonly #source: TimeSource;
  #now: number;
  #uptime: number;
  #lead: number;
  #evenLead: number;
  /** The lead of a wall clock that was set, and since when (by this clock). */
  #setLead: { lead: number; since: number } | undefined;
  readonly #gaps: Gap[];
  #doubt: KeptClock["doubt"];
  /** How long the gap would be, and since when (by this clock) that has not changed. */
  #even: { length: number; since: number } | undefined;

  /** @param kept Of the process before, if there was one. */
  constructor(source: TimeSource, kept?: KeptClock) {
    this.#source = source;
    const wall = source.wall();
    this.#uptime = source.uptime();
    this.#now = kept?.now ?? Math.floor(wall);
    this.#gaps = [...(kept?.gaps ?? [])];
    this.#doubt = kept?.doubt;
    if (kept !== undefined) {
      const seen = this.#uptime - kept.uptime;
      if (source.boot !== undefined && source.boot === kept.boot && seen >= 0) this.#now += seen;
      else {
        this.#doubt ??= { at: kept.now, lead: kept.lead };
        this.#now += 1; // no stamp is that of the moment before the gap
      }
    }
    this.#lead = wall - this.#now;
    this.#evenLead = kept?.evenLead ?? this.#lead;
    // It is no earlier than it was before the gap.
    if (this.#doubt !== undefined) this.#evenLead = Math.max(this.#evenLead, this.#lead);
    if (this.#doubt === undefined && kept !== undefined) this.#lead = Math.max(this.#lead, kept.lead);
  }

  now(): number {
    this.#tick();
    return Math.floor(this.#now);
  }

  cutoff(age: number): number {
    let at = this.now();
    let left = age;
    for (const gap of this.#gaps.toReversed()) {
      if (at - gap.at >= left) break;
      left -= at - gap.at + gap.length;
      at = gap.at;
      if (left <= 0) return at;
    }
    return at - left;
  }

  wall(): number {
    this.#tick();
    return Math.floor(this.#now + this.#evenLead);
  }

  keep(): KeptClock {
    this.#tick();
    const { boot } = this.#source;
    return {
      now: this.#now,
      uptime: this.#uptime,
      ...(boot === undefined ? {} : { boot }),
      lead: this.#lead,
      evenLead: this.#evenLead,
      gaps: this.#gaps,
      ...(this.#doubt === undefined ? {} : { doubt: this.#doubt }),
    };
  }

  #tick(): void {
    const uptime = this.#source.uptime();
    this.#now += Math.max(0, uptime - this.#uptime);
    this.#uptime = uptime;
    const lead = this.#source.wall() - this.#now;
    this.#lead = Math.max(this.#lead, lead);
    this.#follow(lead);
    if (this.#doubt === undefined) return;
    const length = lead - this.#doubt.lead;
    if (this.#even === undefined || Math.abs(length - this.#even.length) > TOLERANCE) {
      this.#even = { length, since: this.#now };
    } else if (this.#now - this.#even.since >= GRACE) {
      if (length > TOLERANCE) this.#gaps.push({ at: this.#doubt.at, length });
      if (this.#gaps.length > MAX_GAPS) this.#gaps.shift();
      this.#lead = lead;
      this.#doubt = undefined;
      this.#even = undefined;
    }
  }

  #follow(lead: number): void {
    if (Math.abs(lead - this.#evenLead) <= TOLERANCE) {
      this.#evenLead = lead;
      this.#setLead = undefined;
    } else if (this.#setLead === undefined || Math.abs(lead - this.#setLead.lead) > TOLERANCE) {
      this.#setLead = { lead, since: this.#now };
    } else if (this.#now - this.#setLead.since >= GRACE) {
      this.#evenLead = lead;
      this.#setLead = undefined;
    }
  }
}
