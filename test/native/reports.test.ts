import { expect } from "chai";
import { fiveMinutes } from "./five-minutes.js";
import { fromCargo, fromSurefire, fromSwift } from "./reports.js";

describe("the native test runners' reports", () => {
  it("are summed over cargo's binaries", () => {
    const output = [
      "running 3 tests",
      "test dial::tests::dials ... ok",
      "test http::tests::reads anew - should panic ... FAILED",
      "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
      "   Doc-tests crossroom",
      "test result: ok. 4 passed; 0 failed; 5 ignored; 0 measured; 0 filtered out; finished in 1.20s",
    ].join("\n");
    expect(fromCargo(output)).to.deep.equal({
      passed: 6,
      failed: 1,
      skipped: 5,
      failing: ["http::tests::reads anew - should panic"],
    });
  });

  it("are summed over Maven's files, with errors as failures", () => {
    const suite = (attributes: string): string => {
      const bad = `<testcase name="x y" classname="a.B"><error message="&lt;failure"/></testcase>`;
      const good = `<testcase name="z" classname="a.B"><system-out>&lt;error</system-out></testcase>`;
      const tests = attributes.includes('errors="1"') ? `${good}${bad}${good}` : good;
      return `<?xml version="1.0"?>\n<testsuite name="a.B" ${attributes}>${tests}</testsuite>`;
    };
    expect(
      fromSurefire([
        suite('time="0.1" tests="7" errors="1" skipped="2" failures="1"'),
        suite('tests="2" errors="0" skipped="0" failures="0"'),
      ]),
    ).to.deep.equal({ passed: 5, failed: 2, skipped: 2, failing: ["a.B.x y"] });
  });

  it("are the last line of Swift's", () => {
    const output = [
      "Test Case 'FramesTests.testA' started at 2026-11-30 02:00:00.000",
      "Test Case 'FramesTests.testA' passed (0.05 seconds)",
      "Test Case 'FramesTests.testB' started at 2026-11-30 02:00:00.050",
      "Test Case 'FramesTests.testB' failed (0.05 seconds)",
      "Test Suite 'FramesTests' failed",
      "\t Executed 2 tests, with 0 failures (0 unexpected) in 0.1 (0.1) seconds",
      "Test Suite 'All tests' failed",
      "\t Executed 9 tests, with 1 test skipped and 2 failures (0 unexpected) in 0.5 (0.5) seconds",
    ].join("\n");
    expect(fromSwift(output)).to.deep.equal({
      passed: 6,
      failed: 2,
      skipped: 1,
      failing: ["FramesTests.testB"],
    });
  });

  it("name the test of Swift's that was under way when the runner crashed", () => {
    const output = [
      "Test Case 'FramesTests.testA' started at 2026-11-30 02:00:00.000",
      "Fatal error: Index out of range",
    ].join("\n");
    expect(fromSwift(output)).to.deep.equal({
      passed: 0,
      failed: 0,
      skipped: 0,
      failing: ["FramesTests.testA"],
    });
  });

  it("of runners that did not get that far are nothing", () => {
    expect(fromCargo("error: could not compile")).to.deep.equal({ passed: 0, failed: 0, skipped: 0 });
    expect(fromSwift("error: no such module")).to.deep.equal({ passed: 0, failed: 0, skipped: 0 });
    expect(fromSurefire([])).to.deep.equal({ passed: 0, failed: 0, skipped: 0 });
  });
});

describe("the five minutes of a README", () => {
  const fence = "```";
  const readme = [
    ...["# X", "## Five minutes", "Type:", `${fence}sh`, "mkdir a", fence],
    ...["", `${fence}toml a/Cargo.toml`, "[package]", fence],
    ...[`${fence}sh`, "cargo run", fence, "It prints:", `${fence}text`, "Ada: hello", fence],
    ...["## More", `${fence}sh`, "rm -rf a", fence],
  ].join("\n");

  it("are files to write and commands to type, in order, and what the last ones print", () => {
    expect(fiveMinutes(readme)).to.deep.equal({
      steps: [
        { do: "type", commands: "mkdir a\n" },
        { do: "write", file: "a/Cargo.toml", content: "[package]\n" },
        { do: "type", commands: "cargo run\n" },
      ],
      prints: ["Ada: hello"],
    });
  });

  it("must be there, and say what is printed", () => {
    expect(() => fiveMinutes("# X\n")).to.throw("no section");
    expect(() => fiveMinutes("## Five minutes\n\nNothing to it.\n")).to.throw("nothing to type");
    expect(() => fiveMinutes(readme.replace(`${fence}text`, `${fence}console`))).to.throw("what is printed");
  });
});
