import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { check, type Findings, report, type Rule } from "./checker/index.js";
import type { Step } from "./plan.js";
import { readRun } from "./records.js";
import { run, type RunOptions } from "./run.js";
import { type Break, BREAKS } from "./server/faults.js";

/** Milliseconds for a whole run on a machine that is busy with other things. */
const TIMEOUT = 180_000;

/** The server dies while everybody publishes, and all come back to it; then some lose their connections alone. */
const KILL_UNDER_LOAD: Step[] = [
  { at: 2_500, fault: "kill", downFor: 100 },
  { at: 2_700, fault: "cut", how: "rst", on: 0.5 },
  { at: 1_000, fault: "visit", lasts: 500, leaves: false },
  { at: 4_000, fault: "cut", how: "rst", on: 0.1 },
  { at: 4_100, fault: "cut", how: "fin", on: 0.6 },
  { at: 4_200, fault: "cut", how: "rst", on: 0.9 },
];

/** The server stays, so that the older connection outlives the newer for long enough. */
const DOUBLED: Step[] = [{ at: 500, fault: "double", on: 0.3, lasts: 800, acks: true }];

/** Where it takes other faults, or none but these, to show what is wrong. */
const FAULTS: Partial<Record<Break, Step[]>> = { "deaf-older-device": DOUBLED, "doubled-signals": DOUBLED };

/** The rules that each broken server breaks for certain; others follow from them or not. */
const BROKEN: Record<Break, Rule[]> = {
  "ack-before-durable": ["lost"],
  "no-dedup": ["duplicate", "one_place"],
  "recovery-off-by-one": ["gap"],
  "cursor-ahead": ["inbox_cursor"],
  "ghost-members": ["presence"],
  "deaf-older-device": ["device"],
  "doubled-signals": ["signal"],
  "unbounded-answers": ["readable"],
};

describe("the soak", function () {
  this.timeout(TIMEOUT);
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "crossroom-soak-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  async function findings(options: Omit<RunOptions, "folder">): Promise<Findings> {
    await run({ folder, ...options });
    return check(readRun(join(folder, "records")));
  }

  it("finds no rule broken, though connections are cut, stalled and delayed, the server is killed and its clock jumps", async () => {
    const found = await findings({ seed: 7, seconds: 12, rate: 100, quiet: 20_000 });
    expect([...found.breaches().keys()], report(found)).to.be.empty;
  });

  for (const [name, what] of Object.entries(BREAKS) as [Break, string][]) {
    it(`finds out a server that is wrong on purpose: ${what}`, async () => {
      // Clients that a server sends away again and again are never silent.
      const options = { seed: 8, seconds: 5, rate: 200, quiet: 3_000, settle: 20_000 };
      const found = await findings({ ...options, faults: FAULTS[name] ?? KILL_UNDER_LOAD, brokenBy: name });
      expect([...found.breaches().keys()], report(found)).to.include.members(BROKEN[name]);
      expect(found.violations.every(({ rule, proof }) => rule === "activity" || proof.length > 0)).to.be.true;
    });
  }

  it("ends with 2 and says what to do if an option is wrong", () => {
    writeFileSync(join(folder, "something"), "");
    const wrong: [args: string[], message: RegExp][] = [
      [["--break", "everything"], /--break everything is not known; give one of ack-before-durable, /],
      [["--seconds", "2"], /--seconds 2: give a whole number from 5 up/],
      [["--keep", folder], /is not empty; give a new folder/],
      [["--minutes", "1"], /--minutes/],
    ];
    for (const [args, message] of wrong) {
      const program = join(import.meta.dirname, "main.js");
      const { status, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });
      expect(stderr).to.match(message).and.include("npm run soak -- [options]");
      expect(status).to.equal(2);
    }
  });
});
