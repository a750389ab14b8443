import { expect } from "chai";
import type { Position, RoomMessage } from "../../../clients/typescript/src/rooms/index.js";
import { RoomLog, type LogEffect } from "../../../clients/typescript/src/rooms/room-log.js";
import { messageAt } from "./support/log-server.js";

const at = (offset: number, epoch = "e"): Position => ({ epoch, offset });
const message = (offset: number, epoch = "e"): RoomMessage => messageAt(at(offset, epoch));
const messages = (from: number, to: number): RoomMessage[] =>
  Array.from({ length: to - from + 1 }, (_, i) => message(from + i));

/** Actions in short: "3" is the delivery of the message at 3. */
function short(effects: readonly LogEffect[]): string[] {
  return effects.map((effect) => {
    switch (effect.do) {
      case "deliver":
        return String(effect.message.position.offset);
      case "read":
        return `read ${effect.after.offset}${effect.failures > 0 ? ` after ${effect.failures}` : ""}`;
      case "rejoin":
        return "rejoin";
      case "joined":
        return `${effect.recovered ? "joined" : "lost, joined"} ${effect.position.epoch}${effect.position.offset}`;
    }
  });
}

/** A log that is live at an offset. */
function live(offset: number, limits = { held: 100, repaired: 1_000 }): RoomLog {
  const log = new RoomLog(limits);
  log.begin(undefined);
  log.joining();
  expect(short(log.joined({ position: at(offset) }))).to.deep.equal([`joined e${offset}`]);
  return log;
}

function rejoining(offset: number, limits = { held: 100, repaired: 1_000 }): RoomLog {
  const log = live(offset, limits);
  log.away();
  log.joining();
  return log;
}

const page = (from: number, to: number, more = false): { messages: RoomMessage[]; more: boolean } => ({
  messages: messages(from, to),
  more,
});

