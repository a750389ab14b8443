/**
 * Log lines of which there may be any number, because clients cause them: the first of a kind is written at once, and then
 * one every ten seconds, that says how many there were meanwhile.
 */

/** Where the lines go: the part of a pino logger that is used here. */
export interface GatheredLogTarget {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What came of one kind since its last line. */
interface Kind {
  readonly level: keyof GatheredLogTarget;
  times: number;
  /** Of the newest. */
  fields: object;
  readonly timer: NodeJS.Timeout;
}

/** Milliseconds between two lines of one kind. */
const PERIOD = 10_000;

export class GatheredLog {
  readonly #target: GatheredLogTarget;
  readonly #period: number;
  readonly #kinds = new Map<string, Kind>();
  readonly #counts = new Map<string, number>();

  constructor(target: GatheredLogTarget, period = PERIOD) {
    this.#target = target;
    this.#period = period;
  }

  /** How often each message was told of since the start. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /**
   * Tells of one more.
   * @param message What the kind is known by: nothing that a client chose may be in it, or there would be a kind for each.
   * @param fields Of a gathered line: those of the newest, with `times`.
   */
  tell(level: keyof GatheredLogTarget, message: string, fields: object = {}): void {
    this.#counts.set(message, (this.#counts.get(message) ?? 0) + 1);
    const kind = this.#kinds.get(message);
    if (kind !== undefined) {
      kind.times++;
      kind.fields = fields;
      return;
    }
    this.#target[level](fields, message);
    const timer = setInterval(() => this.#sumUp(message), this.#period);
    timer.unref();
    this.#kinds.set(message, { level, times: 0, fields, timer });
  }

  /** Writes what is left, and begins anew. */
  close(): void {
    for (const message of [...this.#kinds.keys()]) {
      this.#sumUp(message);
      this.#forget(message);
    }
  }

  #sumUp(message: string): void {
    const kind = this.#kinds.get(message);
    if (kind === undefined) return;
    if (kind.times === 0) {
      this.#forget(message);
      return;
    }
    this.#target[kind.level]({ ...kind.fields, times: kind.times }, message);
    kind.times = 0;
  }

  #forget(message: string): void {
    clearInterval(this.#kinds.get(message)?.timer);
    this.#kinds.delete(message);
  }
}
