import { expect } from "chai";
import { createMemoryStore, DEFAULT_LIMITS, DEFAULT_ROOM, storeOptions } from "../../server/index.js";
import { Limiter } from "../../server/limits/limiter.js";
import { Rooms } from "../../server/rooms/rooms.js";
import type { Effect } from "../../server/rooms/outcome.js";

const MEMBERS = 2_000;

/** Members that are seen to in one tick, at most: some milliseconds of work. */
const AT_ONCE = 500;

describe("members whose connections were cut at the same moment", () => {
  it("are told of some in a tick, and all of them in the end", async () => {
    const store = createMemoryStore(storeOptions());
    const ticks: Effect[][] = [[]];
    let now = 0;
    const rooms = new Rooms({
      ...{ log: store.log, presence: store.presence, settings: () => DEFAULT_ROOM },
      telling: { heard: () => undefined, isCounted: () => false },
      policy: { rights: () => Promise.reject(new Error("nobody asks")), maySend: () => false },
      ...{ limits: DEFAULT_LIMITS, limiter: new Limiter(DEFAULT_LIMITS, () => now) },
      reads: { turn: () => Promise.resolve() },
      ...{ presenceGrace: 10, now: () => now, uptime: () => now, newId: () => "id" },
      perform: (effects) => ticks.at(-1)?.push(...effects),
    });
    for (let n = 0; n < MEMBERS; n++) {
      const device = { id: `d${n}`, sid: `s${n}`, transport: "bridge" as const };
      await store.presence.enter({ room: "r", user: `u${n}`, name: "U", device }, 1);
      await store.presence.away("r", `u${n}`, device.sid, 10);
    }
    now = 10;
    const state = { isOver: false };
    const expired = rooms.expire().finally(() => (state.isOver = true));
    while (!state.isOver) {
      await new Promise((resolve) => setImmediate(resolve));
      ticks.push([]);
    }
    await expired;
    expect(Math.max(...ticks.map(({ length }) => length))).to.be.within(1, AT_ONCE);
    const changes = ticks.flat().map((effect) => (effect.type === "presence" ? effect.change : undefined));
    expect(changes.map((change) => change?.member.user)).to.deep.equal(
      Array.from({ length: MEMBERS }, (_, n) => `u${n}`),
    );
    expect(changes.every((change) => change?.type === "leave")).to.be.true;
    expect(await store.presence.count("r")).to.equal(0);
    await store.close();
  });
});
