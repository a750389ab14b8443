import { expect } from "chai";
import fc from "fast-check";
import type { InboxItem, Position } from "../../../clients/typescript/src/rooms/index.js";
import { InboxLog, type InboxAction } from "../../../clients/typescript/src/rooms/inbox-log.js";
import { SEED } from "../../support/random.js";

const at = (offset: number, epoch = "e"): Position => ({ epoch, offset });

function item(offset: number, epoch = "e"): InboxItem {
  return { type: "receipt", id: `${offset}`, position: at(offset, epoch), from: { user: "ada" }, at: 0 };
}

/** Actions in short: "process 3", "keep 3", "ack 3", "open", "lost". */
function short(effects: readonly InboxAction[]): string[] {
  return effects.map((effect) => {
    if (effect.do === "process") return `process ${effect.item.position.offset}`;
    return "position" in effect ? `${effect.do} ${effect.position.offset}` : effect.do;
  });
}

function openAt(offset: number): InboxLog {
  const log = new InboxLog(at(offset));
  log.processing(true);
  expect(short(log.opened(at(offset)))).to.deep.equal([]);
  return log;
}

describe("rooms layer: how far the inbox is processed", () => {
  it("begins where the server has it, for a device that kept nothing", () => {
    const log = new InboxLog(undefined);
    log.processing(true);
    expect(short(log.opened(at(7)))).to.deep.equal(["keep 7"]);
    expect(short([...log.received(item(7)), ...log.received(item(8))])).to.deep.equal(["process 8"]);
  });

  it("hands out one item at a time, and keeps the position before it acks it", () => {
    const log = openAt(0);
    expect(short(log.received(item(1)))).to.deep.equal(["process 1"]);
    expect(short(log.received(item(2)))).to.deep.equal([]);
    expect(short(log.done())).to.deep.equal(["keep 1", "ack 1", "process 2"]);
    expect(log.cursor).to.deep.equal(at(1));
  });

  it("puts into one ack what was processed while the one before was under way", () => {
    const log = openAt(0);
    for (const offset of [1, 2, 3]) log.received(item(offset));
    log.done();
    expect(short([...log.done(), ...log.done()])).to.deep.equal(["keep 2", "process 3", "keep 3"]);
    expect(short(log.acked())).to.deep.equal(["ack 3"]);
    expect(short(log.acked())).to.deep.equal([]);
  });

  it("tells again what could not be told, or something later", () => {
    const log = openAt(0);
    for (const offset of [1, 2]) log.received(item(offset));
    log.done();
    expect(short(log.ackFailed(at(1)))).to.deep.equal(["ack 1"]);
    log.done();
    expect(short(log.ackFailed(at(1)))).to.deep.equal(["ack 2"]);
  });

  it("drops what comes again, processed or waiting", () => {
    const log = openAt(0);
    for (const offset of [1, 2]) log.received(item(offset));
    log.done();
    log.away();
    log.opened(at(1));
    expect(short([1, 2, 3].flatMap((offset) => log.received(item(offset))))).to.deep.equal([]);
    expect(short(log.done())).to.include("process 3");
  });

  it("goes on without a connection, and says how far with the next one", () => {
    const log = openAt(0);
    for (const offset of [1, 2]) log.received(item(offset));
    log.away();
    expect(short([...log.done(), ...log.done()])).to.deep.equal(["keep 1", "process 2", "keep 2"]);
    expect(log.cursor).to.deep.equal(at(2));
    expect(short(log.opened(at(2)))).to.deep.equal(["ack 2"]);
  });

  it("gives an item that failed again, and lets no other go before it", () => {
    const log = openAt(0);
    for (const offset of [1, 2]) log.received(item(offset));
    log.failed();
    expect(short(log.received(item(3)))).to.deep.equal([]);
    expect(short(log.processing(true))).to.deep.equal(["process 1"]);
  });

  it("puts the item in hand back if nobody processes any more", () => {
    const log = openAt(0);
    log.received(item(1));
    expect(short(log.processing(false))).to.deep.equal([]);
    expect(log.done()).to.deep.equal([]);
    expect(short(log.processing(true))).to.deep.equal(["process 1"]);
  });

  it("takes the server's word for what was processed elsewhere under its name", () => {
    const log = openAt(0);
    log.processing(false);
    for (const offset of [1, 2, 3]) log.received(item(offset));
    log.away();
    expect(short(log.opened(at(2)))).to.deep.equal(["keep 2"]);
    expect(short(log.processing(true))).to.deep.equal(["process 3"]);
  });

  it("goes on in another log where the old one is gone, after what it has of that", () => {
    const log = openAt(5);
    for (const offset of [6, 7]) log.received(item(offset));
    log.away();
    expect(short(log.opened(at(0, "f")))).to.deep.equal(["keep 0"]);
    log.received(item(1, "f"));
    const effects = [log.done(), log.done(), log.done()].flat().filter(({ do: what }) => what === "process");
    expect(short(effects)).to.deep.equal(["process 7", "process 1"]);
    expect(log.cursor).to.deep.equal(at(1, "f"));
  });

  it("has the inbox opened again where items are missing, and takes none before the server's cursor says why", () => {
    const log = openAt(0);
    log.received(item(1));
    expect(short([4, 5].flatMap((offset) => log.received(item(offset))))).to.deep.equal(["open"]);
    expect(short(log.done())).to.deep.equal(["keep 1", "ack 1"]);
    log.acked();
    expect(short(log.opened(at(1)))).to.deep.equal([]);
    const again = [2, 3, 4].flatMap((offset) => log.received(item(offset)));
    expect(short(again)).to.deep.equal(["process 2"]);
  });

  it("goes over what was processed elsewhere where the server's cursor does", () => {
    const log = openAt(0);
    expect(short(log.received(item(4)))).to.deep.equal(["open"]);
    expect(short(log.opened(at(3)))).to.deep.equal(["keep 3"]);
    expect(short(log.received(item(4)))).to.deep.equal(["process 4"]);
  });

  it("says what is lost where the server skips it again, and goes on", () => {
    const log = openAt(0);
    log.received(item(3));
    log.opened(at(0));
    expect(short(log.received(item(3)))).to.deep.equal(["lost", "process 3"]);
    expect(short(log.received(item(5)))).to.deep.equal(["open"]);
  });

  const STEPS = ["send", "deliver", "process", "fail", "ack arrives", "ack lost", "cut", "reload"] as const;

  it("processes each item once and in order, whatever the network and the program do", () => {
    const steps = fc.constantFrom(...STEPS);
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 150 }), (run) => {
        const model = new Model();
        for (const step of run) model.take(step);
        model.settle();
        expect(model.processed).to.deep.equal(Array.from({ length: model.sent }, (_, i) => i + 1));
        expect(model.cursor).to.equal(model.sent);
      }),
      { seed: SEED, numRuns: 2_000 },
    );
  });

  it("acks no item that neither it nor the device's newer connection has processed, whatever that one does", () => {
    const steps = fc.constantFrom(...STEPS, "newer opens", "newer processes", "newer goes");
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 150 }), (run) => {
        const model = new Model();
        for (const step of run) model.take(step); // each ack is looked at when it is sent
        model.settle();
        const all = new Set([...model.processed, ...model.elsewhere]);
        expect(all.size).to.equal(model.sent);
        expect(model.processed).to.deep.equal([...new Set(model.processed)].toSorted((a, b) => a - b));
      }),
      { seed: SEED, numRuns: 2_000 },
    );
  });
});