describe("rooms layer: the log of a room", () => {
  it("begins where the first join is, and goes on from there", () => {
    const log = live(5);
    expect(log.position).to.deep.equal(at(5));
    expect(short(log.received(message(6)))).to.deep.equal(["6"]);
    expect(log.position).to.deep.equal(at(6));
  });

  it("never goes back to before what it has read meanwhile", () => {
    const log = live(0, { held: 100, repaired: 4 });
    expect(short(log.received(message(3)))).to.deep.equal(["read 0"]);
    expect(short(log.page(page(1, 4, true)))).to.deep.equal(["1", "2", "3", "4"]);
    expect(short(log.received(message(5)))).to.deep.equal(["5"]);
  });

  it("declares nothing lost where what is held is the next one", () => {
    const log = live(0, { held: 100, repaired: 2 });
    expect(short(log.received(message(3)))).to.deep.equal(["read 0"]);
    expect(short(log.page(page(1, 2, true)))).to.deep.equal(["1", "2", "3"]);
  });

  it("begins after the `since` that the application gives", () => {
    const log = new RoomLog();
    log.begin(at(3));
    log.joining();
    expect(log.position).to.deep.equal(at(3));
    expect(short(log.joined({ position: at(5), recovered: true, messages: messages(4, 5) }))).to.deep.equal([
      "4",
      "5",
      "joined e5",
    ]);
  });

  it("drops what was delivered", () => {
    const log = live(5);
    expect(short([...log.received(message(5)), ...log.received(message(1))])).to.deep.equal([]);
  });

  it("reads what is missing before a message, and holds what comes meanwhile", () => {
    const log = live(5);
    expect(short(log.received(message(8)))).to.deep.equal(["read 5"]);
    expect(short(log.received(message(9)))).to.deep.equal([]);
    expect(short(log.page(page(6, 7)))).to.deep.equal(["6", "7", "8", "9"]);
    expect(short(log.received(message(10)))).to.deep.equal(["10"]);
  });

  it("delivers what is recovered, then says so, then what came live before the answer", () => {
    const log = rejoining(5);
    expect(short(log.received(message(8)))).to.deep.equal([]);
    expect(short(log.joined({ position: at(7), recovered: true, messages: messages(6, 7) }))).to.deep.equal([
      "6",
      "7",
      "joined e7",
      "8",
    ]);
  });

  it("pages through the log where the answer has not everything", () => {
    const log = rejoining(5);
    expect(short(log.joined({ position: at(9), recovered: false, messages: [] }))).to.deep.equal(["read 5"]);
    expect(short(log.page(page(6, 7, true)))).to.deep.equal(["6", "7", "read 7"]);
    expect(short(log.page(page(8, 9)))).to.deep.equal(["8", "9", "joined e9"]);
  });

  it("counts as recovered where nothing was missed, whatever the answer says", () => {
    const log = rejoining(5);
    expect(short(log.joined({ position: at(5), recovered: false, messages: [] }))).to.deep.equal([
      "joined e5",
    ]);
  });

  it("declares lost what cannot be read any more, up to where it joined", () => {
    const log = rejoining(5);
    log.joined({ position: at(9), recovered: false, messages: [] });
    log.received(message(10));
    expect(short(log.unreadable())).to.deep.equal(["lost, joined e9", "10"]);
  });

  it("declares lost what cannot be read any more, up to the first live message", () => {
    const log = live(5);
    log.received(message(8));
    expect(short(log.unreadable())).to.deep.equal(["lost, joined e7", "8"]);
  });

  it("goes on in another log where the old one is gone", () => {
    const log = rejoining(5);
    expect(short(log.joined({ position: at(2, "f"), recovered: false, messages: [] }))).to.deep.equal([
      "lost, joined f2",
    ]);
    expect(short(log.received(message(3, "f")))).to.deep.equal(["3"]);
  });

  it("goes back to where the log ends if it is shorter than was seen", () => {
    const log = rejoining(5);
    expect(short(log.joined({ position: at(4), recovered: false, messages: [] }))).to.deep.equal([
      "lost, joined e4",
    ]);
  });

  it("joins again when a message of another log comes, and delivers it if it is after the join", () => {
    const log = live(5);
    expect(short(log.received(message(3, "f")))).to.deep.equal(["rejoin"]);
    log.joining();
    expect(short(log.joined({ position: at(2, "f"), recovered: false, messages: [] }))).to.deep.equal([
      "lost, joined f2",
      "3",
    ]);
  });

  it("does not trip over one stray message of another log", () => {
    const log = live(5);
    log.received(message(3, "f"));
    log.joining();
    expect(short(log.joined({ position: at(5), recovered: true, messages: [] }))).to.deep.equal([
      "joined e5",
    ]);
    expect(short(log.received(message(6)))).to.deep.equal(["6"]);
  });

  it("holds only so many live messages, and reads the rest from the log", () => {
    const log = live(0, { held: 2, repaired: 1_000 });
    log.received(message(2));
    log.received(message(3));
    log.received(message(4));
    expect(short(log.page(page(1, 2)))).to.deep.equal(["1", "2", "read 2"]);
    expect(short(log.page(page(3, 3)))).to.deep.equal(["3", "4"]);
  });

  it("reads only so many messages in a row before it declares the rest lost", () => {
    const log = rejoining(0, { held: 2, repaired: 4 });
    log.joined({ position: at(9), recovered: false, messages: [] });
    log.page(page(1, 2, true));
    expect(short(log.page(page(3, 4, true)))).to.deep.equal(["3", "4", "lost, joined e9"]);
  });

  it("reads again after a failure, and says how often it failed", () => {
    const log = live(0);
    log.received(message(3));
    expect(short(log.readingFailed())).to.deep.equal(["read 0 after 1"]);
    expect(short(log.readingFailed())).to.deep.equal(["read 0 after 2"]);
    expect(short(log.page(page(1, 1, true)))).to.deep.equal(["1", "read 1"]);
  });

  it("gives up a log that never has what it must have", () => {
    const log = live(0);
    log.received(message(3));
    const effects = Array.from({ length: 9 }, () => short(log.page({ messages: [], more: false })));
    expect(effects.slice(0, 8).flat()).to.deep.equal(
      Array.from({ length: 8 }, (_, i) => `read 0 after ${i + 1}`),
    );
    expect(effects[8]).to.deep.equal(["lost, joined e2", "3"]);
  });

  it("takes nothing out of its order from a page with a hole", () => {
    const log = live(0);
    log.received(message(4));
    expect(short(log.page({ messages: [message(1), message(3)], more: false }))).to.deep.equal([
      "1",
      "read 1",
    ]);
  });

  it("hears nothing while it is away, and ignores answers that come late", () => {
    const log = live(5);
    log.received(message(8));
    log.away();
    expect(log.received(message(6))).to.deep.equal([]);
    expect(log.page(page(6, 7))).to.deep.equal([]);
    expect(log.unreadable()).to.deep.equal([]);
    expect(log.readingFailed()).to.deep.equal([]);
    expect(log.joined({ position: at(9) })).to.deep.equal([]);
    expect(log.position).to.deep.equal(at(5));
  });
});
