import { expect } from "chai";
import { allTestsBut, countsOf, mochaArgs, testsIn } from "./mocha.js";
import { added } from "./reporter.js";

describe("the mocha runner", () => {
  const report = { passes: 5, failures: 0, pending: 0, failed: [], skipped: [], leftOpen: [] };
  let said: string[];
  const say = (line: string) => void said.push(line);

  beforeEach(() => {
    said = [];
  });

  it("takes the counts from mocha's own", () => {
    const failed = ["a b", "a c"];
    expect(countsOf({ ...report, failures: 2, failed }, 2, say)).to.deep.equal({
      passed: 5,
      failed: 2,
      skipped: 0,
      failing: failed,
    });
    expect(said).to.be.empty;
  });

  it("names each skipped test", () => {
    expect(countsOf({ ...report, pending: 1, skipped: ["a b"] }, 0, say).skipped).to.equal(1);
    expect(said).to.deep.equal(["Skipped: a b"]);
  });

  it("fails when mocha dies before it has reported", () => {
    expect(countsOf(undefined, "SIGSEGV", say)).to.include({ passed: 0, failed: 1, skipped: 0 });
    expect(said.join()).to.include("SIGSEGV");
  });

  it("fails when a handle is left open, and says which", () => {
    expect(countsOf({ ...report, leftOpen: ["TCPServerWrap"] }, 1, say).failed).to.equal(1);
    expect(said.join()).to.include("TCPServerWrap");
  });

  it("fails when mocha ends badly after its tests have passed", () => {
    expect(countsOf(report, 7, say).failed).to.equal(1);
    expect(said).to.have.length(1);
  });

  it("counts a resource as left open only if it was not there before the tests", () => {
    expect(added(["PipeWrap", "Timeout"], ["PipeWrap", "Timeout", "Timeout"])).to.deep.equal(["Timeout"]);
    expect(added(["PipeWrap"], [])).to.be.empty;
  });

  it("runs all tests unless files are named, and hands mocha what else it is given", () => {
    expect(mochaArgs(["-g", "words"], "report.json").slice(-3, -1)).to.deep.equal(["-g", "words"]);
    expect(mochaArgs([], "report.json").at(-1)).to.match(/\*\*.\*\.test\.js$/);
    expect(mochaArgs(["test/imports.test.ts"], "report.json").at(-1)).to.match(/test.imports\.test\.js$/);
    expect(mochaArgs(["a.test.js", "b.test.js"], "report.json").slice(-2)).to.deep.equal([
      "a.test.js",
      "b.test.js",
    ]);
  });

  it("runs the tests of a folder that is named, and takes no other word for one", () => {
    expect(mochaArgs(["test/parity"], "report.json").at(-1)).to.match(/test.parity.\*\*.\*\.test\.js$/);
    expect(mochaArgs(["-g", "bridge"], "report.json").slice(-3, -1)).to.deep.equal(["-g", "bridge"]);
  });

  it("runs the tests of some folders, and leaves files of them out", () => {
    const args = mochaArgs(testsIn(["unit", "safety"], ["safety/slow"]), "report.json");
    const [ignored, ...files] = args.slice(-3);
    expect(ignored).to.match(/^--ignore=.*safety.slow\.test\.js$/);
    expect(files.map((file) => file.split(/[/\\]/).at(-3))).to.deep.equal(["unit", "safety"]);
  });

  it("runs all tests but those of some folders and files", () => {
    const args = mochaArgs(allTestsBut(["browser"], ["safety/slow"]), "report.json").slice(-3);
    expect(args[0]).to.match(/^--ignore=.*test.browser.\*\*$/);
    expect(args[1]).to.match(/^--ignore=.*test.safety.slow\.test\.js$/);
    expect(args[2]).to.match(/test.\*\*.\*\.test\.js$/);
  });
});
