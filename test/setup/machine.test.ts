import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { everythingRequired, TOOLS, toolPath } from "../support/machine.js";
import { leftOut } from "./install.js";

describe("the machine's tools", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "crossroom-test-"));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  function program(name: string, mode = 0o755): string {
    const path = join(folder, name);
    writeFileSync(path, "", { mode });
    return path;
  }

  it("are found on the PATH, the best name first", () => {
    program("google-chrome");
    expect(toolPath("chromium", { PATH: `/absent:${folder}` })).to.equal(join(folder, "google-chrome"));
    program("chromium");
    expect(toolPath("chromium", { PATH: `/absent:${folder}` })).to.equal(join(folder, "chromium"));
  });

  it("are what their variable names, before any search", () => {
    program("redis-server");
    const other = program("other");
    expect(toolPath("redis", { PATH: folder, REDIS_SERVER_PATH: other })).to.equal(other);
    expect(toolPath("redis", { PATH: folder, REDIS_SERVER_PATH: "" })).to.equal(join(folder, "redis-server"));
  });

  it("are missing where there is no file that can be executed", () => {
    program("redis-server", 0o644);
    mkdirSync(join(folder, "folder"));
    expect(toolPath("redis", { PATH: folder })).to.be.undefined;
    expect(toolPath("redis", { PATH: folder, REDIS_SERVER_PATH: join(folder, "folder") })).to.be.undefined;
    expect(toolPath("redis", {})).to.be.undefined;
  });

  it("are all required with CI=true or REQUIRE_ALL=1", () => {
    expect(everythingRequired({})).to.be.false;
    expect(everythingRequired({ CI: "true" })).to.be.true;
    expect(everythingRequired({ REQUIRE_ALL: "1" })).to.be.true;
  });

  it("are named in one line when missing: what is left out, and how to get it", () => {
    const line = leftOut(TOOLS.redis, undefined, "apt-get update failed: no network");
    expect(line).to.match(/^Left out: .*redis-server is missing.*apt-get install redis-server.*no network$/);
    expect(line).not.to.include("\n");
    expect(leftOut(TOOLS.redis, "/absent", undefined)).to.include("REDIS_SERVER_PATH=/absent is no program");
  });
});
