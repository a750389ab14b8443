/** Programs of each kind that use the packed packages. */
import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { NAMES, PackedPackages } from "./support/packed.js";
import { BRIDGE, CLIENT, PRINTED, SERVER } from "./support/programs.js";

interface Project {
  readonly module: string;
  readonly resolution: string;
  readonly ending: "ts" | "cts" | "mts";
  /** Of the package.json. */
  readonly type: "commonjs" | "module";
  /** Whether Node can run what comes of it: bundlers' projects are run by their bundlers. */
  readonly runs: boolean;
}

const PROJECTS: Readonly<Record<string, Project>> = {
  "commonjs, node10": {
    module: "commonjs",
    resolution: "node10",
    ending: "ts",
    type: "commonjs",
    runs: true,
  },
  "node16, .cts": { module: "node16", resolution: "node16", ending: "cts", type: "module", runs: true },
  "node16, .mts": { module: "node16", resolution: "node16", ending: "mts", type: "commonjs", runs: true },
  nodenext: { module: "nodenext", resolution: "nodenext", ending: "ts", type: "module", runs: true },
  bundler: { module: "esnext", resolution: "bundler", ending: "ts", type: "module", runs: false },
};

const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");

describe("a program that uses the packages", function () {
  this.timeout(180_000);
  let made: PackedPackages;
  let folder: string;

  before(() => {
    made = PackedPackages.get();
    folder = made.consumer("typescript", NAMES, ["@types/node"]);
  });

  for (const [title, { module, resolution, ending, type, runs }] of Object.entries(PROJECTS)) {
    // The server is an ES module alone.
    const isModule = type === "module" && ending !== "cts";
    const programs = {
      bridge: BRIDGE,
      client: CLIENT,
      ...((isModule || ending === "mts") && { server: SERVER }),
    };

    it(`type-checks in a strict TypeScript project with ${title}, its dependencies' types too`, () => {
      const project = join(folder, title.replaceAll(/\W+/g, "-"));
      mkdirSync(project);
      writeFileSync(join(project, "package.json"), JSON.stringify({ type }));
      const names = Object.entries(programs).map(([name, code]) => {
        writeFileSync(join(project, `${name}.${ending}`), code);
        return `${name}.${ending}`;
      });
      const options = ["--strict", "--target", "es2022", "--types", "node", "--esModuleInterop"];
      const kind = ["--module", module, "--moduleResolution", resolution, "--ignoreDeprecations", "6.0"];
      execFileSync(process.execPath, [tsc, ...options, ...kind, ...names], {
        cwd: project,
        stdio: "inherit",
      });
      if (!runs) return;
      for (const [name, printed] of Object.entries(PRINTED)) {
        if (!(name in programs)) continue;
        const program = `${name}.${ending.replace("ts", "js")}`;
        const output = execFileSync(process.execPath, [program], { cwd: project, encoding: "utf8" });
        expect(output.trim(), program).to.equal(printed);
      }
    });
  }

  it("gets the same classes by require and by import, in Node.js", () => {
    const script = `
      const required = require("@crossroom/client");
      import("@crossroom/client").then((imported) => console.log(required.Socket === imported.Socket));`;
    const printed = execFileSync(process.execPath, ["-e", script], { cwd: folder, encoding: "utf8" });
    expect(printed.trim()).to.equal("true");
  });

  it("can require the server", () => {
    const script = `console.log(typeof require("crossroom").createRoomsServer)`;
    const printed = execFileSync(process.execPath, ["-e", script], { cwd: folder, encoding: "utf8" });
    expect(printed.trim()).to.equal("function");
  });

  it("needs nothing but the client to use it", () => {
    const alone = made.consumer("client-alone", ["@crossroom/client"]);
    const script = `Promise.all(["", "/rooms"].map((of) => import("@crossroom/client" + of))).then(([a, b]) => console.log(typeof a.io, typeof b.createRooms))`;
    const printed = execFileSync(process.execPath, ["-e", script], { cwd: alone, encoding: "utf8" });
    expect(printed.trim()).to.equal("function function");
  });
});
