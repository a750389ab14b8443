import { readFileSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { expect } from "chai";
import { copyStore } from "../../server/store/lmdb/lmdb-backup.js";
import { openLmdbStore, readLmdbStore } from "../../server/store/lmdb/lmdb-store.js";
import type { Store } from "../../server/store/store.js";
import { DataFolder } from "./support/folder.js";
import { ALL, KEY_WINDOW, MINUTE, TestOptions } from "./support/options.js";

/**
 * Made by the release that wrote it, with the clock of `TestOptions`: 40 entries with the ids k1 to k40 in `room:a`, of which the first
 * came a minute before the others; in `room:b` the ids k1, 5,000 x and a lone surrogate; an inbox with a device.
 */
const FORMAT_1 = "test/store/fixtures/format-1.mdb.gz";

describe("a data folder of the first format", () => {
  const folder = new DataFolder();
  let options: TestOptions;

  beforeEach(() => {
    options = new TestOptions();
    options.time += MINUTE;
    writeFileSync(folder.dataFile, gunzipSync(readFileSync(FORMAT_1)));
  });

  async function open(path = folder.path): Promise<Store> {
    const store = await openLmdbStore(path, options);
    folder.finally(() => store.close());
    return store;
  }

  const append = ({ log }: Store, name: string, key: string) =>
    log.append(name, { value: "new", at: 0, key });

  it("opens with all that is in it, and its ids are known for as long as they were", async () => {
    const store = await open();
    expect((await store.log.after("room:a", 0, ALL)).entries[0]?.value).to.deep.equal({
      id: "m1",
      data: [1, Buffer.from("binary")],
    });
    expect(await store.devices.of("ada")).to.have.length(1);
    const position = { epoch: "epoch-1", offset: 1 };
    const at = options.time - MINUTE;
    expect(await append(store, "room:a", "k1")).to.deep.equal({ position, at, duplicate: true });
    for (let n = 2; n <= 40; n++) {
      expect(await append(store, "room:a", `k${n}`)).to.deep.include({ duplicate: true, at: options.time });
    }
    for (const key of ["k1", "x".repeat(5_000), "\ud800"]) {
      expect(await append(store, "room:b", key)).to.include({ duplicate: true });
    }
    expect(await append(store, "room:b", "k2")).to.include({ duplicate: false });
    options.time += KEY_WINDOW - MINUTE;
    expect(await append(store, "room:a", "k1")).to.include({ duplicate: false });
    expect(await append(store, "room:a", "k2")).to.include({ duplicate: true });
  });

  it("is of this release's format from then on, with every id in it once", async () => {
    await (await open()).close();
    const rows = await Promise.all(["ids", "keys", "keyTimes"].map((table) => folder.rows(table)));
    expect(rows).to.deep.equal([43, 0, 0]);
    expect(await append(await open(), "room:a", "k40")).to.include({ duplicate: true });
  });

  it("can be looked at and copied as it is", async () => {
    const view = await readLmdbStore(folder.path);
    expect(await view.log.state("room:a")).to.include({ first: 1, last: 40 });
    await view.close();
    const copy = `${folder.path}-copy`;
    folder.finally(() => rm(copy, { recursive: true }));
    await copyStore(folder.path, copy, []);
    expect(await append(await open(copy), "room:a", "k40")).to.include({ duplicate: true });
  });
});
