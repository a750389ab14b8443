/** docs/http-api.md: its commands print what it says, and its programs do what they are for. */
import { expect } from "chai";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { HTTP_ERRORS, meaningOf, STATUS_OF, type ProblemCode } from "../../../server/http-api/problem.js";
import { OPERATIONS } from "../../../server/http-api/operations.js";
import { SCOPES } from "../../../server/index.js";
import { describeWith, type ToolName } from "../../support/machine.js";
import { playPage } from "../../support/shell-page.js";
import { ServerProcess } from "../support/child.js";
import { PROTOCOLS } from "../support/clients.js";

const MAIN = fileURLToPath(new URL("../../../server/main.js", import.meta.url));
const SECRET = "0123456789abcdef0123456789abcdef";

const run = promisify(execFile);
const page = readFileSync("docs/http-api.md", "utf8");

/** The one block of the page in a language. */
function blockIn(language: string): string {
  const blocks = [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))];
  expect(blocks, language).to.have.length(1);
  return blocks[0]?.[1] ?? "";
}

describeWith(["curl"], "docs/http-api.md", function () {
  this.timeout(300_000); // Go compiles its library the first time.
  let folder: string;
  let server: ServerProcess;
  let url: string;
  let key: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "crossroom-http-api-"));
    const env = { DATA: join(folder, "data"), PORT: "0", JWT_SECRET: SECRET };
    server = new ServerProcess(["--no-demo"], env);
    url = await server.listening();
    const args = [MAIN, "key", "create", "--scope", "publish,read"];
    key = (await run(process.execPath, args, { env: { ...process.env, ...env } })).stdout.trim();
  });
  afterEach(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  it("has commands that print what it says, against a server that was started before there was a key", async () => {
    const data = join(folder, "other");
    const other = new ServerProcess(["--no-demo"], { DATA: data, PORT: "0" });
    const count = await playPage(page, {
      url: await other.listening(),
      before: `crossroom() { "${process.execPath}" "${MAIN}" "$@"; }`,
      cwd: folder,
      env: { ...process.env, DATA: data },
    });
    expect(count)
      .to.equal(page.match(/^```sh$/gm)?.length)
      .and.to.be.greaterThan(12);
    const { stderr } = await other.stop();
    expect(stderr.match(/done over the HTTP API/g)).to.have.length(4);
  });

  /** What a program of the page prints, with its room published to and its token good for who it says. */
  async function check(program: string, args: readonly string[]): Promise<void> {
    const env = { ...process.env, CROSSROOM_KEY: key, JWT_SECRET: SECRET };
    const { stdout } = await run(program, args, { env, cwd: folder });
    const client = PROTOCOLS.bridge.open(url);
    await client.enter(undefined, { token: stdout.trim() });
    expect(client.self).to.include({ user: "ada", guest: false });
    client.close();
    const response = await fetch(`${url}/crossroom/v1/rooms/orders%2F7/messages`, {
      headers: { authorization: `Bearer ${key}` },
    });
    const { messages } = (await response.json()) as { messages: object[] };
    expect(messages).to.have.length(1);
    expect(messages[0]).to.deep.include({ id: "order-7-paid", data: { state: "paid" } });
  }

  function write(name: string, language: string): string {
    const path = join(folder, name);
    writeFileSync(path, blockIn(language).replaceAll("http://localhost:3000", url));
    return path;
  }

  const programs: [
    tool: ToolName,
    title: string,
    args: (path: string) => string[],
    name: string,
    language: string,
  ][] = [
    ["python", "Python", (path) => [path], "backend.py", "python"],
    ["go", "Go", (path) => ["run", path], "backend.go", "go"],
  ];
  for (const [tool, title, args, name, language] of programs) {
    describeWith([tool], `its program in ${title}`, ([program]) => {
      it("publishes, and makes a token that is good", () => check(program, args(write(name, language))));
    });
  }

  it("has commands for a shell that publish, and make a token that is good", () =>
    check("bash", [write("backend.sh", "bash")]));
});

describe("the tables of docs/http-api.md", () => {
  it("have every code that there is an answer with, its status, and whether it is retryable", () => {
    const rows = [...page.matchAll(/^\| `(\w+)` +\| (\d+) +\| (true|false) +\|/gm)];
    const codes = rows.map(([, code = ""]) => code as ProblemCode);
    for (const [, code, status, retryable] of rows) {
      const meaning = meaningOf(code as ProblemCode);
      expect([status, retryable], code).to.deep.equal([String(meaning.status), String(meaning.retryable)]);
    }
    const declared = OPERATIONS.flatMap(({ errors = [] }) => errors);
    expect(codes).to.include.members([...declared, ...Object.keys(HTTP_ERRORS)]);
    expect(Object.keys(STATUS_OF)).to.include.members(
      codes.filter((code) => !Object.hasOwn(HTTP_ERRORS, code)),
    );
    expect(new Set(codes).size).to.equal(codes.length);
  });

  it("have every scope", () => {
    const scopes = [...page.matchAll(/^\| `([\w:]+)` +\| [^|]* \|$/gm)].map(([, scope]) => scope);
    expect(scopes).to.deep.equal([...SCOPES]);
  });
});
