/** Tokens of the server's own key are verified in one synchronous call; jose is what they are held against. */
import { expect } from "chai";
import fc from "fast-check";
import { base64url, CompactSign, jwtVerify, SignJWT } from "jose";
import { signClaims, signedPayload } from "../../../server/auth/hmac-token.js";
import { signOwnToken } from "../../../server/auth/issue.js";
import { newOwnKey } from "../../../server/auth/own-key.js";
import { createVerifier } from "../../../server/auth/verifier.js";
import { NOW, NOW_SECONDS } from "./support/tokens.js";

const ownKey = newOwnKey();
const claims = { sub: "ada", jti: "t1", iat: NOW_SECONDS, exp: NOW_SECONDS + 3_600 };
const header = { alg: "HS256", typ: "JWT", kid: ownKey.id };
const now = (): number => NOW;
const verify = createVerifier({
  ...{ ownKey, keys: [], now },
  clock: { now, cutoff: (age) => NOW - age, wall: now },
});

/** What jose reads in a token, or undefined where it refuses it. */
async function readByJose(token: string): Promise<unknown> {
  try {
    return (await jwtVerify(token, ownKey.secret, { algorithms: ["HS256"], currentDate: new Date(NOW) }))
      .payload;
  } catch {
    return undefined;
  }
}

/** Signed well, whatever header and claims. */
function signedByJose(payload: string, head: object): Promise<string> {
  return new CompactSign(Buffer.from(payload))
    .setProtectedHeader({ alg: "HS256", ...head })
    .sign(ownKey.secret);
}

/** Changes of a token's text that make another token of it, or another spelling of the same. */
function mangled(token: string): fc.Arbitrary<string> {
  const [head = "", payload = "", signature = ""] = token.split(".");
  const at = fc.nat(token.length - 1);
  const part = fc.oneof(
    fc.constantFrom("", "e30", head, payload, signature),
    fc.base64String(),
    fc.string(),
    fc
      .dictionary(fc.constantFrom("alg", "typ", "kid", "crit", "b64", "sub", "iss"), fc.jsonValue())
      .map((value) => base64url.encode(JSON.stringify(value))),
    fc
      .constantFrom("none", "None", "HS384", "HS512", "RS256", "", 1)
      .map((alg) => base64url.encode(JSON.stringify({ ...header, alg }))),
  );
  return fc.oneof(
    fc.tuple(at, fc.nat(127)).map(([index, code]) => replaced(token, index, String.fromCharCode(code))),
    fc
      .tuple(at, fc.integer({ min: 0, max: 7 }))
      .map(([index, bit]) =>
        replaced(token, index, String.fromCharCode(token.charCodeAt(index) ^ (1 << bit))),
      ),
    at.map((index) => token.slice(0, index)),
    fc.tuple(at, fc.string()).map(([index, text]) => token.slice(0, index) + text + token.slice(index)),
    fc.constantFrom("=", "==", ".", "..", " ", "\n", "\0", "A").map((end) => token + end),
    fc.constantFrom(" ", ".", "\ufeff").map((start) => start + token),
    // The same bytes, spelled otherwise: the last character of a signature has two bits that say nothing.
    fc
      .integer({ min: 0, max: 3 })
      .map((bits) => replaced(token, token.length - 1, spelled(token.at(-1) ?? "", bits))),
    fc.constant(token.replaceAll("-", "+").replaceAll("_", "/")),
    fc.array(part, { maxLength: 5 }).map((parts) => parts.join(".")),
    part.map((other) => [other, payload, signature].join(".")),
    part.map((other) => [head, other, signature].join(".")),
    part.map((other) => [head, payload, other].join(".")),
  );
}

function replaced(text: string, index: number, character: string): string {
  return text.slice(0, index) + character + text.slice(index + 1);
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** The character of base64url that has other low bits. */
function spelled(character: string, bits: number): string {
  return ALPHABET[(ALPHABET.indexOf(character) & ~3) | bits] ?? "";
}

describe("a token of the server's own key", () => {
  const token = signClaims(ownKey, claims);

  it("is as jose signs it, byte for byte", async () => {
    const facts = { user: "ada", id: "t1", name: "Ada", issuedAt: NOW, expiresAt: NOW + 3_600_999 };
    const given = { stamp: 7, rooms: { "*": ["join"] } };
    const byJose = new SignJWT({ ...given, name: "Ada" })
      .setProtectedHeader(header)
      .setSubject("ada")
      .setJti("t1")
      .setIssuedAt(NOW_SECONDS)
      .setIssuer("crossroom:guests")
      .setExpirationTime(NOW_SECONDS + 3_600);
    expect(signOwnToken(ownKey, "guests", { ...facts, claims: given })).to.equal(
      await byJose.sign(ownKey.secret),
    );
  });

  it("is verified at once", () => {
    expect(verify(token)).to.include({ ok: true, backing: "operator", user: "ada", tokenId: "t1" });
  });

  it("is taken in other spellings too, by way of jose", async () => {
    for (const head of [{ kid: ownKey.id }, { kid: ownKey.id, typ: "JWT" }, { ...header, extra: 1 }]) {
      const other = await signedByJose(JSON.stringify(claims), head);
      expect(signedPayload(ownKey, other)).to.be.undefined;
      expect(await verify(other)).to.deep.equal(verify(token));
    }
  });

  it("is never taken where jose refuses it, however it was mangled", async () => {
    await fc.assert(
      fc.asyncProperty(mangled(token), async (text) => {
        const payload = signedPayload(ownKey, text);
        if (payload !== undefined) expect(text).to.equal(token);
        const verified = await verify(text);
        if (verified.ok) expect(await readByJose(text)).to.deep.equal(verified.claims);
      }),
      { numRuns: 2_000 },
    );
  });

  it("says the same, whatever its claims are and whoever verifies it", async () => {
    const claim = fc.oneof(
      fc.constantFrom(NOW_SECONDS - 6, NOW_SECONDS - 5, NOW_SECONDS, NOW_SECONDS + 5, NOW_SECONDS + 6, NOW),
      fc.constantFrom("crossroom", "crossroom:guests", "crossroom:demo", ["crossroom:demo"]),
      fc.jsonValue(),
    );
    const names = fc.constantFrom(
      "sub",
      "jti",
      "iat",
      "exp",
      "nbf",
      "iss",
      "aud",
      "stamp",
      "__proto__",
      "then",
    );
    const payload = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.dictionary(names, claim).map((more) => JSON.stringify({ ...claims, ...more })),
      },
      fc.json(),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(payload, async (text) => {
        const here = await signedByJose(text, { typ: "JWT", kid: ownKey.id });
        const there = await signedByJose(text, { kid: ownKey.id, typ: "JWT" });
        expect([signedPayload(ownKey, here), signedPayload(ownKey, there)]).to.deep.equal([
          here.split(".")[1],
          undefined,
        ]);
        expect(await verify(here)).to.deep.equal(await verify(there));
      }),
      { numRuns: 300 },
    );
  });

  it("is not signed, nor read, with a key that has no bytes", () => {
    const empty = { secret: new Uint8Array(), id: ownKey.id };
    expect(() => signClaims(empty, claims)).to.throw(TypeError, "must not be empty");
    expect(() => signedPayload(empty, token)).to.throw(TypeError, "must not be empty");
  });
});
