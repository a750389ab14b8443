import { expect } from "chai";
import { failure, isGood, NOTHING, sum, summary, withSkippedFailed } from "./counts.js";

describe("the count of npm test", () => {
  it("is the sum over runners", () => {
    const runs = [
      { passed: 3, failed: 0, skipped: 1 },
      { passed: 4, failed: 2, skipped: 0 },
    ];
    expect(sum(runs)).to.deep.equal({ passed: 7, failed: 2, skipped: 1 });
    expect(sum([])).to.deep.equal(NOTHING);
  });

  it("keeps the names of what failed", () => {
    const runs = [failure("a"), { passed: 4, failed: 0, skipped: 0 }, failure("b")];
    expect(withSkippedFailed(sum(runs))).to.deep.equal({
      passed: 4,
      failed: 2,
      skipped: 0,
      failing: ["a", "b"],
    });
  });

  it("names what was skipped only if something was", () => {
    expect(summary({ passed: 7, failed: 0, skipped: 0 })).to.equal("7 passed, 0 failed");
    expect(summary({ passed: 7, failed: 2, skipped: 1 })).to.equal("7 passed, 2 failed, 1 skipped");
  });

  it("counts what was skipped as failed where nothing may be left out", () => {
    expect(withSkippedFailed({ passed: 7, failed: 2, skipped: 1 })).to.deep.equal({
      passed: 7,
      failed: 3,
      skipped: 0,
    });
  });

  it("is good only if something passed and nothing failed", () => {
    expect(isGood({ passed: 1, failed: 0, skipped: 1 })).to.be.true;
    expect(isGood({ passed: 1, failed: 1, skipped: 0 })).to.be.false;
    expect(isGood(NOTHING)).to.be.false;
  });
});
