import { hostname } from "node:os";
import { expect } from "chai";
import { openLmdbStore } from "../../server/store/lmdb-store.js";
import type { Store } from "../../server/store/store.js";
import { DataFolder, expectStoreError } from "./support/folder.js";
import { ALL, TestOptions } from "./support/options.js";
import { StoreProcess } from "./support/process.js";

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

  it("is gone if its pid is that of a process that started at another time", async function () {
    if (process.platform !== "linux") return this.skip();
    const holder = start("hold", folder.path);
    await holder.next();
    const record = JSON.parse((await folder.readMeta("owner")) ?? "") as object;
    expect(record).to.include({ pid: holder.pid, host: hostname() });
    await owner({ ...record, started: "another boot:1" });
    await open();
  });

  it("on another host counts as alive until it has been silent for 15 seconds", async () => {
    const options = new TestOptions();
    const record = { pid: 1, host: "elsewhere", token: "t", beat: options.time };
    await open();
    await store?.close();
    await owner(record);
    options.time += 14_999;
    await expectStoreError(open(options), "locked", "process 1 on the host elsewhere", "15 seconds");
    options.time += 1;
    await open(options);
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
