import { expect } from "chai";
import { exportSPKI } from "jose";
import { generateKeyPairSync } from "node:crypto";
import { signOwnToken } from "../../../server/auth/issue.js";
import { publicKeySource, secretSource } from "../../../server/auth/keys.js";
import { newOwnKey } from "../../../server/auth/own-key.js";
import { authenticator, errorOf, identityOf, NOW, pair, SECRET, token } from "./support/tokens.js";

const keys = [secretSource(SECRET, "JWT_SECRET")];

describe("the keys of tokens", () => {
  const pem = async (algorithm: string) => {
    const { publicKey, privateKey } = await pair(algorithm);
    return { spki: await exportSPKI(publicKey), privateKey };
  };

  for (const alg of ["RS256", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]) {
    it(`may be public ones: ${alg}`, async () => {
      const { spki, privateKey } = await pem(alg);
      const authenticate = authenticator({ keys: [publicKeySource(spki, "key.pem")] });
      const good = await token(privateKey, {}, { alg });
      expect(identityOf(await authenticate({ auth: { token: good } })).user).to.equal("ada");
      const stranger = await token((await pair(alg)).privateKey, {}, { alg });
      expect(errorOf(await authenticate({ auth: { token: stranger } }))).to.include("signature");
    });
  }

  it("set the algorithm: a public key is never taken for a secret", async () => {
    const { spki } = await pem("RS256");
    const authenticate = authenticator({ keys: [publicKeySource(spki, "key.pem")] });
    const forged = await token(spki, { sub: "admin" });
    expect(errorOf(await authenticate({ auth: { token: forged } }))).to.match(
      /no tokens with HS256; sign with RS256/,
    );
  });

  it("set the algorithm: a curve is taken for its own alone", async () => {
    const { spki } = await pem("ES256");
    const authenticate = authenticator({ keys: [publicKeySource(spki, "key.pem")] });
    const other = await token((await pem("ES384")).privateKey, {}, { alg: "ES384" });
    expect(errorOf(await authenticate({ auth: { token: other } }))).to.include("sign with ES256");
  });

  it("may be several of different kinds, and two secrets", async () => {
    const { spki, privateKey } = await pem("ES256");
    const second = "second".repeat(6);
    const authenticate = authenticator({
      keys: [...keys, secretSource(second, "x"), publicKeySource(spki, "key.pem")],
    });
    for (const text of [
      await token(SECRET),
      await token(second),
      await token(privateKey, {}, { alg: "ES256" }),
    ]) {
      expect(identityOf(await authenticate({ auth: { token: text } })).user).to.equal("ada");
    }
    expect(errorOf(await authenticate({ auth: { token: await token("third".repeat(7)) } }))).to.include(
      "signature",
    );
  });

  it("may be secrets, which allow the algorithms that they are long enough for", () => {
    const algorithms = (bytes: number) => secretSource("x".repeat(bytes), "JWT_SECRET").algorithms;
    expect(algorithms(32)).to.deep.equal(["HS256"]);
    expect(algorithms(48)).to.deep.equal(["HS256", "HS384"]);
    expect(algorithms(64)).to.deep.equal(["HS256", "HS384", "HS512"]);
    expect(secretSource("ü".repeat(16), "JWT_SECRET").algorithms).to.deep.equal(["HS256"]);
  });

  const sec1 = generateKeyPairSync("ec", { namedCurve: "secp256k1" }).publicKey;
  const short = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey;
  const own = generateKeyPairSync("ed25519").privateKey;
  const useless: [title: string, make: () => unknown, error: RegExp][] = [
    [
      "a short secret",
      () => secretSource("hunter2", "JWT_SECRET"),
      /^JWT_SECRET: the secret has 7 bytes.*32 random.*openssl rand -hex 32$/,
    ],
    [
      "a text that is no key",
      () => publicKeySource("hello", "k.pem"),
      /^k.pem is not a public key. Give a PEM file/,
    ],
    [
      "a private key",
      () => publicKeySource(own.export({ type: "pkcs8", format: "pem" }).toString(), "k.pem"),
      /^k.pem has a private key.*openssl pkey -in k.pem -pubout$/,
    ],
    [
      "a short RSA key",
      () => publicKeySource(short.export({ type: "spki", format: "pem" }).toString(), "k.pem"),
      /^k.pem: the RSA key has 1024 bits; give one of 2048/,
    ],
    [
      "a key for no JWT",
      () => publicKeySource(sec1.export({ type: "spki", format: "pem" }).toString(), "k.pem"),
      /^k.pem: no signatures of JWTs.*P-256/,
    ],
  ];
  for (const [title, make, error] of useless) {
    it(`must not be ${title}, and the error says what to do`, () => {
      expect(make).to.throw(error).with.property("name", "ConfigError");
    });
  }

  it("say nothing of a secret when it is refused", () => {
    expect(() => secretSource("hunter2", "JWT_SECRET"))
      .to.throw()
      .with.property("message")
      .that.does.not.include("hunter2");
  });

  it("are the server's own where the operator has none", async () => {
    const ownKey = newOwnKey();
    const claims = { user: "ada", id: "t1", issuedAt: NOW };
    const mine = signOwnToken(ownKey, "operator", claims);
    expect(identityOf(await authenticator({ ownKey })({ auth: { token: mine } }))).to.include({
      user: "ada",
      guest: false,
    });
    expect(errorOf(await authenticator({ ownKey, keys })({ auth: { token: mine } }))).to.include(
      "configured keys only",
    );
    expect(errorOf(await authenticator()({ auth: { token: mine } }))).to.include(
      "signed with its own key, and this one is not",
    );
  });
});
