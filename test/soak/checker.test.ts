import { expect } from "chai";
import { readImports } from "../setup/import-rules.js";
import { MINIMUM } from "./checker/activity-check.js";
import { check, report, RULES } from "./checker/index.js";
import type { Position } from "./records.js";
import { at, BREACHES, item, memory, opened, returned, sharedInbox, tampered } from "./support/breaches.js";
import { CUT_AT, LETTERS, message, RECOVERED, ROOM } from "./support/healthy-records.js";

describe("the soak's checker", () => {
  it("finds nothing wrong with a healthy run", () => {
    expect(report(tampered().check())).to.match(/All rules hold\.\n$/);
  });

  for (const [what, run, rules] of BREACHES) {
    it(`finds it out if ${what}`, () => {
      expect(run().broken()).to.deep.equal(rules);
    });
  }

  it("takes a declared loss where the log keeps no more", () => {
    const run = returned({ recovered: false })
      .change("run", "run", {}, { rooms: [{ room: ROOM, keeps: 3 }] })
      .keep("bob-1", ({ kind, ...rest }) => kind !== "message" || !isLost(rest));
    expect(run.broken()).to.be.empty;
  });

  it("takes a declared loss of what was dropped while it was read", () => {
    const run = returned({ recovered: false })
      .change("run", "run", {}, { rooms: [{ room: ROOM, keeps: 10 }] })
      .keep("bob-1", ({ kind, ...rest }) => kind !== "message" || !isLost(rest));
    expect(run.broken()).to.be.empty;
  });

  it("takes a cursor between what was acked and what was processed", () => {
    const late = opened(LETTERS - 1, null);
    const run = tampered()
      .drop("bob-2", "inbox_acked", at(LETTERS))
      .add("bob-2", late, item(6, "s6", true));
    expect(run.broken()).to.be.empty;
  });

  it("takes an item for processed that another connection of the device has processed", () => {
    expect(sharedInbox(400).broken()).to.be.empty;
  });

  it("takes a change that the ack of the join had already, once", () => {
    const joined = tampered().behind(
      "bob-2",
      "members",
      {},
      {
        ...{ kind: "presence", room: ROOM, user: "ada", devices: ["1", "2"], gone: [] },
        type: "join",
      },
    );
    expect(joined.broken()).to.be.empty;
  });

  it("takes a program for steady that grows at first, or by what a garbage collector lets lie", () => {
    const steady = memory((n) => (n < 15 ? 10 * n : 150 + (n % 7)));
    expect(
      tampered()
        .add("run", ...steady)
        .broken(),
    ).to.be.empty;
  });

  for (const fault of ["kill", "cut", "stall", "delay", "clock", "double", "visit"] as const) {
    it(`takes no run for enough that has no ${fault}`, () => {
      expect(tampered().drop("run", "fault", { fault }).broken()).to.deep.equal(["activity"]);
    });
  }

  it("takes no run for enough in which nothing happened", () => {
    const findings = check([]);
    expect([...findings.breaches().keys()]).to.deep.equal(["activity"]);
    expect(findings.breaches().get("activity")).to.equal(Object.keys(MINIMUM).length);
  });

  it("shows a breach with the records that prove it", () => {
    const text = report(tampered().behind("bob-1", "message", at(20), message(20)).check());
    expect(text).to.include("twice: bob-1 got hall e1/20 after e1/20");
    expect(text.match(/^ {2}bob-1\.jsonl:\d+ \{.*"id":"m20".*\}$/gm)).to.have.length(2);
    expect(text)
      .to.match(/BROKEN {2}.*\[twice\]/)
      .and.match(/Broken: twice \(1\)\.\n$/);
  });

  it("has each of its rules broken above", () => {
    const broken = new Set([...BREACHES.flatMap(([, , rules]) => rules), "activity"]);
    expect(Object.keys(RULES)).to.have.members([...broken]);
  });

  it("imports nothing of the product", () => {
    const imports = [...readImports(["test/soak/checker"]).values()].flat();
    expect(imports.filter((target) => !target.startsWith("test/soak/checker/"))).to.have.members(
      imports.filter((target) => target === "test/soak/records.ts"),
    );
    expect(readImports(["test/soak"]).get("test/soak/records.ts")).to.have.members(["node:fs", "node:path"]);
  });
});

/** What the second subscriber does not get where the loss is declared: up to where the log was at its return. */
function isLost(found: object): boolean {
  const { offset } = (found as { position: Position }).position;
  return offset > CUT_AT && offset <= RECOVERED;
}
