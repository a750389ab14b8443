import { expect } from "chai";
import { randomId } from "../../server/random-id.js";

describe("a random id", () => {
  it("has as many bytes as are asked for, and is never the same twice", () => {
    const ids = Array.from({ length: 10_000 }, (_, n) => randomId(n % 2 === 0 ? 12 : 6));
    for (const [n, id] of ids.entries())
      expect(Buffer.from(id, "base64url")).to.have.length(n % 2 === 0 ? 12 : 6);
    expect(new Set(ids).size).to.equal(ids.length);
  });
});
