import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fetchPackageTools, packageTools, TOOLS_OF_PACKAGES } from "./package-tools.js";

describe("the tools that the packages are used with", () => {
  it("count as missing where they cannot be fetched, also over those of an older list, and one line says why", () => {
    const cache = mkdtempSync(join(tmpdir(), "crossroom-test-"));
    const packages = { ...TOOLS_OF_PACKAGES, cache };
    const { PATH } = process.env;
    const said: string[] = [];
    try {
      process.env["PATH"] = cache;
      writeFileSync(join(cache, "installed.json"), '{ "dependencies": { "jest": "1.0.0" } }');
      expect(packageTools(packages)).to.equal(undefined);
      for (let times = 0; times < 2; times++) {
        fetchPackageTools((line) => void said.push(line), [packages]);
        expect(packageTools(packages)).to.equal(undefined);
        expect(said.splice(0).at(-1)).to.match(
          /^Left out: the packages in Jest.* npm could not fetch Jest.*: /,
        );
      }
    } finally {
      process.env["PATH"] = PATH;
      rmSync(cache, { recursive: true });
    }
  });
});
