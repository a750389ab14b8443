import { expect } from "chai";
import { decodeJwt } from "jose";
import { demoUser } from "../../../server/demo/sign-in.js";
import { PROTOCOLS } from "../support/clients.js";
import { startRooms, type Running } from "../support/server.js";

describe("the sign-in of the demo", () => {
  let server: Running;
  before(async () => {
    server = await startRooms({ demo: true });
  });
  after(() => server.close());

  const signIn = (body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${server.url}/demo/sign-in`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });

  it("gives a token for a day, under the user of a name", async () => {
    const response = await signIn(
      { name: " Ada L. " },
      { origin: server.url, "sec-fetch-site": "same-origin" },
    );
    expect(response.status).to.equal(200);
    const { token } = (await response.json()) as { token: string };
    const { exp = 0, iat = 0 } = decodeJwt(token);
    expect(exp - iat).to.equal(24 * 60 * 60);
    const client = PROTOCOLS.bridge.open(server.url);
    await client.enter(undefined, { token });
    expect(client.self).to.include({ user: "demo-ada-l", name: "Ada L.", guest: true });
    client.close();
  });

  for (const [name, user] of [
    ["Ada", "demo-ada"],
    ["  ada   LOVELACE ", "demo-ada-lovelace"],
    ["Zoë-3", "demo-zoë-3"],
    ["李 雷", "demo-李-雷"],
  ] as const) {
    it(`makes ${JSON.stringify(name)} the user ${user}`, () => expect(demoUser(name)).to.equal(user));
  }

  it("gives names without a letter, and names that become long, users of their own", () => {
    expect(demoUser("🐈"))
      .to.match(/^demo-[0-9a-f]{16}$/)
      .and.not.equal(demoUser("🐕"));
    expect(demoUser("ﷺ".repeat(64))).to.match(/^demo-[0-9a-f]{16}$/);
  });

  it("is for the page of this server alone", async () => {
    for (const headers of [
      { origin: "https://evil.example" },
      { origin: "null" },
      { "sec-fetch-site": "cross-site" },
      { origin: server.url, "sec-fetch-site": "same-site" },
    ] as Record<string, string>[]) {
      const response = await signIn({ name: "Ada" }, headers);
      expect(response.status, JSON.stringify(headers)).to.equal(403);
      expect(await response.json()).to.have.nested.property("error.code", "forbidden");
    }
    expect((await signIn({ name: "Ada" }, { "content-type": "text/plain" })).status).to.equal(415);
  });

  it("says what is wrong with a name", async () => {
    for (const [body, message] of [
      [{ name: "" }, "body.name must not be empty."],
      [{}, "body.name must be a string."],
    ] as const) {
      const response = await signIn(body);
      expect(response.status).to.equal(400);
      expect(await response.json()).to.have.nested.property("error.message", message);
    }
    expect((await fetch(`${server.url}/demo/sign-in`)).status).to.equal(405);
  });

  it("is not there without the demo", async () => {
    const plain = await startRooms();
    const response = await fetch(`${plain.url}/demo/sign-in`, { method: "POST" });
    expect(response.status).to.be.oneOf([404, 405]);
    await plain.close();
  });
});
