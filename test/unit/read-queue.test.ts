import { expect } from "chai";
import { ReadQueue } from "../../server/limits/read-queue.js";

describe("the queue of reads", () => {
  /** Whose reads had their turns, in that order, each of which takes so many milliseconds. */
  async function served(
    reads: readonly string[],
    milliseconds = 4,
  ): Promise<{ order: string[]; ticks: number[] }> {
    let now = 0;
    let tick = 0;
    const queue = new ReadQueue(() => now);
    const order: string[] = [];
    const ticks: number[] = [];
    const state = { isOver: false };
    const counting = (async () => {
      while (!state.isOver) {
        await new Promise((resolve) => setImmediate(resolve));
        tick++;
      }
    })();
    const read = async (of: string) => {
      await queue.turn(of);
      now += milliseconds;
      order.push(of);
      ticks.push(tick);
    };
    const reading: Promise<void>[] = [];
    for (const of of reads) {
      reading.push(read(of));
      // As calls come: what one may do at once is done before the next comes.
      for (let left = 5; left > 0; left--) await Promise.resolve();
    }
    await Promise.all(reading);
    state.isOver = true;
    await counting;
    return { order, ticks };
  }

  it("has one read of each in turn, however many one of them has waiting", async () => {
    const many = Array.from({ length: 1_000 }, () => "many");
    const { order } = await served([...many, "few", "few", "one"]);
    expect(order).to.have.length(1_003);
    // Those that were let go on in the tick in which there was time left.
    const begun = order.indexOf("few");
    expect(begun).to.be.below(5);
    expect(order.slice(begun, begun + 4)).to.deep.equal(["few", "one", "many", "few"]);
    expect(order.slice(begun + 4)).to.deep.equal(many.slice(begun + 1));
  });

  it("keeps the order of those who have one each, and of each one's", async () => {
    const names = Array.from({ length: 20 }, (_, n) => `user ${n}`);
    expect((await served(names)).order).to.deep.equal(names);
  });

  it("has no more in a tick than there is time for", async () => {
    const { ticks } = await served(Array.from({ length: 30 }, (_, n) => `user ${n % 3}`));
    const perTick = new Map<number, number>();
    for (const tick of ticks) perTick.set(tick, (perTick.get(tick) ?? 0) + 1);
    expect(Math.max(...perTick.values())).to.be.at.most(2);
  });

  it("lets all go on at once where there is time", async () => {
    const { order, ticks } = await served(["a", "b", "a"], 1);
    expect(order).to.deep.equal(["a", "b", "a"]);
    expect(new Set(ticks).size).to.equal(1);
  });
});
