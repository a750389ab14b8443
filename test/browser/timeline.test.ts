import { expect } from "chai";
import fc from "fast-check";
import { Timeline } from "../../clients/demo/timeline.js";
import type { RoomMessage } from "../../clients/typescript/src/rooms/index.js";

const message = (offset: number, epoch = "e"): RoomMessage => ({
  room: "r",
  id: `id ${offset}`,
  position: { epoch, offset },
  from: { user: "ada", name: "Ada", sid: "s", transport: "bridge" },
  data: offset,
  at: offset,
});
const messages = (from: number, to: number): RoomMessage[] =>
  Array.from({ length: to - from + 1 }, (_, index) => message(from + index));
const offsets = ({ entries }: Timeline): number[] =>
  entries.flatMap((entry) => (entry.kind === "message" ? [entry.message.position.offset] : []));
const kinds = ({ entries }: Timeline): string[] => entries.map(({ kind }) => kind);

describe("the demo's timeline", () => {
  it("has older pages before what arrived, and knows what to load next", () => {
    const timeline = new Timeline();
    timeline.arrived(message(9), false);
    expect(timeline.more).to.be.undefined;
    timeline.loaded(messages(6, 8), true);
    timeline.loaded(messages(1, 5), false);
    timeline.arrived(message(10), false);
    expect(offsets(timeline)).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(timeline.first).to.deep.equal({ epoch: "e", offset: 1 });
    expect(timeline.more).to.be.false;
  });

  it("has each message once and in order, however the newest page and arrivals overlap", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.nat(30), fc.nat(30), (start, read, arrivals) => {
        const timeline = new Timeline();
        const end = start + arrivals;
        // The page is read at some moment between the first arrival and the last one, and comes after all of them.
        const pageEnd = Math.min(start + read, end);
        for (const one of messages(start + 1, end)) timeline.arrived(one, false);
        timeline.loaded(messages(1, pageEnd), false);
        timeline.arrived(message(end), false);
        expect(offsets(timeline)).to.deep.equal(messages(1, end).map(({ position }) => position.offset));
      }),
    );
  });

  it("marks what was missed, and counts it, one's own left out", () => {
    const timeline = new Timeline();
    timeline.arrived(message(1), false);
    timeline.left();
    timeline.arrived(message(2), true);
    timeline.arrived(message(3), false);
    timeline.arrived(message(4), false);
    timeline.back();
    timeline.arrived(message(5), false);
    expect(kinds(timeline)).to.deep.equal(["message", "message", "away", "message", "message", "message"]);
    expect(timeline.entries[2]).to.include({ kind: "away", count: 2 });
  });

  it("marks nothing where nothing was missed", () => {
    const timeline = new Timeline();
    timeline.left();
    timeline.back();
    timeline.arrived(message(1), false);
    expect(kinds(timeline)).to.deep.equal(["message"]);
  });

  it("begins anew with another log's messages", () => {
    const timeline = new Timeline();
    timeline.arrived(message(7), false);
    timeline.reset();
    expect(timeline.arrived(message(1, "another"), false)).to.be.true;
    expect(offsets(timeline)).to.deep.equal([1]);
  });

  it("drops the oldest beyond its bound, and knows that they can be loaded again", () => {
    const timeline = new Timeline();
    timeline.loaded([], false);
    for (const one of messages(1, 601)) timeline.arrived(one, false);
    timeline.trim();
    expect(offsets(timeline)).to.deep.equal(messages(302, 601).map(({ position }) => position.offset));
    expect(timeline.more).to.be.true;
  });
});
