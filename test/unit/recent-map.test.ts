import { expect } from "chai";
import { RecentMap } from "../../server/store/lmdb/recent-map.js";

describe("what was used last", () => {
  it("is never more than the most, and always the half that was used last", () => {
    const map = new RecentMap<number>(10);
    for (let n = 0; n < 1_000; n++) {
      map.set(String(n), n);
      expect(map.size).to.be.at.most(10);
      for (let last = Math.max(0, n - 4); last <= n; last++) expect(map.peek(String(last))).to.equal(last);
    }
  });

  it("is what was asked for too, but not what was only looked at", () => {
    const map = new RecentMap<number>(10);
    map.set("asked", 1);
    map.set("seen", 2);
    for (let n = 0; n < 100; n++) {
      map.set(String(n), n);
      expect(map.get("asked")).to.equal(1);
      map.peek("seen");
    }
    expect(map.get("seen")).to.be.undefined;
  });

  it("is not what was deleted, nor an older value", () => {
    const map = new RecentMap<number>(4);
    map.set("a", 1);
    map.set("b", 1);
    map.set("a", 2);
    map.set("c", 1);
    map.delete("b");
    expect(map.get("a")).to.equal(2);
    expect(map.get("b")).to.be.undefined;
    map.delete("a");
    expect(map.get("a")).to.be.undefined;
  });
});
