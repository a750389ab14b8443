import { expect } from "chai";
import { verdict } from "./verdict.js";

describe("the verdict of a check of an SDK", () => {
  function verdictOf(trouble: string | undefined) {
    const lines: string[] = [];
    const say = (line: string) => void lines.push(line);
    const counts = verdict(say, "X: its package", trouble, { good: "is clean", bad: "is not clean" });
    return { counts, lines };
  }

  it("is one test passed where there is no trouble", () => {
    expect(verdictOf(undefined)).to.deep.equal({
      counts: { passed: 1, failed: 0, skipped: 0 },
      lines: ["X: its package is clean"],
    });
  });

  it("is one test failed where there is, and tells it", () => {
    expect(verdictOf("no LICENSE")).to.deep.equal({
      counts: { passed: 0, failed: 1, skipped: 0, failing: ["X: its package"] },
      lines: ["X: its package is not clean: no LICENSE"],
    });
  });
});
