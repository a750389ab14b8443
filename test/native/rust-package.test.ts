import { expect } from "chai";
import { readFileSync } from "node:fs";
import { missing, warnings } from "./rust-package.js";

describe("the crate", () => {
  it("must bring its licence, which is the repository's, and its README", () => {
    expect(missing("Cargo.toml\nLICENSE\nREADME.md\nsrc/lib.rs\n")).to.equal(undefined);
    expect(missing("Cargo.toml\nsrc/lib.rs\n")).to.equal("it has no LICENSE and no README.md");
    expect(readFileSync("clients/rust/LICENSE", "utf8")).to.equal(readFileSync("LICENSE", "utf8"));
  });

  it("is not clean where cargo warns, though it has packed it", () => {
    const output = "warning: manifest has no documentation\n   Packaging crossroom-client v0.1.0\n";
    expect(warnings(output)).to.equal("warning: manifest has no documentation");
    expect(warnings("   Packaging crossroom-client v0.1.0\n")).to.equal(undefined);
  });
});
