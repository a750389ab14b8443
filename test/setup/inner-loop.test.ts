/** What `npm test -- FILE` does before it runs the file. */
import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
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
  const transpile = (): void => {
    const script = pathToFileURL(resolve("scripts/transpile.js")).href;
    const program = `await (await import(${JSON.stringify(script)})).transpile()`;
    execFileSync(process.execPath, ["--input-type=module", "-e", program], { cwd: folder, stdio: "pipe" });
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "crossroom-inner-loop-"));
    write("clients/demo/page.css", "");
    write("bridge/deep/new.ts", "export const n: number = 1;");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("is made, at the place where the compiler puts it", () => {
    transpile();
    expect(read("dist/bridge/deep/new.js")).to.include("const n = 1;");
    expect(existsSync(join(folder, "dist/clients/demo/page.css"))).to.equal(true);
  });

  it("is not made again of a source that was not saved since", () => {
    transpile();
    write("dist/bridge/deep/new.js", "// as it was");
    transpile();
    expect(read("dist/bridge/deep/new.js")).to.equal("// as it was");
    utimesSync(join(folder, "bridge/deep/new.ts"), Date.now() / 1_000 + 10, Date.now() / 1_000 + 10);
    transpile();
    expect(read("dist/bridge/deep/new.js")).to.include("const n = 1;");
  });

  it("goes with its source, so that a deleted test cannot still run, and nothing else goes", () => {
    write("dist/test/gone.test.js", "");
    write("dist/test/gone.test.d.ts", "");
    write("dist/notes.txt", "mine");
    transpile();
    expect(existsSync(join(folder, "dist/test/gone.test.js"))).to.equal(false);
    expect(existsSync(join(folder, "dist/test/gone.test.d.ts"))).to.equal(false);
    expect(read("dist/notes.txt")).to.equal("mine");
  });

  it("is refused where the source cannot be read as TypeScript, and says where", () => {
    write("bridge/deep/new.ts", "export const = 1;");
    expect(transpile).to.throw(/bridge\/deep\/new\.ts:1:13/);
  });
});
