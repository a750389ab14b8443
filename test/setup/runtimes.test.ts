import { expect } from "chai";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runRelease } from "../runtimes.js";
import { findRuntime, leftOutRelease, RELEASES } from "./runtimes.js";

/** 22, 24 and 26. */
const NAMES = `${RELEASES.slice(0, -1).join(", ")} and ${String(RELEASES.at(-1))}`;

describe("the releases of Node.js", () => {
  it("are promised by the README as they are tested", () => {
    const promises = [...readFileSync("README.md", "utf8").matchAll(/Node\.js (\d\d, [\d, ]+ and \d\d)/g)];
    expect(promises.map(([, names]) => names)).to.deep.equal([NAMES]);
  });

  it("are let in by package.json, and so is the oldest that still passes", () => {
    const { engines } = JSON.parse(readFileSync("package.json", "utf8")) as { engines: { node: string } };
    expect(engines.node).to.equal(">=20.19");
    expect(Math.min(...RELEASES)).to.be.greaterThan(20);
  });

  it("are skipped where they cannot be fetched, in one line that says why, and how to get them", async () => {
    const cache = mkdtempSync(join(tmpdir(), "crossroom-test-"));
    const { PATH } = process.env;
    const said: string[] = [];
    try {
      process.env["PATH"] = cache;
      const found = findRuntime(22, (line) => void said.push(line), cache);
      expect(found).to.match(/^npm could not fetch node-.*@22: /);
      expect(said.splice(0)).to.have.length(1);
      const counts = await runRelease([22, found], (line) => void said.push(line));
      expect(counts).to.deep.equal({ passed: 0, failed: 0, skipped: 1 });
      expect(said).to.deep.equal([leftOutRelease(22, found as string)]);
      expect(said[0]).to.match(/^Left out: the tests on Node\.js 22\. .*npm run test:runtimes fetches it/);
    } finally {
      process.env["PATH"] = PATH;
      rmSync(cache, { recursive: true });
    }
  });
});