/** A server's inbox, a device, and the storage that outlasts the device's program. */
class Model {
  sent = 0;
  /** The server's, of this device. */
  cursor = 0;
  readonly processed: number[] = [];
  /** What the device's newer connection has processed. */
  readonly elsewhere: number[] = [];

  #isNewerOpen = false;
  #kept: Position | undefined;
  #log = new InboxLog(undefined);
  #delivered = 0;
  #isOpen = false;
  #inHand: number | undefined;
  #acking: Position | undefined;

  constructor() {
    this.#perform(this.#log.processing(true));
    this.#open();
  }

  take(step: string): void {
    switch (step) {
      case "send":
        this.sent++;
        return;
      case "deliver":
        if (this.#isOpen && !this.#isNewerOpen && this.#delivered < this.sent)
          this.#perform(this.#log.received(item(++this.#delivered)));
        return;
      case "process":
        if (this.#inHand === undefined) return;
        this.processed.push(this.#inHand);
        this.#inHand = undefined;
        this.#perform(this.#log.done());
        return;
      case "fail":
        if (this.#inHand === undefined) return;
        this.#inHand = undefined;
        this.#log.failed();
        this.#perform(this.#log.processing(true));
        return;
      case "ack arrives":
        return this.#answer(true);
      case "ack lost":
        return this.#answer(false);
      case "cut":
        return this.#reconnect();
      case "reload":
        this.#inHand = undefined;
        this.#log = new InboxLog(this.#kept);
        this.#perform(this.#log.processing(true));
        return this.#reconnect();
      case "newer opens":
        this.#isNewerOpen = true;
        return;
      case "newer processes":
        if (this.#isNewerOpen && this.cursor < this.sent) this.elsewhere.push(++this.cursor);
        return;
      case "newer goes":
        if (this.#isNewerOpen) this.#delivered = this.cursor;
        this.#isNewerOpen = false;
        return this.#perform(this.#log.returned());
    }
  }

  settle(): void {
    this.#reconnect();
    for (let round = 0; round <= this.sent + 1; round++) {
      this.take("deliver");
      this.take("process");
      this.take("ack arrives");
    }
  }

  #open(): void {
    this.#isOpen = true;
    this.#isNewerOpen = false;
    const since = this.#log.cursor?.offset ?? 0;
    this.cursor = Math.max(this.cursor, since);
    this.#delivered = this.cursor;
    this.#perform(this.#log.opened(at(this.cursor)));
  }

  #reconnect(): void {
    this.#isOpen = false;
    this.#acking = undefined;
    this.#log.away();
    this.#open();
  }

  #answer(isKnown: boolean): void {
    const acking = this.#acking;
    if (acking === undefined) return;
    this.#acking = undefined;
    if (this.#isNewerOpen) {
      this.#log.taken();
      return this.#perform(this.#log.ackFailed(acking));
    }
    if (isKnown) this.cursor = Math.max(this.cursor, acking.offset);
    this.#perform(isKnown ? this.#log.acked() : this.#log.ackFailed(acking));
  }

  #perform(effects: readonly InboxAction[]): void {
    for (const effect of effects) {
      switch (effect.do) {
        case "keep":
          this.#kept = effect.position;
          break;
        case "ack":
          this.#promise(effect.position);
          break;
        case "process":
          this.#inHand = effect.item.position.offset;
          break;
        case "open":
          this.#acking = undefined;
          this.#open();
          break;
        case "lost":
          throw new Error("nothing is lost here");
      }
    }
  }

  #promise(position: Position): void {
    const known = new Set([...this.processed, ...this.elsewhere]);
    for (let offset = 1; offset <= position.offset; offset++) {
      if (!known.has(offset))
        throw new Error(`${offset} was acked with ${position.offset}, and not processed`);
    }
    this.#acking = position;
  }
}
