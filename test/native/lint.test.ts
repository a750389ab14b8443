import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NOTHING } from "../setup/counts.js";
import { lint } from "./lint.js";
import type { Lint, Step } from "./sdks.js";

describe("the native SDKs' linters", () => {
  const ending = (status: number): Step => ({
    program: process.execPath,
    args: ["-e", `console.log("line 3 is too long"); process.exit(${status})`],
  });

  async function run(...lints: Lint[]) {
    const lines: string[] = [];
    const sdk = { title: "X", folder: tmpdir(), lints };
    return { counts: await lint(sdk, (line) => void lines.push(line)), lines };
  }

  it("count as tests: what one finds is a failure, and is told", async () => {
    const good = { title: "good", probe: ending(0), check: ending(0) };
    const bad = { title: "bad", probe: ending(0), check: ending(1) };
    const { counts, lines } = await run(good, bad);
    expect(counts).to.deep.equal({ passed: 1, failed: 1, skipped: 0, failing: ["X: bad"] });
    expect(lines[0]).to.equal("X: good finds nothing");
    expect(lines[1]).to.match(/^X: bad finds faults: .*line 3 is too long/s);
  });

  it("are added first where the toolchain has none and can have it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "crossroom-lint-"));
    const node = (code: string): Step => ({ program: process.execPath, args: ["-e", code] });
    const marker = JSON.stringify(join(folder, "installed"));
    const probe = node(`require("node:fs").readFileSync(${marker})`);
    const install = node(`require("node:fs").writeFileSync(${marker}, "")`);
    try {
      const { counts } = await run({ title: "added", probe, install, check: ending(0) });
      expect(counts).to.deep.equal({ ...NOTHING, passed: 1 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("are left out, with one line, where the toolchain has none", async () => {
    const install = { program: join(tmpdir(), "crossroom-no-such-program"), args: [] };
    const { counts, lines } = await run({ title: "none", probe: ending(1), install, check: ending(0) });
    expect(counts).to.deep.equal({ ...NOTHING, skipped: 1 });
    expect(lines).to.deep.equal(["Left out: none over the X SDK. Its toolchain has none."]);
  });
});
