import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { expect } from "chai";
import { openLmdbStore } from "../../server/store/lmdb/lmdb-store.js";
import type { Store } from "../../server/store/store.js";
import { DataFolder, expectStoreError } from "./support/folder.js";
import { ALL, TestOptions } from "./support/options.js";
import { StoreProcess } from "./support/process.js";
import type { Filled } from "./support/program.js";

const MIB = 1024 * 1024;

describe("a store that is full", () => {
  const folder = new DataFolder();

  async function open(maxBytes?: number): Promise<Store> {
    const options = Object.assign(new TestOptions(), maxBytes === undefined ? {} : { maxBytes });
    const store = await openLmdbStore(folder.path, options);
    folder.finally(() => store.close());
    return store;
  }

  const entriesOf = async ({ log }: Store) => (await log.after("log", 0, ALL)).entries;

  describe("to the bytes that it may have", () => {
    /** Appends until it is refused; returns how many were acked. */
    async function fill({ log }: Store): Promise<number> {
      let acked = 0;
      for (;;) {
        const results = await Promise.allSettled(
          Array.from({ length: 8 }, () => log.append("log", { value: "x".repeat(10_000), at: 0 })),
        );
        acked += results.filter(({ status }) => status === "fulfilled").length;
        if (results.some(({ status }) => status === "rejected")) return acked;
      }
    }

    it("keeps a reserve from whom it is to be kept, and gives it to others", async () => {
      const store = await open(4 * MIB);
      const { log } = store;
      const append = (reserve: number) => log.append("log", { value: "x".repeat(10_000), at: 0, reserve });
      let acked = 0;
      for (let isFull = false; !isFull; acked += isFull ? 0 : 1) {
        isFull = await append(0.5).then(
          () => false,
          () => true,
        );
      }
      expect(acked * 10_000).to.be.within(MIB, 2 * MIB);
      await expectStoreError(append(0.5), "full", `${2 * MIB} bytes`);
      for (let n = 0; n < 20; n++) expect(await append(0)).to.include({ duplicate: false });
      await expectStoreError(append(0.5), "full");
    });

    it("says so and what to do, and has all that was acked and nothing else", async () => {
      const store = await open(4 * MIB);
      const { log } = store;
      const acked = await fill(store);
      await expectStoreError(
        log.append("log", { value: "x".repeat(10_000), at: 0, key: "k" }),
        "full",
        folder.path,
        `${4 * MIB} bytes`,
        "keep less history",
      );
      expect(acked * 10_000).to.be.within(2 * MIB, 4 * MIB);
      expect(await log.state("log")).to.include({ first: 1, last: acked });
      await store.close();
      const reopened = await open();
      const entries = await entriesOf(reopened);
      expect(entries.map(({ offset }) => offset)).to.deep.equal(
        Array.from({ length: acked }, (_, index) => index + 1),
      );
      expect(await reopened.log.append("log", { value: 1, at: 0, key: "k" })).to.include({
        duplicate: false,
      });
    });

    it("refuses again what it has just refused, and finds what was appended before, and room for less", async () => {
      const { log } = await open(4 * MIB);
      const first = await log.append("log", { value: "x".repeat(2 * MIB), at: 0, key: "known" });
      const append = (more: { key?: string; reserve?: number } = {}) =>
        log.append("log", { value: "x".repeat(3 * MIB), at: 0, ...more });
      for (let n = 0; n < 3; n++) await expectStoreError(append(), "full");
      expect(await append({ key: "known" })).to.deep.equal(Object.assign({}, first, { duplicate: true }));
      await expectStoreError(append({ key: "new" }), "full");
      await expectStoreError(append({ reserve: 0.1 }), "full");
      expect(await log.append("log", { value: "less", at: 0 })).to.include({ duplicate: false });
      await expectStoreError(append(), "full");
    });

    it("goes on when something is trimmed, for ever in the same space", async () => {
      const store = await open(4 * MIB);
      const { log } = store;
      let acked = 0;
      for (let round = 0; round < 5; round++) {
        const more = await fill(store);
        expect(more).to.be.greaterThan(10);
        acked += more;
        expect(await log.state("log")).to.include({ last: acked });
        await log.trim("log", acked - 100);
        await log.sweep();
      }
      const { blocks } = statSync(folder.dataFile);
      expect(blocks * 512).to.be.below(6 * MIB);
    }).timeout(30_000);

    it("still takes what is not an append", async () => {
      const store = await open(2 * MIB);
      const { devices } = store;
      await fill(store);
      await devices.put("ada", { device: "d", cursor: { epoch: "e", offset: 1 }, seen: 1 });
      expect(await devices.of("ada")).to.have.length(1);
    });

    it("refuses what is too large, and takes in the same moment what is not", async () => {
      const store = await open(2 * MIB);
      const { log } = store;
      const [small, large, last] = await Promise.allSettled([
        log.append("log", { value: "small", at: 0 }),
        log.append("log", { value: "x".repeat(3 * MIB), at: 0 }),
        log.append("log", { value: "last", at: 0 }),
      ]);
      expect([small.status, large.status, last.status]).to.deep.equal(["fulfilled", "rejected", "fulfilled"]);
      expect((await entriesOf(store)).map(({ value }) => value)).to.deep.equal(["small", "last"]);
    });
  });

  /** What the program's `fill` said: what was acked, and with which codes it was refused, in each of its two parts. */
  async function filled(child: StoreProcess) {
    const [, ...said] = await child.rest<Filled>();
    expect(await child.ended).to.equal(0);
    const offsets = said.filter((line) => "offset" in line).map(({ offset }) => offset);
    const refused = said.filter((line) => "code" in line);
    return { offsets, refused, afterTrim: said.slice(-3) };
  }

  async function expectAllKept(offsets: number[]): Promise<void> {
    const entries = await entriesOf(await open());
    expect(offsets).to.deep.equal(Array.from({ length: offsets.length }, (_, index) => index + 1));
    expect(entries.map(({ offset }) => offset)).to.deep.equal(offsets.slice(10));
  }

  describe("because its file may not grow", () => {
    it("loses nothing that was acked, keeps nothing half, and goes on when there is room", async () => {
      // With what is in the file to begin with, it is longer than the limit: not setting its length fails, but writing.
      const store = await open();
      await store.devices.put("ada", { device: "d", cursor: { epoch: "e", offset: 1 }, seen: 1 });
      await store.close();
      const limited = new StoreProcess("fill", folder.path, { fileLimit: 4 * MIB });
      const { offsets, refused, afterTrim } = await filled(limited);
      expect(offsets.length).to.be.greaterThan(20);
      expect(refused.length).to.be.at.least(3);
      for (const { code, message } of refused) {
        expect(code).to.be.oneOf(["full", "failed"]);
        expect(message).to.include(folder.path);
      }
      // LMDB uses the room again one transaction later.
      expect(afterTrim.slice(1).map((line) => Object.keys(line))).to.deep.equal([["offset"], ["offset"]]);
      await expectAllKept(offsets);
    }).timeout(30_000);

    it("says so before it writes anything, where the file cannot even be made long enough", async () => {
      const limited = new StoreProcess("fill", folder.path, { fileLimit: 4 * MIB });
      const { offsets, refused } = await filled(limited);
      expect(offsets).to.be.empty;
      for (const { code } of refused) expect(code).to.equal("full");
      expect(await entriesOf(await open())).to.be.empty;
    });
  });

  describe("because its disk is", () => {
    beforeEach(function () {
      // Only with rights that a test seldom has; what LMDB does with a write that fails is tested above as well.
      const mount = spawnSync("mount", ["-t", "tmpfs", "-o", "size=4m", "none", folder.path]);
      if (mount.status !== 0) return this.skip();
      folder.finally(() => Promise.resolve(spawnSync("umount", [folder.path])));
    });

    it("says so, loses nothing that was acked, and goes on when there is room", async () => {
      const { offsets, refused, afterTrim } = await filled(new StoreProcess("fill", folder.path));
      expect(offsets.length).to.be.greaterThan(20);
      for (const { code, message } of refused) {
        expect(code).to.equal("full");
        expect(message).to.include(folder.path).and.to.include("Make room");
      }
      // LMDB uses the room again one transaction later.
      expect(afterTrim.slice(1).map((line) => Object.keys(line))).to.deep.equal([["offset"], ["offset"]]);
      await expectAllKept(offsets);
    }).timeout(30_000);
  });
});
