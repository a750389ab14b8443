/** docs/openapi.json as Python reads it: a validator, and a tester that makes requests of it against a real server. */
import { expect } from "chai";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { PROJECT } from "../../native/sdks.js";
import { describeWith } from "../../support/machine.js";
import { Api } from "./support/api.js";

const FOLDER = join(PROJECT, "test", "server", "http-api", "python");
const REQUIREMENTS = join(FOLDER, "requirements.txt");
const VENV = join(PROJECT, ".cache", "python-http-api");
const DOCUMENT = resolve("docs/openapi.json");

const run = promisify(execFile);
const inVenv = (program: string): string => join(VENV, "bin", program);

/** What a program has printed, whether or not it liked what it saw. */
async function printed(
  program: string,
  args: readonly string[],
  cwd: string,
): Promise<{ code: number; text: string }> {
  try {
    const { stdout } = await run(inVenv(program), args, { cwd, maxBuffer: 2 ** 26 });
    return { code: 0, text: stdout };
  } catch (error) {
    const { code, stdout = "" } = error as { code?: unknown; stdout?: string };
    if (typeof code !== "number") throw error;
    return { code, text: stdout };
  }
}

describeWith(["python"], "docs/openapi.json in Python", function ([python]) {
  this.timeout(180_000);
  let folder: string;

  before(async function () {
    this.timeout(300_000);
    folder = mkdtempSync(join(tmpdir(), "crossroom-schemathesis-"));
    const installed = join(VENV, "installed.txt");
    const wanted = readFileSync(REQUIREMENTS, "utf8");
    if (existsSync(installed) && readFileSync(installed, "utf8") === wanted) return;
    mkdirSync(VENV, { recursive: true });
    await run(python, ["-m", "venv", "--clear", VENV]);
    await run(inVenv("python"), ["-m", "pip", "install", "--quiet", "-r", REQUIREMENTS]);
    writeFileSync(installed, wanted);
  });
  after(() => rmSync(folder, { recursive: true }));

  it("is valid to openapi-spec-validator, which finds what is not", async () => {
    expect(await printed("openapi-spec-validator", [DOCUMENT], folder)).to.include({ code: 0 });
    const wrong = join(folder, "wrong.json");
    writeFileSync(wrong, readFileSync(DOCUMENT, "utf8").replace('"responses"', '"answers"'));
    expect((await printed("openapi-spec-validator", [wrong], folder)).code).not.to.equal(0);
  });

  it("is what a server does, whatever Schemathesis makes of it", async () => {
    const api = await Api.start();
    try {
      const { code, text } = await printed(
        "schemathesis",
        [
          ...["--config-file", join(FOLDER, "schemathesis.toml"), "run", DOCUMENT, "--url", api.url],
          ...["-H", `Authorization: Bearer ${api.all}`, "--checks", "all", "--seed", "1"],
          ...["--max-examples", "20", "--no-color"],
        ],
        folder,
      );
      expect(code, text).to.equal(0);
      expect(text).to.match(/Tested: 19/);
      expect(api.lines.filter(({ message }) => message.includes("failed"))).to.deep.equal([]);
    } finally {
      await api.close();
    }
  });
});
