import { expect } from "chai";
import { readFileSync } from "node:fs";
import { fromReadme } from "./swift-package.js";

describe("the dependency by a URL", () => {
  const url = "file:///tmp/crossroom.git";

  it("is as the Swift SDK's README has it, in the manifest of its five minutes", () => {
    const { manifest, tag } = fromReadme(readFileSync("clients/swift/README.md", "utf8"), url);
    expect(tag).to.match(/^\d+\.\d+\.\d+$/);
    expect(manifest).to.include(`dependencies: [.package(url: "${url}", from: "${tag}")],`);
  });

  it("must be there, in both ways", () => {
    const fence = "```";
    const readme = ["## Five minutes", `${fence}swift Package.swift`, "nothing", fence];
    const rest = [`${fence}sh`, "swift run", fence, `${fence}text`, "42", fence];
    const local = '.package(name: "crossroom", path: "$CROSSROOM")';
    expect(() => fromReadme([...readme, ...rest].join("\n"), url)).to.throw("has not .package(name:");
    expect(() => fromReadme([...readme, ...rest].join("\n").replace("nothing", local), url)).to.throw(
      "no dependency by a URL",
    );
  });
});
