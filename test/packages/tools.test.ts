/** The packed packages in test runners and bundlers, as these come, and with other releases of TypeScript. */
import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { packageTools } from "../setup/package-tools.js";
import { describeLeftOut } from "../support/machine.js";
import { PackedPackages } from "./support/packed.js";
import { BRIDGE, CLIENT } from "./support/programs.js";

const PROGRAM = `
import { io, Socket } from "@crossroom/client";
import { createRooms } from "@crossroom/client/rooms";
const socket = io("http://localhost:1", { autoConnect: false, WebSocket: class {} });
const rooms = createRooms(socket, { name: "Ada" });
console.log(socket instanceof Socket, rooms.room("lobby").name);
rooms.close();
`;
const PRINTED = "true lobby";

/** What a page loads, packed small and compressed, in bytes. What is added to a client is to be worth it. */
const BUDGET = { client: 18 * 1024, rooms: 32 * 1024 };

const BOTH = { "client.ts": CLIENT, "bridge.ts": BRIDGE };

/** TypeScript's releases, by their names in test/packages/tools/package.json, and what each is tried with. */
const COMPILERS = {
  // Engine.io's own types are not for releases before 5.7.
  "typescript-5.5": { programs: { "client.ts": CLIENT }, kinds: ["commonjs node10", "node16 node16"] },
  "typescript-5.9": { programs: BOTH, kinds: ["commonjs node10", "nodenext nodenext"] },
  "typescript-7": { programs: BOTH, kinds: ["nodenext nodenext", "esnext bundler"] },
} as const;

const TITLE = "the packages with other tools";
const found = packageTools();

if (found === undefined) {
  describeLeftOut(TITLE, "needs Jest, vite and others, which npm run setup fetches");
} else {
  describe(TITLE, function () {
    this.timeout(180_000);
    useIn(found);
  });
}

/** @param tools the folder that they are installed in */
function useIn(tools: string): void {
  const installed = createRequire(join(tools, "package.json"));
  let made: PackedPackages;
  let folder: string;
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  const run = (...args: string[]): string => {
    // Not as these tests are run: Jest and Vitest say more where they think that nobody reads along.
    const env = { ...process.env, CI: "" };
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: folder,
      env,
      encoding: "utf8",
    });
    expect(status, stdout + stderr).to.equal(0);
    return stdout.trim();
  };
  const bin = (name: string, path: string): string =>
    join(installed.resolve(`${name}/package.json`), "..", path);

  before(() => {
    made = PackedPackages.get();
    folder = made.consumer("tools", ["@crossroom/bridge", "@crossroom/client"], ["@types/node"]);
    for (const name of ["vite", "vitest", "webpack"])
      symlinkSync(join(tools, "node_modules", name), join(folder, "node_modules", name));
    write("program.mjs", PROGRAM);
  });

  it("Jest requires them", () => {
    write(
      "jest.test.js",
      `const { io } = require("@crossroom/client");
       const { createRooms } = require("@crossroom/client/rooms");
       const { attachBridge } = require("@crossroom/bridge");
       test("has them", () => expect([io, createRooms, attachBridge].map((one) => typeof one)).toEqual(Array(3).fill("function")));`,
    );
    run(bin("jest", "bin/jest.js"), "--rootDir", folder, "jest.test.js");
  });

  it("Vitest imports them", () => {
    write(
      "vitest.test.mjs",
      `import { expect, test } from "vitest";
       import { io } from "@crossroom/client";
       import { createRooms } from "@crossroom/client/rooms";
       import { attachBridge } from "@crossroom/bridge";
       test("has them", () => expect([io, createRooms, attachBridge].map((one) => typeof one)).toEqual(Array(3).fill("function")));`,
    );
    run(bin("vitest", "vitest.mjs"), "run", "vitest.test.mjs");
  });

  it("esbuild bundles them, not larger than they may be", () => {
    const esbuild = createRequire(import.meta.url).resolve("esbuild");
    write(
      "esbuild.cjs",
      `require(${JSON.stringify(esbuild)}).buildSync({
         entryPoints: process.argv.slice(2), bundle: true, minify: true, format: "esm", outdir: "esbuild", outExtension: { ".js": ".mjs" },
       });`,
    );
    write("client.mjs", 'export { io } from "@crossroom/client";');
    write("rooms.mjs", 'export { createRooms } from "@crossroom/client/rooms";');
    run("esbuild.cjs", "program.mjs", "client.mjs", "rooms.mjs");
    expect(run("esbuild/program.mjs")).to.equal(PRINTED);
    for (const [name, most] of Object.entries(BUDGET)) {
      const bytes = gzipSync(readFileSync(join(folder, "esbuild", `${name}.mjs`))).length;
      expect(bytes, `${name}, compressed`).to.be.lessThan(most);
    }
  });

  it("vite bundles them", () => {
    write(
      "vite.config.mjs",
      `export default { logLevel: "error", build: { outDir: "vite", lib: { entry: "program.mjs", formats: ["es"], fileName: () => "program.mjs" } } };`,
    );
    run(bin("vite", "bin/vite.js"), "build");
    expect(run("vite/program.mjs")).to.equal(PRINTED);
  });

  it("webpack bundles them", () => {
    write(
      "webpack.cjs",
      `require("webpack")({
         mode: "production", target: ["web", "es2022"], entry: "./program.mjs", context: __dirname,
         output: { path: __dirname + "/webpack", filename: "program.js" },
       }, (error, stats) => {
         if (error) throw error;
         if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString());
       });`,
    );
    run("webpack.cjs");
    expect(run("webpack/program.js")).to.equal(PRINTED);
  });

  for (const [compiler, { programs, kinds }] of Object.entries(COMPILERS)) {
    for (const kind of kinds) {
      it(`${compiler} finds their types as ${kind}, and no fault in them`, () => {
        const [module = "", resolution = ""] = kind.split(" ");
        const project = join(folder, `${compiler}-${resolution}`);
        mkdirSync(project);
        writeFileSync(join(project, "package.json"), '{ "type": "commonjs" }');
        const names = Object.entries(programs).map(([name, code]) => {
          writeFileSync(join(project, name), code);
          return join(project, name);
        });
        const options = [
          "--noEmit",
          "--strict",
          "--target",
          "es2022",
          "--types",
          "node",
          "--esModuleInterop",
        ];
        options.push("--module", module, "--moduleResolution", resolution);
        run(bin(compiler, "bin/tsc"), ...options, ...names);
      });
    }
  }
}
