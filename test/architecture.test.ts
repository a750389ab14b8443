/** The picture of docs/architecture.md against the imports that there are. */
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { parseArrows, untrueOf } from "./setup/architecture.js";
import { betweenFolders, readImports } from "./setup/import-rules.js";

describe("the picture of the architecture", () => {
  const page = readFileSync("docs/architecture.md", "utf8");
  const folders = betweenFolders(readImports(["bridge", "server", "clients", "scripts"]));

  it("says what the folders import of each other", () => {
    expect(untrueOf(parseArrows(page), folders)).to.deep.equal([]);
  });

  it("is beside a table that names every folder", () => {
    expect([...folders.keys()].filter((folder) => !page.includes(`\`${folder}\``))).to.deep.equal([]);
  });
});

describe("the check of the picture", () => {
  const imports = new Map([
    ["a", ["b", "c"]],
    ["b", ["c"]],
    ["c", []],
  ]);
  const found = (...arrows: [string, string][]) => untrueOf(arrows, imports);

  it("lets through arrows that imply all imports", () => {
    expect(found(["a", "b"], ["b", "c"])).to.deep.equal([]);
  });

  it("finds an import that no arrows lead to", () => {
    expect(found(["a", "b"])).to.deep.equal([
      "not in the picture: a imports c",
      "not in the picture: b imports c",
    ]);
  });

  it("finds an arrow that nobody imports along", () => {
    expect(found(["a", "b"], ["b", "c"], ["c", "a"])).to.include("nothing imports so: c --> a");
  });

  it("finds an arrow that follows from others", () => {
    expect(found(["a", "b"], ["b", "c"], ["a", "c"])).to.deep.equal(["follows from others: a --> c"]);
  });

  it("reads the arrows of a page", () => {
    const page = "a --> b\n\n```mermaid\nflowchart TD\n  server/cli --> b\n  b --> c-d\n```\n";
    expect(parseArrows(page)).to.deep.equal([
      ["server/cli", "b"],
      ["b", "c-d"],
    ]);
  });
});
