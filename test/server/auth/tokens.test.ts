import { expect } from "chai";
import fc from "fast-check";
import { base64url, CompactSign } from "jose";
import { z } from "zod";
import { secretSource } from "../../../server/auth/keys.js";
import { nameSchema, userSchema } from "../../../server/api/values.js";
import { authenticator, errorOf, identityOf, NOW, NOW_SECONDS, SECRET, token } from "./support/tokens.js";

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
