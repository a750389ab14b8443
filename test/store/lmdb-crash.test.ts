import { expect } from "chai";
import { openLmdbStore } from "../../server/store/lmdb/lmdb-store.js";
import { Random, SEED } from "../support/random.js";
import { DataFolder } from "./support/folder.js";
import { ALL, TestOptions } from "./support/options.js";
import { StoreProcess } from "./support/process.js";
import type { Acked } from "./support/program.js";

const ROUNDS = 5;

describe("a store whose process is killed while it appends", () => {
  const folder = new DataFolder();

  it("has everything that was acked, in order, each once, and still knows the keys", async () => {
    const random = new Random(SEED);
    const acked: Acked[] = [];
    const epochs = new Set<string>();
    for (let round = 0; round < ROUNDS; round++) {
      const child = new StoreProcess("append", folder.path);
      await child.next();
      for (let count = 20 + random.below(300); count > 0; count--) acked.push(await child.next<Acked>());
      await child.kill();
      acked.push(...(await child.rest<Acked>()));

      const store = await openLmdbStore(folder.path, new TestOptions());
      for (const { name, state } of await store.log.list("", "", 100)) {
        epochs.add(state.epoch);
        const { entries } = await store.log.after(name, 0, ALL);
        const keys = entries.map(({ value }) => (value as { key: string }).key);
        expect(new Set(keys).size, "each is there once").to.equal(keys.length);
        expect(entries.map(({ offset }) => offset)).to.deep.equal(keys.map((_, index) => index + 1));
        expect(state).to.include({ first: 1, last: keys.length });
        for (const { log, offset, key } of acked) if (log === name) expect(keys[offset - 1]).to.equal(key);
      }
      const { log, offset, key } = random.pick(acked);
      const again = await store.log.append(log, { value: "again", at: 0, key });
      expect(again).to.deep.include({ duplicate: true });
      expect(again).to.have.nested.property("position.offset", offset);
      await store.close();
    }
    expect(epochs.size, "no epoch changed").to.equal(1);
    expect(acked.length).to.be.greaterThan(ROUNDS * 20);
  }).timeout(60_000);
});
