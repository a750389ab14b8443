import { expect } from "chai";
import { exportJWK, type JWK } from "jose";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jwksSource } from "../../../server/auth/jwks.js";
import type { Authenticate } from "../../../server/auth/authenticate.js";
import { authenticator, errorOf, identityOf, NOW, pair, token } from "./support/tokens.js";

describe("a JWK Set in a file", () => {
  let folder: string;
  let path: string;
  let now: number;
  let warnings: string[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "crossroom-jwks-"));
    path = join(folder, "jwks.json");
    now = NOW;
    warnings = [];
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Replaces the file as a whole, as a careful program does. */
  function write(content: unknown): void {
    writeFileSync(`${path}.new`, typeof content === "string" ? content : JSON.stringify(content));
    renameSync(`${path}.new`, path);
  }
  const load = () => jwksSource(path, { now: () => now, warn: (message) => void warnings.push(message) });
  const open = async (): Promise<Authenticate> => authenticator({ keys: [await load()] });

  async function signer(
    kid: string | undefined,
    alg = "ES256",
  ): Promise<{ jwk: JWK; sign: () => Promise<string> }> {
    const { publicKey, privateKey } = await pair(alg);
    const named = kid === undefined ? {} : { kid };
    return {
      jwk: { ...(await exportJWK(publicKey)), ...named },
      sign: () => token(privateKey, {}, { alg, ...named }),
    };
  }

  it("has the keys of several signers, found by kid", async () => {
    const [a, b] = [await signer("a"), await signer("b", "EdDSA")];
    write({ keys: [a.jwk, b.jwk] });
    const authenticate = await open();
    for (const { sign } of [a, b])
      expect(identityOf(await authenticate({ auth: { token: await sign() } })).user).to.equal("ada");
    const stranger = await (await signer("a")).sign();
    expect(errorOf(await authenticate({ auth: { token: stranger } }))).to.include("signature");
  });

  it("is enough for tokens without a kid, where only one key fits", async () => {
    const [a, b] = [await signer(undefined), await signer(undefined)];
    write({ keys: [a.jwk] });
    expect(identityOf(await (await open())({ auth: { token: await a.sign() } })).user).to.equal("ada");
    write({ keys: [a.jwk, b.jwk] });
    expect(errorOf(await (await open())({ auth: { token: await a.sign() } }))).to.include(
      "missing where there are several",
    );
  });

  it("has the first key that fits where several have one kid", async () => {
    const [a, b] = [await signer("one"), await signer("one")];
    write({ keys: [a.jwk, b.jwk] });
    const authenticate = await open();
    expect(identityOf(await authenticate({ auth: { token: await a.sign() } })).user).to.equal("ada");
    expect(errorOf(await authenticate({ auth: { token: await b.sign() } }))).to.include("signature");
  });

  it("passes over a key whose use or operations are none", async () => {
    const { jwk, sign } = await signer("a");
    for (const odd of [{ use: 5 }, { key_ops: 5 }, { key_ops: "verify" }]) {
      write({ keys: [{ ...jwk, ...odd }, (await signer("b")).jwk] });
      expect(errorOf(await (await open())({ auth: { token: await sign() } }))).to.include("kid is unknown");
    }
  });

  it("holds a key to the algorithm and the use that it is for", async () => {
    const { jwk, sign } = await signer("a");
    const other = (await signer("b")).jwk;
    for (const limits of [{ alg: "ES384" }, { use: "enc" }, { key_ops: ["deriveBits"] }]) {
      write({ keys: [{ ...jwk, ...limits }, other] });
      expect(errorOf(await (await open())({ auth: { token: await sign() } }))).to.include("kid is unknown");
    }
  });

  it("is read again at a kid that it did not have, at most once a second", async () => {
    const [old, fresh, later] = [await signer("old"), await signer("fresh"), await signer("later")];
    write({ keys: [old.jwk] });
    const authenticate = await open();
    const isTaken = async ({ sign }: typeof old) =>
      (await authenticate({ auth: { token: await sign() } })).ok;
    write({ keys: [fresh.jwk] });
    expect(await isTaken(fresh)).to.be.false;
    now += 1_000;
    expect(await isTaken(fresh)).to.be.true;
    expect(await isTaken(old)).to.be.false;
    write({ keys: [later.jwk] });
    now += 999;
    expect(await isTaken(later)).to.be.false;
    now += 1;
    expect(await isTaken(later)).to.be.true;
  });

  it("is looked at every ten seconds, so that a key that was taken out is refused", async () => {
    const [a, b] = [await signer("a"), await signer("b")];
    write({ keys: [a.jwk] });
    const authenticate = await open();
    const isTaken = async () => (await authenticate({ auth: { token: await a.sign() } })).ok;
    write({ keys: [b.jwk] });
    now += 9_999;
    expect(await isTaken()).to.be.true;
    now += 1;
    expect(await isTaken()).to.be.false;
  });

  it("is used as it was where the new one is broken or gone, with a warning for each", async () => {
    const { jwk, sign } = await signer("a");
    write({ keys: [jwk] });
    const authenticate = await open();
    const spoil = [() => write("{"), () => write({ keys: [] }), () => rmSync(path)];
    for (const [i, spoilIt] of spoil.entries()) {
      spoilIt();
      now += 10_000;
      expect(identityOf(await authenticate({ auth: { token: await sign() } })).user).to.equal("ada");
      expect(warnings).to.have.length(i + 1);
      expect(warnings.at(-1)).to.match(/stay in use$/);
    }
    now -= 60_000;
    write({ keys: [(await signer("b")).jwk] });
    expect((await authenticate({ auth: { token: await sign() } })).ok, "with the clock set back").to.be.false;
  });

  it("passes over keys that it does not know", async () => {
    const { jwk, sign } = await signer("a");
    write({
      keys: [
        { kty: "AKP", alg: "ML-DSA-44", kid: "q" },
        { ...jwk, use: "sig", alg: "ES256" },
      ],
    });
    expect(identityOf(await (await open())({ auth: { token: await sign() } })).user).to.equal("ada");
  });

  const wrong: [title: string, content: () => unknown, error: RegExp][] = [
    ["no JSON", () => "keys:", /is not a JWK Set; give a JSON file like/],
    ["a list", () => [], /is not a JWK Set/],
    ["without a key", () => ({ keys: [] }), /has no public key that verifies signatures/],
    [
      "with a secret",
      () => ({ keys: [{ kty: "oct", k: "AAAA" }] }),
      /keys\[0\] is a secret or private key; .*JWT_SECRET/,
    ],
    [
      "with a private key",
      () => ({ keys: [{ kty: "OKP", crv: "Ed25519", d: "AAAA", x: "AAAA" }] }),
      /secret or private key/,
    ],
    [
      "with a broken key",
      () => ({ keys: [{ kty: "EC", crv: "P-256", x: "AA", y: "AA" }] }),
      /keys\[0\] is a key of the type EC that cannot be read/,
    ],
  ];
  for (const [title, content, error] of wrong) {
    it(`is refused at the start if it is ${title}, and the error says so`, async () => {
      write(content());
      const failure = await load().catch((reason: unknown) => reason);
      expect(failure).to.have.property("name", "ConfigError");
      expect(failure).to.have.property("message").that.matches(error).and.includes(path);
    });
  }

  it("is refused at the start if it is not there", async () => {
    expect(await load().catch((reason: unknown) => reason))
      .to.have.property("message")
      .that.matches(/cannot be read \(ENOENT/);
  });
});
