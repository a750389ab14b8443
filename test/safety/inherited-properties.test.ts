import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("support/inherited-properties.js", import.meta.url));

describe("where something that can be seen was put on Object.prototype", function () {
  this.timeout(60_000);

  it("options, configuration, calls, credentials and clients know their own properties alone", () => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [PROGRAM], { encoding: "utf8" });
    expect(stderr).to.equal("");
    expect(JSON.parse(stdout)).to.deep.equal([]);
    expect(status).to.equal(0);
  });
});
