import { expect } from "chai";
import { GatheredLog } from "../../server/log/gathered-log.js";
import { until } from "../support/deadline.js";

/** A target that keeps its lines. */
function lines(period: number): { log: GatheredLog; written: [string, object, string][] } {
  const written: [string, object, string][] = [];
  const target = {
    warn: (fields: object, message: string) => void written.push(["warn", fields, message]),
    error: (fields: object, message: string) => void written.push(["error", fields, message]),
  };
  return { log: new GatheredLog(target, period), written };
}

describe("the gathered log", () => {
  it("writes the first line of a kind at once, and one for all others when it closes", () => {
    const { log, written } = lines(60_000);
    log.tell("warn", "a limit was hit", { address: "1" });
    log.tell("error", "the store failed");
    for (let n = 2; n <= 1_000; n++) log.tell("warn", "a limit was hit", { address: String(n) });
    expect(written).to.deep.equal([
      ["warn", { address: "1" }, "a limit was hit"],
      ["error", {}, "the store failed"],
    ]);
    log.close();
    expect(written.slice(2)).to.deep.equal([["warn", { address: "1000", times: 999 }, "a limit was hit"]]);
    expect([...log.counts]).to.deep.equal([
      ["a limit was hit", 1_000],
      ["the store failed", 1],
    ]);
  });

  it("sums up after each period in which something came", async () => {
    const { log, written } = lines(5);
    log.tell("warn", "a");
    log.tell("warn", "a");
    await until(() => written.length === 2, "the sum");
    expect(written[1]).to.deep.equal(["warn", { times: 1 }, "a"]);
    log.close();
    expect(written).to.have.length(2);
  });
});
