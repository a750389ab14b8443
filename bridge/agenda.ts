/** One timer that looks at many, each when it is due: those that are not cost nothing. */
import { throwLater } from "./fanout/throw-later.js";

/** What is looked at. */
export interface AgendaItem {
  /** The agenda's own business: the period in which it is due. */
  period: number;
  /** @returns When to look again. */
  look(now: number): number;
}

export class Agenda<Item extends AgendaItem> {
  readonly #length: number;
  readonly #now: () => number;
  /** The items, by the period in which they are due. */
  readonly #periods = new Map<number, Set<Item>>();
  #size = 0;
  /** The next period to be looked at; all before are over. */
  #next = 0;
  /** Set while there are items. */
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param length Milliseconds of a period: an item is looked at up to so much later than it is due.
   * @param now Whole milliseconds on a clock that only goes forward.
   */
  constructor(length: number, now: () => number) {
    this.#length = length;
    this.#now = now;
  }

  add(item: Item, due: number): void {
    this.#enter(item, due);
    this.#size++;
    this.#timer ??= setInterval(() => this.#look(), this.#length);
  }

  /** Has an item looked at at another time than was said last. */
  move(item: Item, due: number): void {
    if (this.#leave(item)) this.#enter(item, due);
  }

  remove(item: Item): void {
    if (!this.#leave(item) || --this.#size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #enter(item: Item, due: number): void {
    item.period = Math.max(this.#next, Math.ceil(due / this.#length));
    const items = this.#periods.get(item.period);
    if (items === undefined) this.#periods.set(item.period, new Set([item]));
    else items.add(item);
  }

  #leave(item: Item): boolean {
    const items = this.#periods.get(item.period);
    if (items?.delete(item) !== true) return false;
    if (items.size === 0) this.#periods.delete(item.period);
    return true;
  }

  #look(): void {
    const now = this.#now();
    const over = Math.floor(now / this.#length);
    this.#next = over + 1;
    for (const [period, items] of this.#periods) {
      if (period <= over) for (const item of items) this.#lookAt(item, now);
    }
  }

  /** An item may be taken off, or moved, while it is looked at. */
  #lookAt(item: Item, now: number): void {
    const { period } = item;
    let due = now + this.#length;
    try {
      due = item.look(now);
    } catch (error) {
      throwLater(error);
    }
    if (item.period === period) this.move(item, due);
  }
}
