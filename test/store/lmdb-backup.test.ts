import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { copyStore } from "../../server/store/lmdb/lmdb-backup.js";
import { openLmdbStore } from "../../server/store/lmdb/lmdb-store.js";
import { DataFolder, expectStoreError } from "./support/folder.js";
import { ALL, TestOptions } from "./support/options.js";
import { canContain, StoreProcess } from "./support/process.js";
import type { Acked } from "./support/program.js";

/** Bytes of a page of LMDB's. */
const PAGE = 4_096;

describe("a backup of a data folder", () => {
  const folder = new DataFolder();
  let from: string;
  let to: string;

  beforeEach(() => {
    from = join(folder.path, "data");
    to = join(folder.path, "backup");
  });

  async function fill(): Promise<void> {
    const store = await openLmdbStore(from, new TestOptions());
    for (let at = 0; at < 10; at++) await store.log.append("a", { value: at, at });
    await store.close();
  }

  for (const [where, options] of [
    ["", {}],
    [" in a container", { isContained: true }],
  ] as const) {
    it(`has all that was acked before it began, while a server${where} appends, and opens beside it`, async function () {
      if ("isContained" in options && !canContain) return this.skip();
      const server = new StoreProcess("append", from, options);
      folder.finally(() => server.kill());
      await server.next();
      const acked: Acked[] = [];
      for (let round = 0; round < 3; round++) {
        while (acked.length < 300 * (round + 1)) acked.push(await server.next<Acked>());
        const copy = `${to} ${round}`;
        await copyStore(from, copy, []);
        const store = await openLmdbStore(copy, new TestOptions());
        const keys = new Map<string, string[]>();
        for (const { name } of await store.log.list("", "", 10)) {
          const { entries } = await store.log.after(name, 0, ALL);
          keys.set(
            name,
            entries.map(({ value }) => (value as { key: string }).key),
          );
        }
        for (const { log, offset, key } of acked) expect(keys.get(log)?.[offset - 1]).to.equal(key);
        await store.close();
      }
    }).timeout(60_000);
  }

  it("has the files that belong to it, and is for its user alone", async () => {
    await fill();
    writeFileSync(join(from, "secret"), "secret");
    await copyStore(from, to, ["secret", "none"]);
    expect(readdirSync(to).sort()).to.deep.equal(["data.mdb", "data.mdb.sha256", "secret"]);
    expect(readFileSync(join(to, "secret"), "utf8")).to.equal("secret");
    if (process.platform === "win32") return;
    for (const path of [from, to]) {
      expect(statSync(path).mode & 0o777).to.equal(0o700);
      expect(statSync(join(path, "data.mdb")).mode & 0o777).to.equal(0o600);
    }
  });

  it("goes into a folder that is empty, and into no other", async () => {
    await fill();
    mkdirSync(to);
    await copyStore(from, to, []);
    await expectStoreError(copyStore(from, to, []), "failed", to, "not empty");
    await expectStoreError(copyStore(to, from, []), "failed", from, "not empty");
    const store = await openLmdbStore(to, new TestOptions());
    expect((await store.log.after("a", 0, ALL)).entries).to.have.length(10);
    await store.close();
  });

  it("goes into a volume, and through a link, file by file", async () => {
    await fill();
    const volume = join(folder.path, "volume");
    mkdirSync(join(volume, "lost+found"), { recursive: true });
    const { ino } = statSync(volume);
    symlinkSync(volume, to);
    await copyStore(from, to, []);
    expect(readdirSync(volume).sort()).to.deep.equal(["data.mdb", "data.mdb.sha256", "lost+found"]);
    expect(statSync(to).ino).to.equal(ino);
  });

  it("goes nowhere else, and the error blames what was to be written", async () => {
    await fill();
    writeFileSync(to, "");
    await expectStoreError(copyStore(from, to, []), "failed", `${to} is not a folder`);
    const link = join(folder.path, "link");
    symlinkSync(join(folder.path, "nowhere"), link);
    await expectStoreError(copyStore(from, link, []), "failed", `${link} is a link to nothing`);
    for (const inside of [join(from, "backup"), join(from, "a", "b")]) {
      await expectStoreError(copyStore(from, inside, []), "failed", `${inside} lies in ${from}`);
    }
    expect(readdirSync(from).sort()).to.deep.equal(["data.mdb", "lock.mdb", "owner.lock"]);
  });

  it("knows any damage that was done to it since, until a server opens it", async () => {
    await fill();
    await copyStore(from, to, []);
    const whole = readFileSync(join(to, "data.mdb"));
    overwrite(join(to, "data.mdb"), [-1]);
    const again = join(folder.path, "again");
    await expectStoreError(copyStore(to, again, []), "damaged", to, "data.mdb.sha256");
    expect(existsSync(again)).to.be.false;
    writeFileSync(join(to, "data.mdb"), whole);
    await (await openLmdbStore(to, new TestOptions())).close();
    expect(existsSync(join(to, "data.mdb.sha256"))).to.be.false;
  });

  it("is not made of pages that end a process which reads them", async () => {
    const store = await openLmdbStore(from, new TestOptions());
    for (let at = 0; at < 200; at++) await store.log.append("a", { value: "x".repeat(1_000), at });
    await store.close();
    const { size } = statSync(join(from, "data.mdb"));
    const pages = Array.from({ length: Math.floor(size / PAGE) - 2 }, (_, n) => n + 2);
    overwrite(join(from, "data.mdb"), pages);
    await expectStoreError(copyStore(from, to, []), "damaged", `The data in ${from} is damaged`);
    expect(readdirSync(folder.path)).to.deep.equal(["data"]);
  });

  it("is whole, or an error in a sentence of ours, whichever page is damaged", async () => {
    const store = await openLmdbStore(from, new TestOptions());
    for (let at = 0; at < 20; at++) await store.log.append("a", { value: "x".repeat(1_000), at });
    await store.close();
    const whole = readFileSync(join(from, "data.mdb"));
    for (let page = 2; page < 10; page++) {
      overwrite(join(from, "data.mdb"), [page]);
      const [outcome] = await Promise.allSettled([copyStore(from, to, [])]);
      if (outcome.status === "rejected") {
        expect(outcome.reason).to.have.property("message").that.includes(`The data in ${from} is damaged`);
      }
      rmSync(to, { recursive: true, force: true });
      writeFileSync(join(from, "data.mdb"), whole);
    }
  }).timeout(40_000);

  it("is not made of what is damaged, or no store, and leaves nothing behind", async () => {
    await expectStoreError(copyStore(from, to, []), "failed", "There is no store");
    await fill();
    truncateSync(join(from, "data.mdb"), 12_288);
    await expectStoreError(copyStore(from, to, []), "damaged", from, "backup");
    expect(existsSync(to)).to.be.false;
    expect(readdirSync(folder.path)).to.deep.equal(["data"]);
  });

  /** Fills pages of a file with what is no page; counted from the end where they are negative. */
  function overwrite(path: string, pages: readonly number[]): void {
    const bytes = readFileSync(path);
    for (const page of pages)
      bytes.fill(0xa5, ...(page < 0 ? [page * PAGE + bytes.length] : [page * PAGE, (page + 1) * PAGE]));
    writeFileSync(path, bytes);
  }
});
