import {
  chmodSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
  closeSync,
} from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { FORMAT_VERSION } from "../../server/store/lmdb/lmdb-format.js";
import { openLmdbStore, readLmdbStore } from "../../server/store/lmdb/lmdb-store.js";
import { SEED, Random } from "../support/random.js";
import { DataFolder, expectStoreError } from "./support/folder.js";
import { ALL, TestOptions } from "./support/options.js";
import { StoreProcess } from "./support/process.js";

/** The user "nobody" of most systems. */
const NOBODY = 65_534;

const SENTENCES = /^[A-Z/].+\. .+\.$/;

describe("a data folder that cannot be used", () => {
  const folder = new DataFolder();

  const open = (path = folder.path) => openLmdbStore(path, new TestOptions());

  /** What a process of its own says: it would be killed by what must not happen here. */
  async function openElsewhere(path = folder.path, user?: number) {
    const child = new StoreProcess("open", path, user === undefined ? {} : { user });
    const [answer] = await child.rest<{ opened?: boolean; code?: string; message?: string }>();
    expect(await child.ended).to.equal(0);
    return answer;
  }

  async function makeStore(entries = 100) {
    const store = await open();
    const appends = Array.from({ length: entries }, (_, at) =>
      store.log.append("a", { value: "x".repeat(500), at }),
    );
    await Promise.all(appends);
    await store.close();
  }

  /** Bytes of the file that hold something. */
  function usedBytes(): number {
    const header = readFileSync(folder.dataFile).subarray(0, 8_192);
    const lastPage = Math.max(
      Number(header.readBigUInt64LE(144)),
      Number(header.readBigUInt64LE(4_096 + 144)),
    );
    return (lastPage + 1) * 4_096;
  }

  it("is created where it is not there, with those above it", async () => {
    const path = join(folder.path, "a", "b");
    await (await open(path)).close();
    expect(existsSync(join(path, "data.mdb"))).to.be.true;
  });

  it("is refused where it is a file", async () => {
    const path = join(folder.path, "file");
    writeFileSync(path, "");
    await expectStoreError(open(path), "failed", path, "is not a folder");
    await expectStoreError(open(join(path, "below")), "failed", "is not a folder");
  });

  it("is refused where it may not be written, or its files", async () => {
    await makeStore();
    chmodSync(folder.path, 0o755);
    const user = process.getuid?.() === 0 ? NOBODY : undefined;
    if (user === undefined) chmodSync(folder.path, 0o555);
    expect(await openElsewhere(folder.path, user)).to.include({ code: "read_only" });
    chmodSync(folder.path, 0o777);
    chmodSync(folder.dataFile, 0o444);
    chmodSync(join(folder.path, "lock.mdb"), 0o666);
    const answer = await openElsewhere(folder.path, user);
    expect(answer).to.include({ code: "read_only" });
    expect(answer?.message).to.include(folder.dataFile).and.to.match(SENTENCES);
    chmodSync(folder.dataFile, 0o644);
  });

  it("is refused where it cannot be created", async () => {
    chmodSync(folder.path, 0o555);
    const user = process.getuid?.() === 0 ? NOBODY : undefined;
    expect(await openElsewhere(join(folder.path, "new"), user)).to.include({ code: "read_only" });
  });

  it("is refused where its file is truncated, at any length, and nothing is made of it", async () => {
    await makeStore(2_000);
    const used = usedBytes();
    for (const size of [used - 1, Math.floor(used / 2), 12_288, 8_192, 8_191, 4_096, 100, 1, 0]) {
      truncateSync(folder.dataFile, size);
      await expectStoreError(open(), "damaged", folder.path, "backup");
      await expectStoreError(readLmdbStore(folder.path), "damaged");
      expect(statSync(folder.dataFile).size).to.equal(size);
    }
  });

  it("that is truncated does not end the process", async () => {
    await makeStore(2_000);
    truncateSync(folder.dataFile, Math.floor(usedBytes() / 2));
    const answer = await openElsewhere();
    expect(answer).to.include({ code: "damaged" });
    expect(answer?.message).to.match(SENTENCES);
  });

  it("is taken where only that of its file is gone which holds nothing", async () => {
    await makeStore(2_000);
    truncateSync(folder.dataFile, usedBytes());
    const store = await open();
    expect((await store.log.after("a", 0, ALL)).entries).to.have.length(2_000);
    await store.log.append("a", { value: 1, at: 0 });
    await store.close();
  });

  it("has a file that is longer than its header says, whatever is done with it", async () => {
    const random = new Random(SEED);
    const store = await open();
    for (let round = 0; round < 20; round++) {
      const values = Array.from({ length: random.below(20) }, () => "x".repeat(random.below(60_000)));
      await Promise.all(values.map((value) => store.log.append(`log ${random.below(5)}`, { value, at: 0 })));
      await store.log.trim(`log ${random.below(5)}`, random.below(100));
      // LMDB may leave out free pages at the end. It has to be far from making a file that looks truncated.
      expect(statSync(folder.dataFile).size - usedBytes()).to.be.greaterThan(8 * 1024 * 1024);
    }
    await store.close();
  }).timeout(30_000);

  it("stores nothing any more once its file is removed, and says so", async () => {
    const store = await open();
    await store.log.append("a", { value: 1, at: 0 });
    rmSync(folder.dataFile);
    await expectStoreError(store.log.append("a", { value: 2, at: 0 }), "failed", "removed", "Restart");
    await expectStoreError(store.close(), "failed", "removed");
  });

  it("is refused where its file is something else", async () => {
    const random = new Random(SEED);
    const contents = [
      Buffer.from("hello"),
      random.bytes(20_000),
      Buffer.alloc(100_000),
      Buffer.alloc(100_000, 0xff),
    ];
    for (const content of contents) {
      writeFileSync(folder.dataFile, content);
      await expectStoreError(open(), "damaged", folder.path, "backup");
      expect(readFileSync(folder.dataFile)).to.deep.equal(content);
    }
  }).timeout(60_000);

  it("is refused where the header of its file is damaged", async () => {
    await makeStore();
    const file = openSync(folder.dataFile, "r+");
    writeSync(file, Buffer.alloc(200, 7), 0, 200, 4_096);
    closeSync(file);
    await expectStoreError(open(), "damaged");
  });

  it("is refused where a newer release has written it", async () => {
    await makeStore();
    await folder.editMeta((meta) => void meta.put(Buffer.from("format"), Buffer.of(FORMAT_VERSION + 1)));
    await expectStoreError(open(), "newer_format", folder.path, "newer release");
    await expectStoreError(readLmdbStore(folder.path), "newer_format");
  });

  it("is refused where a newer release of LMDB has written it", async () => {
    await makeStore();
    const file = openSync(folder.dataFile, "r+");
    writeSync(file, Buffer.of(3), 0, 1, 28);
    closeSync(file);
    await expectStoreError(open(), "newer_format");
  });

  it("says of each fault what is wrong and what to do, and leaves the folder free", async () => {
    await makeStore();
    await folder.editMeta((meta) => void meta.put(Buffer.from("format"), Buffer.of(FORMAT_VERSION + 1)));
    await expectStoreError(open(), "newer_format");
    await folder.editMeta((meta) => void meta.put(Buffer.from("format"), Buffer.of(FORMAT_VERSION)));
    await (await open()).close();
  });
});

