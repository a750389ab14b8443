/** On a machine that has never run the tests, tools appear while `npm test` runs: nothing may be looked for before set-up. */
import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { IN_TRIXIE } from "../support/machine.js";
import { importsOf } from "./import-rules.js";
import type { Seen } from "./support/before-setup.js";

const PROGRAM = join(import.meta.dirname, "support", "before-setup.js");

/** The compiled form of a file of test/. */
function compiled(source: string): string {
  return resolve(import.meta.dirname, "..", "..", source).replace(/\.ts$/, ".js");
}

describe("before set-up", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "crossroom-test-"));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  /** Loads files where no tool is to be found, until a trixie root is made afterwards. */
  function load(files: readonly string[]): Seen {
    mkdirSync(join(folder, "bin"));
    const env = {
      HOME: folder,
      PATH: join(folder, "bin"),
      CROSSROOM_TRIXIE: join(folder, "trixie"),
    };
    return JSON.parse(
      execFileSync(process.execPath, [PROGRAM, folder, ...files.map(compiled)], { env, encoding: "utf8" }),
    ) as Seen;
  }

  it("no tool is looked for by what npm test loads", () => {
    // run.ts itself would run the tests. importsOf sees what it loads later, too.
    const files = importsOf("test/run.ts", readFileSync("test/run.ts", "utf8"));
    expect(files).to.include("test/everything.ts");
    expect(load(files).looks).to.be.empty;
  });

  it("no agent's command is made, so that it runs in the root that set-up installs", () => {
    const { looks, agents } = load(["test/conformance/clients.ts"]);
    expect(looks).to.be.empty;
    expect(agents).to.include({ swift: IN_TRIXIE, rust: IN_TRIXIE });
  });
});
