import { expect } from "chai";
import fc from "fast-check";
import { base64url, CompactSign, exportSPKI } from "jose";
import { z } from "zod";
import { generateKeyPairSync } from "node:crypto";
import { publicKeySource, secretSource } from "../../../server/auth/keys.js";
import { newOwnKey } from "../../../server/auth/own-key.js";
import { signOwnToken } from "../../../server/auth/issue.js";
import { nameSchema, userSchema } from "../../../server/schemas.js";
import {
  authenticator,
  errorOf,
  identityOf,
  NOW,
  NOW_SECONDS,
  pair,
  SECRET,
  token,
} from "./support/tokens.js";

/** What clients are told of an identity. */
const selfSchema = z.object({
  user: userSchema,
  name: nameSchema,
  guest: z.literal(false),
  expiresAt: z.int().optional(),
  issuedAt: z.int().optional(),
  tokenId: z.string().optional(),
});

const keys = [secretSource(SECRET, "JWT_SECRET")];

describe("a token", () => {
  const authenticate = authenticator({ keys });
  const judge = async (text: unknown) => authenticate({ auth: { token: text } });

  it("says who one is: by sub, name, and all its claims", async () => {
    const claims = { name: "Ada", jti: "t1", team: "red" };
    expect(identityOf(await judge(await token(SECRET, claims)))).to.deep.equal({
      user: "ada",
      name: "Ada",
      guest: false,
      claims: { sub: "ada", iat: NOW_SECONDS, exp: NOW_SECONDS + 3_600, ...claims },
      tokenId: "t1",
      issuedAt: NOW,
      expiresAt: NOW + 3_600_000,
    });
  });

  it("need not run out, or tell when it was issued", async () => {
    const identity = identityOf(await judge(await token(SECRET, { exp: undefined, iat: undefined })));
    expect(identity).not.to.have.any.keys("expiresAt", "issuedAt", "tokenId");
  });

  it("is taken from auth before that of the request", async () => {
    const other = await token(SECRET, { sub: "bob" });
    const mine = await token(SECRET);
    expect(identityOf(await authenticate({ auth: { token: mine }, token: other })).user).to.equal("ada");
    expect(identityOf(await authenticate({ auth: { token: null }, token: other })).user).to.equal("bob");
    expect(identityOf(await authenticate({ auth: undefined, token: other })).user).to.equal("bob");
  });

  it("goes before auth with its name, which is cut and cleaned so that it can be shown", async () => {
    const named = async (name: unknown, given?: string) =>
      identityOf(await authenticate({ auth: { token: await token(SECRET, { name }), name: given } })).name;
    expect(await named("Ada", "Mallory")).to.equal("Ada");
    expect(await named(undefined, "Ada L.")).to.equal("Ada L.");
    expect(await named(undefined)).to.equal("ada");
    expect(await named(" Ada\u0000\nL. ")).to.equal("Ada L.");
    expect(await named(`${"x".repeat(63)}😀`)).to.equal("x".repeat(63));
    for (const useless of ["", " \n", 7, { first: "Ada" }]) expect(await named(useless)).to.equal("ada");
  });

  const wrong: [title: string, make: () => Promise<unknown>, error: RegExp][] = [
    [
      "of another secret",
      () => token(`${SECRET}x`),
      /^unauthorized: .*signature is not of this server's key/,
    ],
    [
      "that has run out",
      () => token(SECRET, { exp: NOW_SECONDS - 5 }),
      /^token_expired: The token has expired/,
    ],
    [
      "that is not valid yet",
      () => token(SECRET, { nbf: NOW_SECONDS + 6 }),
      /^unauthorized: .*not valid yet.*nbf/,
    ],
    [
      "from the future",
      () => token(SECRET, { iat: NOW_SECONDS + 6 }),
      /^unauthorized: .*"iat" lies in the future/,
    ],
    ["without a user", () => token(SECRET, { sub: undefined }), /^unauthorized: .*no claim "sub"/],
    ["with an empty user", () => token(SECRET, { sub: " " }), /^unauthorized: .*"sub" must not be empty/],
    ["with a long user", () => token(SECRET, { sub: "x".repeat(129) }), /at most 128 characters/],
    ["with a user that is no text", () => token(SECRET, { sub: 7 }), /"sub" must be a string/],
    ["with an id that is no text", () => token(SECRET, { jti: 7 }), /"jti" must be a string/],
    ["with an expiry that is no time", () => token(SECRET, { exp: 1e300 }), /"exp" is no time in seconds/],
    ["with an expiry that is no number", () => token(SECRET, { exp: "soon" }), /"exp" has the wrong type/],
    ["that is empty", () => Promise.resolve(""), /^unauthorized: the token is empty/],
    ["that is no text", () => Promise.resolve({ token: 1 }), /^unauthorized: auth.token must be a string/],
    ["that is too long", () => Promise.resolve("x".repeat(8_193)), /more than 8192 characters/],
    ["that is no JWT", () => Promise.resolve("a.b.c"), /^unauthorized: the token is not a signed JWT/],
    [
      "with an unknown algorithm",
      () => token(`${SECRET}${SECRET}`, {}, { alg: "HS512" }),
      /no tokens with HS512; sign with HS256/,
    ],
  ];
  for (const [title, make, error] of wrong) {
    it(`${title} is refused, and the error says so`, async () => {
      expect(errorOf(await judge(await make()))).to.match(error);
    });
  }

  it("may be up to five seconds off by its clock", async () => {
    const off = { exp: NOW_SECONDS - 4, nbf: NOW_SECONDS + 5, iat: NOW_SECONDS + 5 };
    expect(identityOf(await judge(await token(SECRET, off))).user).to.equal("ada");
  });

  it("that was tampered with is refused", async () => {
    const [header, , signature] = (await token(SECRET)).split(".");
    const forged = base64url.encode(JSON.stringify({ sub: "admin" }));
    expect(errorOf(await judge([header, forged, signature].join(".")))).to.include("signature");
  });

  it('that claims to need no signature ("alg": "none") is refused', async () => {
    const part = (value: object): string => base64url.encode(JSON.stringify(value));
    for (const alg of ["none", "None", "NONE"]) {
      const bare = `${part({ alg })}.${part({ sub: "admin" })}.`;
      expect(errorOf(await judge(bare))).to.match(/^unauthorized: /);
    }
  });

  it("must have the issuer and the audience that the server asks for", async () => {
    const strict = authenticator({ keys, issuer: "https://id.example", audience: "rooms" });
    const judged = async (claims: Record<string, unknown>) =>
      strict({ auth: { token: await token(SECRET, claims) } });
    const good = { iss: "https://id.example", aud: ["other", "rooms"] };
    expect(identityOf(await judged(good)).user).to.equal("ada");
    expect(errorOf(await judged({ aud: "rooms" }))).to.include('no claim "iss"');
    expect(errorOf(await judged({ ...good, iss: "https://evil.example" }))).to.include('"iss" is not what');
    expect(errorOf(await judged({ ...good, aud: "another" }))).to.include('"aud" is not what');
  });

  it("that was revoked is refused as such, by its id or by its user", async () => {
    const asked: object[] = [];
    const revoking = authenticator({ keys, revocations: { has: (facts) => asked.push(facts) > 0 } });
    const text = await token(SECRET, { jti: "t1" });
    expect(errorOf(await revoking({ auth: { token: text } }))).to.match(/^token_revoked: /);
    expect(asked).to.deep.equal([{ user: "ada", id: "t1", issuedAt: NOW }]);
  });

  it("gets an answer, whatever it is", async () => {
    const part = fc.oneof(
      fc.json().map((text) => base64url.encode(text)),
      fc
        .record({ alg: fc.constantFrom("HS256", "none", 1), kid: fc.anything(), crit: fc.anything() })
        .map((header) => base64url.encode(JSON.stringify(header))),
      fc.string(),
    );
    const text = fc.oneof(
      fc.tuple(part, part, part).map((parts) => parts.join(".")),
      fc.anything(),
    );
    await fc.assert(
      fc.asyncProperty(text, async (any) => {
        if (any === undefined || any === null) return;
        expect(errorOf(await judge(any))).to.match(/^unauthorized: /);
      }),
    );
  });
});

describe("a token that is signed well, whatever it says,", () => {
  const authenticate = authenticator({ keys });

  it("is taken or refused with a reason, and never fails", async () => {
    const claim = fc.oneof(fc.anything(), fc.string(), fc.double(), fc.constant(NOW_SECONDS));
    const payload = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .record({
          sub: claim,
          exp: claim,
          iat: claim,
          nbf: claim,
          jti: claim,
          aud: claim,
          name: claim,
          rooms: claim,
        })
        .map((claims) =>
          JSON.stringify(claims, (_key, value: unknown) => (typeof value === "bigint" ? 0 : value)),
        ),
    );
    await fc.assert(
      fc.asyncProperty(payload, async (text) => {
        const jws = new CompactSign(Buffer.from(text)).setProtectedHeader({ alg: "HS256" });
        const verdict = await authenticate({ auth: { token: await jws.sign(Buffer.from(SECRET)) } });
        if (!verdict.ok) expect(verdict.error.code).to.match(/^(unauthorized|token_expired)$/);
        else expect(selfSchema.safeParse({ ...verdict.identity }).success).to.be.true;
      }),
    );
  });
});

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
    const mine = await signOwnToken(ownKey, "operator", claims);
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