describe("reading a data folder from outside", () => {
  const folder = new DataFolder();

  it("works while a server has it open, and sees what comes in", async () => {
    const server = new StoreProcess("append", folder.path);
    await server.next();
    for (let count = 0; count < 20; count++) await server.next();
    const view = await readLmdbStore(folder.path);
    const first = await view.log.list("", "", 10);
    expect(first.map(({ name }) => name)).to.deep.equal(["log 0", "log 1", "log 2"]);
    for (let count = 0; count < 20; count++) await server.next();
    const { entries, state } = await view.log.before("log 0", Infinity, { entries: 5, bytes: Infinity });
    expect(state.last).to.be.greaterThan(0);
    expect(entries.at(-1)?.offset).to.equal(state.last);
    await server.kill();
    await view.close();
  });

  it("shows logs and devices, in pages", async () => {
    const store = await openLmdbStore(folder.path, new TestOptions());
    for (const user of ["ada", "bob", "cid"]) {
      for (const device of ["phone", "laptop"]) {
        await store.devices.put(user, { device, cursor: { epoch: "e", offset: 1 }, seen: 2 });
      }
    }
    await store.log.append("a", { value: 1, at: 5 });
    const state = await store.log.state("a");
    await store.close();

    const view = await readLmdbStore(folder.path);
    expect(await view.log.list("", "", 5)).to.deep.equal([{ name: "a", state }]);
    expect(await view.log.state("a")).to.deep.equal(state);
    expect((await view.log.after("a", 0, ALL)).entries).to.deep.equal([{ offset: 1, value: 1, at: 5 }]);
    const users: string[] = [];
    for (
      let page = await view.devices.list("", 2);
      page.length > 0;
      page = await view.devices.list(users.at(-1) ?? "", 2)
    ) {
      for (const { user, devices } of page) {
        users.push(user);
        expect(devices).to.have.deep.members(await view.devices.of(user));
        expect(devices).to.have.length(2);
      }
    }
    expect(users).to.deep.equal(["ada", "bob", "cid"]);
    await view.close();
    await expectStoreError(view.log.state("a"), "closed");
    await view.close();
  });

  it("says what is wrong where there is no store", async () => {
    await expectStoreError(readLmdbStore(folder.path), "failed", "There is no store");
    await expectStoreError(readLmdbStore(join(folder.path, "none")), "failed", "There is no store");
    mkdirSync(join(folder.path, "data.mdb"));
    await expectStoreError(readLmdbStore(folder.path), "failed");
  });
});
