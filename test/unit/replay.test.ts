import { expect } from "chai";
import { toEventBatch, type EventBatch } from "../../bridge/fanout/event-batch.js";
import { textFrame } from "../../bridge/fanout/frame.js";
import { Replay } from "../../bridge/http/replay.js";
import { Random, SEED } from "../support/random.js";

/** A batch of frames that are numbers. */
function batch(first: number, count: number): EventBatch {
  return toEventBatch(Array.from({ length: count }, (_, n) => textFrame(String(first + n))));
}

function numbersIn(batches: readonly EventBatch[]): number[] {
  return batches.flatMap(({ events }) =>
    [...events.toString().matchAll(/data: (\d+)\n\n/g)].map(([, n]) => Number(n)),
  );
}

describe("what a session over HTTP sends, until it is acknowledged", () => {
  it("is handed out once, and again after a rewind, from the batch that the client has a part of", () => {
    const replay = new Replay(1_000);
    replay.add(batch(0, 2));
    replay.add(batch(2, 3));
    expect(numbersIn(replay.takeUnsent())).to.deep.equal([0, 1, 2, 3, 4]);
    expect(replay.hasUnsent).to.be.false;
    replay.rewind(3);
    expect(replay.first).to.equal(2);
    expect(numbersIn(replay.takeUnsent())).to.deep.equal([2, 3, 4]);
  });

  it("is let go of when it is acknowledged, or when it is too much, and then a client may miss some", () => {
    const replay = new Replay(30);
    for (let n = 0; n < 5; n++) {
      replay.add(batch(n, 1)); // 9 bytes each
      replay.takeOne();
    }
    expect([1, 2].map((count) => replay.canResume(count))).to.deep.equal([false, true]);
    expect(replay.acknowledge(5)).to.be.true;
    expect([4, 5].map((count) => replay.canResume(count))).to.deep.equal([false, true]);
    expect(replay.keptBytes).to.equal(0);
  });

  it("cannot be acknowledged before it was handed out", () => {
    const replay = new Replay(1_000);
    replay.add(batch(0, 2));
    expect(replay.acknowledge(1)).to.be.false;
    replay.takeUnsent();
    expect([replay.acknowledge(3), replay.acknowledge(2), replay.acknowledge(0)]).to.deep.equal([
      false,
      true,
      true,
    ]);
  });

  it("that was never sent can be dropped, and what follows has the numbers", () => {
    const replay = new Replay(1_000);
    replay.add(batch(0, 1));
    replay.takeOne();
    replay.add(batch(1, 2));
    replay.dropFresh();
    expect(replay.freshBytes).to.equal(0);
    replay.add(batch(7, 1));
    expect(numbersIn(replay.takeUnsent())).to.deep.equal([7]);
    expect([replay.acknowledge(2), replay.acknowledge(3)]).to.deep.equal([true, false]);
  });

  it(`gives a client that loses answers every frame once and in order (FUZZ_SEED=${SEED})`, () => {
    const random = new Random(SEED);
    for (let run = 0; run < 300; run++) {
      const replay = new Replay(random.below(2_000) + 500);
      const got: number[] = [];
      let made = 0;
      for (let step = 0; step < 200; step++) {
        if (random.oneIn(2)) {
          const count = 1 + random.below(3);
          replay.add(batch(made, count));
          made += count;
        }
        if (!random.oneIn(3)) continue;
        // An answer: the client says what it has, and gets some of the rest.
        if (!replay.canResume(got.length)) break;
        replay.rewind(got.length);
        let next = replay.first;
        const sent = numbersIn(replay.takeUnsent());
        for (const number of sent.slice(0, random.below(sent.length + 1)))
          if (next++ >= got.length) got.push(number);
      }
      expect(got).to.deep.equal(Array.from({ length: got.length }, (_, n) => n));
    }
  });
});

describe("a tick's frames as server-sent events", () => {
  it("are one chunk, with one line for each frame, whatever its size", () => {
    const texts = ["{}", "é".repeat(100), "x".repeat(70_000)];
    const { count, events, chunk } = toEventBatch(texts.map(textFrame));
    expect(count).to.equal(3);
    expect(events.toString()).to.equal(texts.map((text) => `data: ${text}\n\n`).join(""));
    expect(chunk.toString()).to.equal(`${events.length.toString(16)}\r\n${events.toString()}\r\n`);
  });

  it("have spaces where the application's JSON has ends of lines", () => {
    const { events } = toEventBatch([textFrame('{"a":\r\n1}'), textFrame("[\n]")]);
    expect(events.toString()).to.equal('data: {"a":  1}\n\ndata: [ ]\n\n');
  });
});
