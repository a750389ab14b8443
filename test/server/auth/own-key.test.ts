import { expect } from "chai";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadOwnKey, newOwnKey } from "../../../server/auth/own-key.js";

describe("the server's own key", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "crossroom-key-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("is made in the data folder, which is made too, for nobody else to read", async () => {
    const data = join(folder, "a", "b");
    const { secret } = await loadOwnKey(data);
    expect(readFileSync(join(data, "secret"))).to.deep.equal(Buffer.from(secret));
    expect(secret).to.have.length(32);
    expect(statSync(join(data, "secret")).mode & 0o777).to.equal(0o600);
    expect(readdirSync(data)).to.deep.equal(["secret"]);
  });

  it("is the same ever after", async () => {
    expect(await loadOwnKey(folder)).to.deep.equal(await loadOwnKey(folder));
  });

  it("is the same for all that make it at the same time", async () => {
    const keys = await Promise.all(Array.from({ length: 8 }, () => loadOwnKey(folder)));
    expect(new Set(keys.map(({ id }) => id)).size).to.equal(1);
    expect(readdirSync(folder)).to.deep.equal(["secret"]);
  });

  it("is another in each folder, and each time without one, and so is its id", () => {
    const [one, other] = [newOwnKey(), newOwnKey()];
    expect(one.id).to.match(/^crossroom-[\w-]{16}$/);
    expect(one.id).not.to.equal(other.id);
    expect(one.secret).not.to.deep.equal(other.secret);
  });

  const wrong: [title: string, spoil: (path: string) => void, error: RegExp][] = [
    [
      "is no key",
      (path) => writeFileSync(path, "hello\n", { mode: 0o600 }),
      /it has 6 bytes, not 32\. Put the right file back/,
    ],
    [
      "may be read by everybody",
      (path) => {
        writeFileSync(path, "x".repeat(32));
        chmodSync(path, 0o644);
      },
      /every user of this machine may read .*; run: chmod 600 /,
    ],
    [
      "is a folder",
      (path) => mkdirSync(path),
      /cannot be read or made \(EISDIR.*; let this user read and write/,
    ],
  ];
  for (const [title, spoil, error] of wrong) {
    it(`is refused, with what to do, if its file ${title}`, async () => {
      spoil(join(folder, "secret"));
      const failure = await loadOwnKey(folder).catch((reason: unknown) => reason);
      expect(failure).to.have.property("name", "ConfigError");
      expect(failure).to.have.property("message").that.matches(error).and.includes(join(folder, "secret"));
    });
  }

  it("cannot be made where the data folder is a file", async () => {
    writeFileSync(join(folder, "file"), "");
    const failure = await loadOwnKey(join(folder, "file")).catch((reason: unknown) => reason);
    expect(failure)
      .to.have.property("message")
      .that.matches(/cannot be read or made \((ENOTDIR|EEXIST)/);
  });
});
