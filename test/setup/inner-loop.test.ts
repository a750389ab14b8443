/** What `npm test -- FILE` does before it runs the file. */
import { expect } from "chai";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

describe("the JavaScript of changed sources", () => {
  let folder: string;
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const read = (path: string): string => readFileSync(join(folder, path), "utf8");
  const compile = (): void => {
    const script = pathToFileURL(resolve("scripts/compile.js")).href;
    const program = `await (await import(${JSON.stringify(script)})).compile()`;
    execFileSync(process.execPath, ["--input-type=module", "-e", program], { cwd: folder, stdio: "pipe" });
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "crossroom-inner-loop-"));
    for (const one of ["bridge", "clients/typescript", "server"]) {
      write(`${one}/package.json`, readFileSync(`${one}/package.json`, "utf8"));
    }
    write(
      "server/main.ts",
      '#!/usr/bin/env node\nimport { n } from "@crossroom/bridge";\nprocess.stdout.write(String(n));',
    );
    write("bridge/index.ts", 'export * from "./deep/new.js";');
    write("clients/demo/main.ts", "document.title = String(1 as number);");
    write("clients/demo/page.css", "");
    for (const ending of ["html", "css", "json"]) write(`docs/compare.${ending}`, "");
    write("bridge/deep/new.ts", "export const n: number = 1;");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("is made, at the place where the compiler puts it", () => {
    compile();
    expect(read("dist/bridge/deep/new.js")).to.include("const n = 1;");
  });

  it("finds the packages by their names, as they were just made", () => {
    compile();
    expect(execFileSync(join(folder, "dist/server/main.js"), { encoding: "utf8" })).to.equal("1");
  });

  it("has the demo page where the server serves it from, made anew when a file of it was saved", () => {
    compile();
    expect(existsSync(join(folder, "dist/server/public/page.css"))).to.equal(true);
    expect(read("dist/server/public/main.js")).to.include("document.title = String(1)");
    write("clients/demo/main.ts", "document.title = String(2);");
    utimesSync(join(folder, "clients/demo/main.ts"), Date.now() / 1_000 + 10, Date.now() / 1_000 + 10);
    compile();
    expect(read("dist/server/public/main.js")).to.include("document.title = String(2)");
  });

  it("is not made again of a source that was not saved since", () => {
    compile();
    write("dist/bridge/deep/new.js", "// as it was");
    const source = statSync(join(folder, "bridge/deep/new.ts"));
    utimesSync(join(folder, "dist/bridge/deep/new.js"), source.atime, source.mtime);
    compile();
    expect(read("dist/bridge/deep/new.js")).to.equal("// as it was");
    utimesSync(join(folder, "bridge/deep/new.ts"), Date.now() / 1_000 + 10, Date.now() / 1_000 + 10);
    compile();
    expect(read("dist/bridge/deep/new.js")).to.include("const n = 1;");
  });

  it("is made again of an older source that took the place of one", () => {
    compile();
    write("bridge/deep/new.ts", "export const n: number = 2;");
    utimesSync(join(folder, "bridge/deep/new.ts"), 1_000_000_000, 1_000_000_000);
    compile();
    expect(read("dist/bridge/deep/new.js")).to.include("const n = 2;");
  });

  it("is made again when another release of esbuild makes it", () => {
    compile();
    const made = read("dist/bridge/deep/new.js");
    write("dist/bridge/deep/new.js", "// as it was");
    const source = statSync(join(folder, "bridge/deep/new.ts"));
    utimesSync(join(folder, "dist/bridge/deep/new.js"), source.atime, source.mtime);
    write("dist/.made-with", "0.0.1");
    compile();
    expect(read("dist/bridge/deep/new.js")).to.equal(made);
  });

  it("comes with a page that has all its files, and none that it has no more", () => {
    compile();
    rmSync(join(folder, "dist/server/public/page.css"));
    write("dist/server/public/gone.css", "");
    compile();
    const comparison = ["compare.html", "compare.css", "compare.json"];
    expect(readdirSync(join(folder, "dist/server/public"))).to.have.members([
      ...["main.js", "page.css"],
      ...comparison,
    ]);
  });

  it("goes with its source, so that a deleted test cannot still run, and nothing else goes", () => {
    write("dist/test/gone.test.js", "");
    write("dist/test/gone.test.d.ts", "");
    write("dist/notes.txt", "mine");
    compile();
    expect(existsSync(join(folder, "dist/test/gone.test.js"))).to.equal(false);
    expect(existsSync(join(folder, "dist/test/gone.test.d.ts"))).to.equal(false);
    expect(read("dist/notes.txt")).to.equal("mine");
  });

  it("is refused where the source cannot be read as TypeScript, and says where", () => {
    write("bridge/deep/new.ts", "export const = 1;");
    expect(compile).to.throw(/bridge\/deep\/new\.ts:1:13/);
  });
});
