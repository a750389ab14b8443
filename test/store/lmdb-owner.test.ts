import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { LOCK_FILE } from "../../server/store/lmdb/folder-lock.js";
import { openLmdbStore } from "../../server/store/lmdb/lmdb-store.js";
import { ownerHere } from "../../server/store/lmdb/owner-process.js";
import type { Store } from "../../server/store/store.js";
import { DataFolder, expectStoreError } from "./support/folder.js";
import { ALL, TestOptions } from "./support/options.js";
import { canContain, StoreProcess } from "./support/process.js";

describe("the owner of a data folder", () => {
  const folder = new DataFolder();
  let store: Store | undefined;

  function start(...args: ConstructorParameters<typeof StoreProcess>): StoreProcess {
    const started = new StoreProcess(...args);
    folder.finally(() => started.kill());
    return started;
  }

  async function open(options = new TestOptions()): Promise<Store> {
    const opened = await openLmdbStore(folder.path, options);
    // One that lost the folder says so once more.
    folder.finally(() => opened.close().catch(() => undefined));
    return (store = opened);
  }

  const owner = (record: object) =>
    folder.editMeta((meta) => void meta.put(Buffer.from("owner"), Buffer.from(JSON.stringify(record))));

  it("keeps every other process out, which is told who it is and what to do", async () => {
    const holder = start("hold", folder.path);
    await holder.next();
    await expectStoreError(open(), "locked", `process ${holder.pid}`, folder.path, "Stop that server");
  });

  it("keeps its own process out, too", async () => {
    await open();
    const again = openLmdbStore(folder.path, new TestOptions());
    await expectStoreError(again, "locked", `this process, ${process.pid}`);
    await store?.log.append("a", { value: 1, at: 0 });
  });

  it("is one, of many in one process that open the folder at the same time", async () => {
    const attempts = await Promise.allSettled(Array.from({ length: 5 }, () => open()));
    expect(attempts.filter(({ status }) => status === "fulfilled")).to.have.length(1);
  });

  it("that was killed is succeeded at once", async () => {
    const holder = start("hold", folder.path);
    await holder.next();
    await holder.kill();
    const { log } = await open();
    await log.append("a", { value: 1, at: 0 });
  });

  it("that closes the store makes room for the next", async () => {
    const holder = start("hold", folder.path);
    await holder.next();
    holder.finish();
    expect(await holder.ended).to.equal(0);
    await open();
  });

  it("is one, of many processes that open the folder at the same time", async () => {
    const rivals = Array.from({ length: 4 }, () => start("hold", folder.path));
    const answers = await Promise.all(
      rivals.map((rival) => rival.next<{ opened?: boolean; code?: string }>()),
    );
    expect(answers.filter(({ opened }) => opened)).to.have.length(1);
    expect(answers.filter(({ code }) => code === "locked")).to.have.length(3);
  }).timeout(40_000);

  for (const [who, options] of Object.entries({
    "a process outside of it": {},
    "another container, where it has the same pid,": { isContained: true },
  })) {
    it(`in a container keeps ${who} out, which succeeds it at once when it is killed`, async function () {
      if (!canContain) return this.skip();
      const holder = start("hold", folder.path, { isContained: true });
      expect(await holder.next()).to.deep.equal({ opened: true });
      const refused = start("hold", folder.path, options);
      const answer = await refused.next<{ code: string; message: string }>();
      expect(answer).to.include({ code: "locked" });
      expect(answer.message).to.include("process 1 of another container on this host");
      expect(await refused.ended).to.equal(0);
      await holder.kill();
      const next = start("append", folder.path, options);
      expect(await next.next()).to.deep.equal({ opened: true });
      expect(await next.next()).to.have.property("offset");
    });
  }

  it("is gone if the lock is free, whatever else is known of it", async () => {
    const holder = start("hold", folder.path);
    await holder.next();
    const copy = join(folder.path, "copy");
    mkdirSync(copy);
    copyFileSync(folder.dataFile, join(copy, "data.mdb"));
    await (await openLmdbStore(copy, new TestOptions())).close();
  });

  for (const [where, options] of [
    ["", {}],
    [" in a container", { isContained: true }],
  ] as const) {
    it(`${where.trim() === "" ? "" : "in a container "}has a lock that nobody can take by removing its file`, async function () {
      if ("isContained" in options && !canContain) return this.skip();
      const holder = start("append", folder.path, options);
      await holder.next();
      for (let times = 0; times < 2; times++) {
        rmSync(join(folder.path, LOCK_FILE));
        await expectStoreError(open(), "locked", "Stop that server");
      }
      await holder.next();
      await holder.kill();
      await open();
    });
  }

  describe("where the kernel has no locks", () => {
    const record = (change: object) => owner({ ...ownerHere(), token: "t", beat: 0, ...change });

    beforeEach(async () => {
      await open();
      await store?.close();
    });

    it("is its process, for as long as that runs", async () => {
      await record({});
      await expectStoreError(open(), "locked", `process ${process.pid}`);
    });

    it("is gone if its pid is that of a process that started at another time", async function () {
      if (process.platform !== "linux") return this.skip();
      await record({ started: "another boot:1" });
      await open();
    });

    for (const [where, change, name] of [
      ["on another host", { host: "elsewhere" }, "on the host elsewhere"],
      ["in another container", { pids: "pid:[1]" }, "of another container"],
    ] as const) {
      it(`${where} counts as alive until it has been silent for 15 seconds`, async () => {
        const options = new TestOptions();
        await record({ ...change, pid: 1, beat: options.time });
        options.time += 14_999;
        await expectStoreError(open(options), "locked", `process 1 ${name}`, "15 seconds");
        options.time += 1;
        await open(options);
      });
    }
  });

  it("that lost the folder to another stores nothing any more, and says so", async () => {
    const { log } = await open();
    await log.append("a", { value: 1, at: 0 });
    await owner({ pid: 1, host: "elsewhere", token: "t", beat: 0 });
    await expectStoreError(
      log.append("a", { value: 2, at: 0 }),
      "locked",
      "taken over by process 1",
      "Restart",
    );
    await expectStoreError(log.trim("a", 1), "locked");
    expect((await log.after("a", 0, ALL)).entries.map(({ value }) => value)).to.deep.equal([1]);
  });

  it("says by itself that it is alive, with nothing to store", async () => {
    const options = new TestOptions();
    await open(options);
    options.time += 10_000;
    const beat = async () => {
      const record = await folder.readMeta("owner");
      return record === undefined ? undefined : (JSON.parse(record) as { beat: number }).beat;
    };
    const end = performance.now() + 10_000;
    while ((await beat()) !== options.time && performance.now() < end) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await beat()).to.equal(options.time);
  });
});
