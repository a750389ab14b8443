import { expect } from "chai";
import { decodeJwt } from "jose";
import { secretSource } from "../../../server/auth/keys.js";
import { newOwnKey } from "../../../server/auth/own-key.js";
import { signOwnToken } from "../../../server/auth/issue.js";
import type { AuthOutcome } from "../../../server/auth/authenticate.js";
import { authenticator, errorOf, identityOf, NOW, SECRET, token } from "./support/tokens.js";

const DAY = 24 * 60 * 60 * 1_000;

describe("a guest", () => {
  const ownKey = newOwnKey();
  const options = { guests: true, ownKey };
  const authenticate = authenticator(options);

  /** The token that a verdict has for a guest. */
  function tokenOf(verdict: AuthOutcome): string {
    if (!verdict.ok || verdict.token === undefined) throw new Error(`no token: ${JSON.stringify(verdict)}`);
    return verdict.token;
  }

  it("is who shows no token, under a new id each time, with no claims", async () => {
    const first = identityOf(await authenticate({ auth: {} }));
    const second = identityOf(await authenticate({ auth: "anything" }));
    expect(first.user).to.match(/^guest-[0-9a-f]{16}$/);
    expect(first.user).not.to.equal(second.user);
    expect(first).to.include({ guest: true }).and.to.have.deep.property("claims", {});
    expect(first).not.to.have.property("expiresAt");
  });

  it("has the name of auth, or one that the server makes up", async () => {
    expect(identityOf(await authenticate({ auth: { name: " Ada " } })).name).to.equal("Ada");
    expect(identityOf(await authenticate({ auth: { name: null } })).name).to.match(/^Guest [0-9a-f]{4}$/);
  });

  for (const [name, message] of [
    ["", "auth.name must not be empty"],
    [7, "auth.name must be a string"],
    ["x".repeat(65), "auth.name must have at most 64 characters"],
  ] as const) {
    it(`is refused where the name is wrong: ${message}`, async () => {
      expect(errorOf(await authenticate({ auth: { name } }))).to.equal(`invalid_argument: ${message}`);
    });
  }

  it("comes back as the same with the token that they were given, after a restart too", async () => {
    const first = await authenticate({ auth: {} });
    const again = await authenticator(options)({ auth: { token: tokenOf(first), name: "Ada" } });
    expect(identityOf(again)).to.include({ user: identityOf(first).user, name: "Ada", guest: true });
    expect(identityOf(again)).to.have.deep.property("claims", {});
  });

  it("gets a token that is good for 30 days from the last time", async () => {
    let now = NOW;
    const clocked = authenticator({ ...options, now: () => now });
    const first = await clocked({ auth: {} });
    now += 30 * DAY - 1_000;
    const second = await clocked({ auth: { token: tokenOf(first) } });
    now += 30 * DAY - 1_000;
    expect(identityOf(await clocked({ auth: { token: tokenOf(second) } })).user).to.equal(
      identityOf(first).user,
    );
    expect(errorOf(await clocked({ auth: { token: tokenOf(first) } }))).to.match(/^token_expired: /);
    expect(decodeJwt(tokenOf(first))).to.include({ iss: "crossroom:guests", iat: NOW / 1_000 });
  });

  it("can be revoked by the id of the token that they were given", async () => {
    const first = await authenticate({ auth: {} });
    const { tokenId } = identityOf(first);
    const revocations = { has: ({ id }: { id?: string }) => id === tokenId };
    const revoking = authenticator({ ...options, revocations });
    expect(errorOf(await revoking({ auth: { token: tokenOf(first) } }))).to.match(/^token_revoked: /);
  });

  it("is refused where the server takes none, with a token from other times as well", async () => {
    const closed = authenticator({ ownKey });
    expect(errorOf(await closed({ auth: {} }))).to.match(
      /^unauthorized: The token is not valid, or there is none/,
    );
    const held = tokenOf(await authenticate({ auth: {} }));
    expect(errorOf(await closed({ auth: { token: held } }))).to.include("takes no guests");
  });

  it("is taken where the operator's keys are others", async () => {
    const keyed = authenticator({ ...options, keys: [secretSource(SECRET, "JWT_SECRET")] });
    const first = await keyed({ auth: {} });
    expect(identityOf(await keyed({ auth: { token: tokenOf(first) } })).user).to.equal(
      identityOf(first).user,
    );
  });

  it("cannot be impersonated by a token of somebody else's", async () => {
    const keyed = authenticator({ ...options, keys: [secretSource(SECRET, "JWT_SECRET")] });
    const { user } = identityOf(await keyed({ auth: {} }));
    const forged = await token(SECRET, { sub: user });
    expect(errorOf(await keyed({ auth: { token: forged } }))).to.include(`${user} is a guest's`);
    const posing = await token(SECRET, { sub: user, iss: "crossroom:guests" });
    expect(errorOf(await keyed({ auth: { token: posing } }))).to.include("is a guest's");
  });
});

describe("a visitor of the demo", () => {
  const ownKey = newOwnKey();
  const demoToken = () =>
    signOwnToken(ownKey, "demo", {
      user: "demo-ada",
      id: "d1",
      name: "Ada",
      issuedAt: NOW,
      expiresAt: NOW + DAY,
    });

  it("has an id and a name, and is a guest to all rules", async () => {
    const verdict = await authenticator({ ownKey, guests: true, demo: true })({
      auth: { token: demoToken() },
    });
    expect(identityOf(verdict)).to.deep.include({ user: "demo-ada", name: "Ada", guest: true, claims: {} });
  });

  it("is refused where there is no demo, or are no guests", async () => {
    for (const options of [
      { guests: true, demo: false },
      { guests: false, demo: true },
    ]) {
      const verdict = await authenticator({ ownKey, ...options })({ auth: { token: demoToken() } });
      expect(errorOf(verdict)).to.include("takes no visitors of a demo");
    }
  });

  it("cannot be taken for a user of the operator's, who must have other ids while there is a demo", async () => {
    const keys = [secretSource(SECRET, "JWT_SECRET")];
    const text = await token(SECRET, { sub: "demo-ada" });
    const open = authenticator({ keys, guests: true, demo: true });
    expect(errorOf(await open({ auth: { token: text } }))).to.include("turn the demo off");
    const without = authenticator({ keys, guests: true, demo: false });
    expect(identityOf(await without({ auth: { token: text } })).user).to.equal("demo-ada");
  });
});
