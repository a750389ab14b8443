import { expect } from "chai";
import { Agenda, type AgendaItem } from "../../bridge/agenda.js";
import { within } from "../support/deadline.js";

/** Milliseconds of a period. */
const LENGTH = 5;

/** Says when it was looked at, and is due again as `next` says. */
class Item implements AgendaItem {
  period = 0;
  readonly looks: number[] = [];
  #wake: (() => void) | undefined;

  constructor(readonly next: (now: number) => number) {}

  look(now: number): number {
    this.looks.push(now);
    this.#wake?.();
    return this.next(now);
  }

  /** Until it is looked at once more. */
  async once(): Promise<void> {
    await within(new Promise<void>((resolve) => (this.#wake = resolve)), "a look");
  }
}

describe("the agenda", () => {
  let now = 0;
  let agenda: Agenda<Item>;
  const items: Item[] = [];

  beforeEach(() => {
    now = 1_000;
    agenda = new Agenda(LENGTH, () => now);
  });

  afterEach(() => {
    for (const item of items.splice(0)) agenda.remove(item);
  });

  function add(due: number, next: (now: number) => number): Item {
    const item = new Item(next);
    items.push(item);
    agenda.add(item, due);
    return item;
  }

  /** Is looked at in every period, and so tells that one has passed. */
  function addClock(): Item {
    return add(now, (time) => time + 1);
  }

  it("looks at each when it is due, and at nobody else", async () => {
    const clock = addClock();
    const soon = add(now + 2 * LENGTH, (time) => time + 10 * LENGTH);
    const late = add(now + 100 * LENGTH, () => Infinity);
    for (let rounds = 0; rounds < 15; rounds++) {
      await clock.once();
      now += LENGTH;
    }
    await clock.once();
    expect(soon.looks).to.deep.equal([1_000 + 2 * LENGTH, 1_000 + 12 * LENGTH]);
    expect(late.looks).to.deep.equal([]);
  });

  it("never looks too early, and looks at what is overdue at once", async () => {
    const item = add(now + LENGTH + 1, (time) => time - 1);
    const clock = addClock();
    now += LENGTH;
    await clock.once();
    expect(item.looks).to.deep.equal([]);
    now += 1_000 * LENGTH;
    await clock.once();
    now += LENGTH;
    await clock.once();
    expect(item.looks).to.deep.equal([1_000 + 1_001 * LENGTH, 1_000 + 1_002 * LENGTH]);
  });

  it("moves an item, and takes one off, while it looks too", async () => {
    const clock = addClock();
    const moved = add(now + 50 * LENGTH, () => Infinity);
    const second = new Item(() => Infinity);
    const first = add(now + LENGTH, (time) => {
      agenda.remove(first);
      agenda.remove(second);
      return time + 1;
    });
    items.push(second);
    agenda.add(second, now + LENGTH);
    agenda.move(moved, now + LENGTH);
    for (let rounds = 0; rounds < 4; rounds++) {
      now += LENGTH;
      await clock.once();
    }
    expect([first, second, moved].map(({ looks }) => looks.length)).to.deep.equal([1, 0, 1]);
    now += LENGTH;
    agenda.move(first, now);
    await clock.once();
    expect(first.looks).to.have.length(1);
  });
});
