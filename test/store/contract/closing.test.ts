import { expect } from "chai";
import { StoreError } from "../../../server/store/store.js";
import { ALL, TestOptions } from "../support/options.js";
import { describeStores } from "../support/stores.js";

describeStores("closing a store", (test) => {
  beforeEach(() => test.open(new TestOptions()));
  afterEach(() => test.dispose());

  it("resolves when what was called before it is done", async () => {
    const { store } = test;
    const appends = Array.from({ length: 100 }, (_, value) => store.log.append("a", { value, at: 0 }));
    const put = store.devices.put("ada", { device: "d", cursor: { epoch: "e", offset: 1 }, seen: 1 });
    await store.close();
    expect(await Promise.all(appends)).to.have.length(100);
    await put;
    await test.restart();
    if (!test.outlastsRestart) return;
    expect((await test.store.log.after("a", 0, ALL)).entries).to.have.length(100);
    expect(await test.store.devices.of("ada")).to.have.length(1);
  });

  it("twice is closing once", async () => {
    await Promise.all([test.store.close(), test.store.close()]);
    await test.store.close();
  });

  it("makes every later call reject with the code closed", async () => {
    const { log, presence, devices, revocations } = test.store;
    await test.store.close();
    const device = { id: "d", sid: "s", transport: "bridge" } as const;
    const calls = {
      append: () => log.append("a", { value: 1, at: 0 }),
      state: () => log.state("a"),
      after: () => log.after("a", 0, ALL),
      before: () => log.before("a", 0, ALL),
      trim: () => log.trim("a", 1),
      list: () => log.list("", "", 1),
      sweep: () => log.sweep(),
      enter: () => presence.enter({ room: "r", user: "u", name: "n", device }, 1),
      exit: () => presence.exit("r", "u", "s"),
      away: () => presence.away("r", "u", "s", 1),
      expire: () => presence.expire(1, 1),
      members: () => presence.members("r", 1),
      count: () => presence.count("r"),
      has: () => presence.has("r", "u"),
      restore: () => presence.restore(1),
      of: () => devices.of("u"),
      put: () => devices.put("u", { device: "d", cursor: { epoch: "e", offset: 0 }, seen: 0 }),
      remove: () => devices.remove("u", "d"),
      backup: () => test.store.backup("/tmp/never-made"),
      add: () => revocations.add({ type: "token", id: "t" }, 1),
    } satisfies Record<string, () => Promise<unknown>>;
    for (const [title, call] of Object.entries(calls)) {
      const error: unknown = await call().catch((reason: unknown) => reason);
      expect(error, title).to.be.instanceOf(StoreError);
      expect(error, title).to.include({ code: "closed" });
    }
  });
});
