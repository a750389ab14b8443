import { expect } from "chai";
import { utimesSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, chmodSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApiKeyFile, changeKeys, readKeys } from "../../../server/auth/api-key-file.js";
import { findKey, newApiKey } from "../../../server/auth/api-keys.js";
import { openLmdbStore, storeOptions } from "../../../server/index.js";
import { TestTerminal } from "../cli/support/terminal.js";
import { runProgram } from "../../../server/cli/program.js";

const NOW = Date.UTC(2026, 10, 30);
const DAY = 24 * 60 * 60 * 1000;

describe("crossroom key", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "crossroom-keys-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function run(...argv: string[]) {
    let [printed, wrong] = ["", ""];
    const code = await runProgram(
      ["key", ...argv, ...(argv.includes("--api-keys") ? [] : ["--data", folder])],
      {
        env: {},
        version: "0",
        readText: (path) => readFileSync(path, "utf8"),
        print: (text) => (printed += text),
        printError: (text) => (wrong += text),
        start: () => Promise.reject(new Error("not here")),
        check: () => Promise.reject(new Error("not here")),
        now: () => NOW,
      },
    );
    return { code: code ?? 0, printed, wrong };
  }
  const file = () => join(folder, "api-keys.json");

  it("makes a key that is shown once: the file has its hash alone, and is its user's", async () => {
    const { code, printed } = await run(
      ...[
        "create",
        "--scope",
        "publish",
        "--scope",
        "read,publish:as",
        "--room",
        "order-*",
        "--room",
        "news",
      ],
      ...["--expires", "90d", "--name", "Shop"],
    );
    expect(code).to.equal(0);
    expect(printed).to.match(/^crk_[0-9a-f]{12}_[0-9A-Za-z]{43}\n$/);
    const kept = readFileSync(file(), "utf8");
    expect(kept).not.to.include(printed.trim().slice(-43));
    expect(statSync(file()).mode & 0o777).to.equal(0o600);
    const [key] = readKeys(file());
    expect(key).to.deep.include({
      scopes: ["publish", "publish:as", "read"].sort((a, b) => Number(a === "read") - Number(b === "read")),
      rooms: ["order-*", "news"],
      name: "Shop",
      created: NOW,
      expires: NOW + 90 * DAY,
    });
    expect(findKey(readKeys(file()), printed.trim())).to.deep.equal(key);
  });

  it("lists keys by their ids, and takes one away", async () => {
    await run("create", "--scope", "read", "--name", "Reports");
    const { printed: text } = await run("create", "--scope", "publish", "--room", "a*", "--expires", "1s");
    const id = text.slice(4, 16);
    const { printed } = await run("list");
    expect(printed.split("\n")).to.have.length(3);
    expect(printed).to.match(/^[0-9a-f]{12} {2}read {2}all rooms {2}never expires {2}Reports$/m);
    expect(printed).to.include(`${id}  publish  rooms a*  until 2026-11-30T00:00:01.000Z`);
    expect(await run("revoke", id)).to.deep.equal({
      code: 0,
      printed: `Revoked: the key ${id}\n`,
      wrong: "",
    });
    expect((await run("list")).printed).not.to.include(id);
    const again = await run("revoke", id);
    expect(again.code).to.equal(1);
    expect(again.wrong).to.match(/there is no key .* crossroom key list shows/);
  });

  it("keeps keys in a file that is named, for a server that has no data folder", async () => {
    const path = join(folder, "further", "keys.json");
    expect((await run("create", "--scope", "ops", "--api-keys", path)).code).to.equal(0);
    expect((await run("list", "--api-keys", path)).printed).to.include("ops");
    const none = await run("create", "--scope", "ops", "--memory");
    expect(none.code).to.equal(2);
  });

  const wrong: [string, string[], RegExp][] = [
    ["no scope", ["create"], /required option .*--scope/],
    ["a scope that there is not", ["create", "--scope", "all"], /There are publish, publish:as, read/],
    [
      "a room that is no pattern",
      ["create", "--scope", "read", "--room", "{x"],
      /there is no \{x in patterns/,
    ],
    [
      "a room that is others for each user",
      ["create", "--scope", "read", "--room", "dm-{user}"],
      /belongs to no user/,
    ],
    [
      "a wrong duration",
      ["create", "--scope", "read", "--expires", "soon"],
      /--expires: "soon" is not a duration/,
    ],
    ["an empty name", ["create", "--scope", "read", "--name", " "], /--name must not be empty/],
  ];
  for (const [what, argv, message] of wrong) {
    it(`refuses ${what}, and makes none`, async () => {
      const { code, wrong: said } = await run(...argv);
      expect(code).to.equal(2);
      expect(said).to.match(message);
      expect(readKeys(file())).to.deep.equal([]);
    });
  }

  it("are in a backup of the data folder", async () => {
    const data = join(folder, "data");
    await (await openLmdbStore(data, storeOptions())).close();
    await run("create", "--scope", "read", "--api-keys", join(data, "api-keys.json"));
    const terminal = new TestTerminal(["backup", join(folder, "copy"), "--data", data]);
    expect(await terminal.exited()).to.equal(0);
    const [key] = readKeys(join(folder, "copy", "api-keys.json"));
    expect(key).to.have.property("scopes").that.deep.equals(["read"]);
  });

  it("loses none where several are made at once", async () => {
    await Promise.all(Array.from({ length: 20 }, () => run("create", "--scope", "read")));
    expect(readKeys(file())).to.have.length(20);
  });

  it("goes on where another process died while it changed the file", async () => {
    writeFileSync(`${file()}.draft`, "");
    utimesSync(`${file()}.draft`, 0, 0);
    expect((await run("create", "--scope", "read")).code).to.equal(0);
  });
});

describe("the file of keys", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "crossroom-keys-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const newKey = () =>
    newApiKey({ scopes: ["read"], created: 0 }, (bytes) => Buffer.alloc(bytes, Math.random() * 256)).key;

  it("is read again at once when it changes, and keeps what was good while it is damaged", async () => {
    const errors: unknown[] = [];
    const path = join(folder, "keys.json");
    const keys = new ApiKeyFile(path, (error) => errors.push(error));
    expect(keys.all()).to.deep.equal([]);
    const key = newKey();
    await changeKeys(path, () => [key]);
    expect(keys.all()).to.deep.equal([key]);
    writeFileSync(path, "{");
    expect(keys.all()).to.deep.equal([key]);
    expect(keys.all()).to.deep.equal([key]);
    expect(errors.map(String)).to.have.length(1);
    expect(String(errors[0])).to.match(/keys\.json: this is not JSON/);
    await changeKeys(path.replace("keys", "other"), () => []);
    rmSync(path);
    expect(keys.all(), "none where it was removed").to.deep.equal([]);
  });

  it("is refused where everybody may write it, or where it is something else", async function () {
    const path = join(folder, "keys.json");
    await changeKeys(path, () => [newKey()]);
    chmodSync(path, 0o666);
    if (process.platform !== "win32")
      expect(() => readKeys(path)).to.throw(/every user of this machine may write/);
    chmodSync(path, 0o600);
    for (const text of ["[]", "{}", '{"version":2,"keys":[]}', '{"version":1,"keys":[{}]}']) {
      writeFileSync(path, text);
      expect(() => readKeys(path), text).to.throw(/keys\.json: file/);
    }
  });
});
