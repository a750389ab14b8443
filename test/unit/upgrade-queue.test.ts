import { expect } from "chai";
import { Duplex } from "node:stream";
import { UpgradeQueue } from "../../bridge/upgrade-queue.js";

const nextTick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A client's socket that nobody reads. */
function socketOf(): Duplex {
  return new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
}

describe("the queue of upgrades", () => {
  let time: number;
  let begun: string[];
  let queue: UpgradeQueue;
  beforeEach(() => {
    time = 0;
    begun = [];
    queue = new UpgradeQueue({ max: 4, maxWait: 1_000, now: () => time });
  });

  /** Adds one upgrade that takes `cost` milliseconds. */
  function add(name: string, cost: number, socket = socketOf()): string {
    return queue.add(socket, () => {
      begun.push(name);
      time += cost;
    });
  }

  it("lets in at once whoever comes alone, tick after tick", async () => {
    for (const name of ["a", "b", "c"]) {
      expect(add(name, 500)).to.equal("begun");
      await nextTick();
    }
    expect(begun).to.deep.equal(["a", "b", "c"]);
  });

  it("lets in for ten milliseconds of a tick, and the others in the ticks that follow, first come, first served", async () => {
    const turns = ["a", "b", "c", "d", "e", "f"].map((name) => add(name, 4));
    expect(turns).to.deep.equal(["begun", "begun", "begun", "waits", "waits", "waits"]);
    await nextTick();
    expect(begun.join("")).to.equal("abcdef");
  });

  it("leaves the loop to others between two slices, and lets nobody in before those who wait", async () => {
    for (const name of ["a", "b", "c"]) add(name, 10);
    expect(begun.join("")).to.equal("a");
    await nextTick();
    expect(begun.join("")).to.equal("ab");
    expect(add("d", 10)).to.equal("waits");
    await nextTick();
    await nextTick();
    expect(begun.join("")).to.equal("abcd");
  });

  it("takes no more than may wait", async () => {
    add("a", 10);
    expect(["b", "c", "d", "e", "f"].map((name) => add(name, 10))).to.deep.equal([
      ...["waits", "waits", "waits", "waits", "full"],
    ]);
    await nextTick();
    expect(add("g", 10)).to.equal("waits");
  });

  it("takes no more while the first has waited for too long", async () => {
    add("a", 10);
    add("b", 10);
    time += 1_000;
    expect(add("c", 10)).to.equal("full");
    await nextTick();
    await nextTick();
    expect(add("d", 10)).to.equal("begun");
    expect(begun.join("")).to.equal("abd");
  });

  it("passes over those who have gone", async () => {
    const cut = socketOf();
    const ended = socketOf();
    add("a", 10);
    add("b", 10, cut);
    add("c", 10, ended);
    add("d", 0);
    cut.destroy();
    ended.push(null);
    ended.read(0); // as Node's sockets do by themselves
    await nextTick();
    expect(begun.join("")).to.equal("ad");
    expect(ended.destroyed).to.equal(true);
  });

  it("goes on after an upgrade that throws", async () => {
    add("a", 10);
    const thrown = new Promise((resolve) => {
      const listeners = process.listeners("uncaughtException");
      process.removeAllListeners("uncaughtException").once("uncaughtException", (error) => {
        for (const listener of listeners) process.on("uncaughtException", listener);
        resolve(error);
      });
    });
    const error = new Error("a listener of the application's");
    queue.add(socketOf(), () => {
      throw error;
    });
    add("c", 10);
    expect(await thrown).to.equal(error);
    await nextTick();
    expect(begun.join("")).to.equal("ac");
  });
});
