import { expect } from "chai";
import { NOTHING, type Counts } from "./counts.js";
import { inLanes, type Job } from "./lanes.js";

/** A job that ends when it is told to. */
function heldJob(passed: number) {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  let isBegun = false;
  const job: Job = async (tell): Promise<Counts> => {
    isBegun = true;
    tell(`${passed} begun`);
    await ended;
    tell(`${passed} done`);
    return { ...NOTHING, passed };
  };
  return { job, end, isBegun: () => isBegun };
}

describe("jobs in lanes", () => {
  it("run so many at a time, say their lines together, and count in their order", async () => {
    const jobs = [heldJob(1), heldJob(2), heldJob(3)] as const;
    const said: string[] = [];
    const all = inLanes(
      2,
      jobs.map(({ job }) => job),
      (line) => void said.push(line),
    );
    expect(jobs.map(({ isBegun }) => isBegun())).to.deep.equal([true, true, false]);
    jobs[1].end();
    await new Promise(setImmediate);
    expect(jobs[2].isBegun()).to.equal(true);
    expect(said).to.deep.equal(["2 begun", "2 done"]);
    jobs[2].end();
    jobs[0].end();
    expect((await all).map(({ passed }) => passed)).to.deep.equal([1, 2, 3]);
  });

  it("rejects where one does", async () => {
    const failing: Job = () => Promise.reject(new Error("no"));
    const outcome = await inLanes(2, [failing], () => undefined).catch((error: unknown) => String(error));
    expect(outcome).to.equal("Error: no");
  });
});
