import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect } from "chai";
import { RECEIPTED } from "../../server/store/devices.js";
import { copyStore } from "../../server/store/lmdb/lmdb-backup.js";
import { openLmdbStore, readLmdbStore } from "../../server/store/lmdb/lmdb-store.js";
import { createMemoryStore } from "../../server/store/memory/memory-store.js";
import type { Appended } from "../../server/store/log.js";
import type { Store } from "../../server/store/store.js";
import { DataFolder, expectStoreError } from "./support/folder.js";
import { ALL, DAY, TestOptions } from "./support/options.js";
import { StoreProcess } from "./support/process.js";

describe("the copy of a data folder", () => {
  const folder = new DataFolder();
  let options: TestOptions;
  let from: string;
  let to: string;

  beforeEach(() => {
    // One for all, as epochs are never the same twice.
    options = new TestOptions();
    from = join(folder.path, "data");
    to = join(folder.path, "copy");
  });

  async function open(path: string): Promise<Store> {
    const store = await openLmdbStore(path, options);
    folder.finally(() => store.close());
    return store;
  }

  async function use<T>(path: string, action: (store: Store) => Promise<T>): Promise<T> {
    const store = await openLmdbStore(path, options);
    try {
      return await action(store);
    } finally {
      await store.close();
    }
  }

  const append = async ({ log }: Store, name: string, key: string): Promise<Appended> => {
    const appended = await log.append(name, { value: key, at: 7, key });
    if (appended === "full") throw new Error("the log has a limit");
    return appended;
  };

  /** Two entries in `a`, and the inbox of Ada with the cursor of a device. Returns the epoch. */
  async function fill(): Promise<string> {
    return await use(from, async (store) => {
      await append(store, "a", "k1");
      await append(store, "a", "k2");
      const { epoch } = await store.log.state("a");
      for (const device of ["phone", RECEIPTED])
        await store.devices.put("ada", { device, cursor: { epoch, offset: 1 }, seen: 1 });
      await store.devices.put("ada", { device: "old", cursor: { epoch: "gone", offset: 9 }, seen: 1 });
      return epoch;
    });
  }

  const earlier = (path: string, key = "earlier"): Promise<unknown> =>
    folder.metaOf(path, key).then((text): unknown => (text === undefined ? undefined : JSON.parse(text)));

  it("has a new epoch for each log, begun or not, when it is opened; offsets, entries and ids go on", async () => {
    const old = await fill();
    await copyStore(from, to, []);
    const { log } = await open(to);
    const { epoch } = await log.state("a");
    expect(epoch).not.to.equal(old);
    expect(await log.state("a")).to.deep.equal({ epoch, first: 1, last: 2 });
    expect((await log.after("a", 0, ALL)).entries.map(({ value }) => value)).to.deep.equal(["k1", "k2"]);
    expect(await log.state("never appended to")).to.deep.equal({ epoch, first: 1, last: 0 });
    expect(await log.append("a", { value: 0, at: 9, key: "k1" })).to.deep.equal({
      position: { epoch, offset: 1 },
      at: 7,
      duplicate: true,
    });
    expect(await log.append("a", { value: 0, at: 9, key: "k3" })).to.deep.include({
      position: { epoch, offset: 3 },
    });
    expect((await use(from, (store) => store.log.state("a"))).epoch).to.equal(old);
  });

  it("has them once, and each copy its own", async () => {
    await fill();
    const epochs = new Set<string>();
    for (const copy of [to, `${to} 2`]) {
      await copyStore(from, copy, []);
      for (let times = 0; times < 2; times++)
        epochs.add((await use(copy, ({ log }) => log.state("a"))).epoch);
    }
    expect(epochs).to.have.property("size", 2);
  });

  it("has them when it was copied back by hand, or restored", async () => {
    const old = await fill();
    await copyStore(from, to, []);
    const [byHand, restored] = [join(folder.path, "by hand"), join(folder.path, "restored")];
    cpSync(to, byHand, { recursive: true });
    await copyStore(to, restored, []);
    for (const path of [byHand, restored, to])
      expect((await use(path, ({ log }) => log.state("a"))).epoch).not.to.equal(old);
  });

  it("can be looked at before, as what it is the copy of", async () => {
    const old = await fill();
    await copyStore(from, to, []);
    for (let times = 0; times < 2; times++) {
      const view = await readLmdbStore(to);
      expect(await view.log.state("a")).to.deep.equal({ epoch: old, first: 1, last: 2 });
      await view.close();
    }
    expect((await use(to, ({ log }) => log.state("a"))).epoch).not.to.equal(old);
  });

  it("has the cursors of devices in the new epoch, with their offsets, and tells devices that items may be lost", async () => {
    await fill();
    await copyStore(from, to, []);
    const { devices, log } = await open(to);
    const { epoch } = await log.state("a");
    expect(await devices.of("ada")).to.have.deep.members([
      { device: "phone", cursor: { epoch, offset: 1 }, seen: 1, lost: "restored" },
      { device: RECEIPTED, cursor: { epoch, offset: 1 }, seen: 1 },
      { device: "old", cursor: { epoch: "gone", offset: 9 }, seen: 1 },
    ]);
  });

  it("keeps apart logs of which one was begun after another was removed", async () => {
    await use(from, async (store) => {
      options.retentions.set("short", { count: Infinity, age: DAY });
      await append(store, "a", "k1");
      await append(store, "short", "k1");
      options.time += 60 * DAY;
      await store.log.sweep();
      await append(store, "b", "k1");
      const [a, b] = [await store.log.state("a"), await store.log.state("b")];
      expect(a.epoch).not.to.equal(b.epoch);
      const { epoch } = a;
      await store.devices.put("ada", { device: "d", cursor: { epoch, offset: 1 }, seen: options.time });
    });
    await copyStore(from, to, []);
    const { log, devices } = await open(to);
    const [a, b] = [await log.state("a"), await log.state("b")];
    expect(a.epoch).not.to.equal(b.epoch);
    expect((await devices.of("ada"))[0]?.cursor).to.deep.equal({ epoch: a.epoch, offset: 1 });
    expect((await log.state("c")).epoch).to.equal(b.epoch);
  });

  it("records the epochs before, and up to where each was good: the newest eight", async () => {
    const epochs = [await fill()];
    let last = from;
    for (let n = 1; n <= 10; n++) {
      const next = `${to} ${n}`;
      await copyStore(last, next, []);
      epochs.unshift(
        await use(next, async (store) => (await append(store, "a", `copy ${n}`)).position.epoch),
      );
      last = next;
    }
    const before = epochs.slice(1, 9);
    expect(await earlier(last)).to.deep.equal(before.map((epoch) => ({ epoch, last: 0 })));
    const head = JSON.parse((await folder.headOf(last, "a")) ?? "") as object;
    expect(head).to.deep.include({
      epoch: epochs[0],
      last: 12,
      earlier: before.map((epoch, i) => ({ epoch, last: 11 - i })),
    });
    await use(last, (store) => append(store, "new", "k1"));
    expect(JSON.parse((await folder.headOf(last, "new")) ?? "")).to.deep.include({
      epoch: epochs[0],
      earlier: before.map((epoch) => ({ epoch, last: 0 })),
    });
  });

  it("of many logs and devices has all of them in the new epoch", async () => {
    const names = Array.from({ length: 1_700 }, (_, n) => `log ${n}`);
    const old = await use(from, async (store) => {
      const { epoch } = await store.log.state("");
      const cursor = { epoch, offset: 1 };
      await Promise.all([
        ...names.map((name) => append(store, name, name)),
        ...names.map((name) => store.devices.put(name, { device: "d", cursor, seen: 1 })),
      ]);
      return epoch;
    });
    await copyStore(from, to, []);
    const { log, devices } = await open(to);
    const { epoch } = await log.state("");
    expect(epoch).not.to.equal(old);
    const found = await log.list("", "", Infinity);
    expect(found.map(({ name }) => name)).to.have.members(names);
    expect(new Set(found.map(({ state }) => state.epoch))).to.deep.equal(new Set([epoch]));
    for (const name of names)
      expect((await devices.of(name)).map(({ cursor }) => cursor)).to.deep.equal([{ epoch, offset: 1 }]);
  });

  it("that a release before this one made has new epochs when it is restored", async () => {
    // The first format has no mark, and no record of earlier epochs. Its epoch is one that the options would give.
    mkdirSync(from);
    const FORMAT_1 = "test/store/fixtures/format-1.mdb.gz";
    writeFileSync(join(from, "data.mdb"), gunzipSync(readFileSync(FORMAT_1)));
    options.newEpoch();
    await copyStore(from, to, []);
    const store = await open(to);
    const state = await store.log.state("room:a");
    expect(state).to.include({ first: 1, last: 40 });
    expect(state.epoch).not.to.equal("epoch-1");
    expect(await append(store, "room:a", "k40")).to.include({ duplicate: true });
  });

  it("is made by an open store of itself while it appends, the server's key with it, for its user alone", async () => {
    const store = await open(from);
    writeFileSync(join(from, "secret"), "s".repeat(32), { mode: 0o600 });
    const over = new AbortController();
    let acked = 0;
    const appending = (async () => {
      while (!over.signal.aborted) acked = (await append(store, "a", `${acked}`)).position.offset;
    })();
    while (acked < 10) await append(store, "b", `${acked}`);
    const before = acked;
    await store.backup(to);
    over.abort();
    await appending;
    expect(readdirSync(to)).to.have.members(["data.mdb", "data.mdb.sha256", "secret"]);
    expect(readFileSync(join(to, "secret"), "utf8")).to.equal("s".repeat(32));
    if (process.platform !== "win32")
      for (const file of readdirSync(to)) expect(statSync(join(to, file)).mode & 0o777).to.equal(0o600);
    const copy = await open(to);
    expect((await copy.log.state("a")).last).to.be.within(before, acked);
    await expectStoreError(store.backup(to), "failed", "is not empty");
    await expectStoreError(store.backup(join(from, "inside")), "failed", "outside");
  });

  it("is not made of a store in memory, which says that it keeps nothing", async () => {
    const store = createMemoryStore(options);
    await expectStoreError(store.backup(to), "failed", "nothing to back up", "data folder");
    await store.close();
    expect(existsSync(to)).to.equal(false);
  });

  for (const [how, locks] of [
    ["", true],
    [" where the kernel has no locks", false],
  ] as const) {
    it(`by hand, of a folder whose server runs, opens beside that${how}, with new epochs`, async () => {
      const holder = new StoreProcess("hold", from, { locks });
      folder.finally(() => holder.kill());
      await holder.next();
      cpSync(from, to, { recursive: true });
      const opener = new StoreProcess("append", to, { locks });
      folder.finally(() => opener.kill());
      expect(await opener.next()).to.deep.equal({ opened: true });
      expect(await opener.next()).to.have.property("offset");
      const view = await readLmdbStore(to);
      folder.finally(() => view.close());
      expect(await earlier(to)).to.deep.equal([{ epoch: "epoch-1", last: 0 }]);
    });
  }

  it("that is only moved after a crash keeps its epochs", async () => {
    const holder = new StoreProcess("append", from);
    await holder.next();
    await holder.next();
    await holder.kill();
    cpSync(from, to, { recursive: true });
    expect(await earlier(to)).to.equal(undefined);
    const { epoch } = await (await open(to)).log.state("log 0");
    expect(epoch).to.equal("epoch-1");
    expect(await earlier(to)).to.equal(undefined);
  });
});
