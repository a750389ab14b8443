import { expect } from "chai";
import { randomBytes } from "node:crypto";
import { newApiKey, secretSource, type ApiKey, type Scope } from "../../../server/index.js";
import { NOW, SECRET, token } from "../auth/support/tokens.js";
import { startRooms, type Running } from "../support/server.js";

describe("GET /metrics", () => {
  let server: Running;
  const keys: ApiKey[] = [];
  before(async () => {
    server = await startRooms({
      ...{ tokens: { keys: [secretSource(SECRET, "")] }, now: () => NOW },
      apiKeys: { all: () => keys },
    });
  });
  after(() => server.close());

  async function ask(claims?: Record<string, unknown>, method = "GET", path = "/metrics"): Promise<Response> {
    const headers =
      claims === undefined ? undefined : { authorization: `Bearer ${await token(SECRET, claims)}` };
    return fetch(server.url + path, { method, ...(headers && { headers }) });
  }

  it("answers an operator's token with what metrics() gives, as its content type says", async () => {
    const response = await ask({ crossroom_admin: true });
    expect(response.status).to.equal(200);
    expect(response.headers.get("content-type")).to.equal(server.metricsContentType);
    expect(server.metricsContentType).to.equal("text/plain; version=0.0.4; charset=utf-8");
    expect(response.headers.get("cache-control")).to.equal("no-store");
    const text = await response.text();
    const names = (all: string): string[] => all.match(/^# TYPE .*$/gm) ?? [];
    expect(names(text))
      .to.have.length.above(20)
      .and.to.deep.equal(names(await server.metrics()));
  });

  it("answers 401 without a good token, and says which kind it wants", async () => {
    const response = await ask();
    expect(response.status).to.equal(401);
    expect(response.headers.get("www-authenticate")).to.equal("Bearer");
    expect(await response.json()).to.have.nested.property("error.code", "unauthorized");
  });

  it("answers 403 to a token without the claim, and to one that has it as a text", async () => {
    for (const claims of [{}, { crossroom_admin: "true" }]) {
      const response = await ask(claims);
      expect(response.status).to.equal(403);
      expect(await response.text()).not.to.include("crossroom_connections");
    }
  });

  it("answers a key with the scope ops, at the path beside an application too; and no other key", async () => {
    const statusOf = async (scopes: Scope[], more: Partial<ApiKey> = {}): Promise<number[]> => {
      const { text, key } = newApiKey({ scopes, created: 0, ...more }, randomBytes);
      keys.push(key);
      const headers = { authorization: `Bearer ${text}` };
      const paths = ["/metrics", "/crossroom/metrics"];
      return Promise.all(paths.map(async (path) => (await fetch(server.url + path, { headers })).status));
    };
    expect(await statusOf(["ops"])).to.deep.equal([200, 200]);
    expect(await statusOf(["publish", "read"])).to.deep.equal([403, 403]);
    expect(await statusOf(["ops"], { expires: NOW })).to.deep.equal([401, 401]);
    const unknown = {
      authorization: `Bearer ${newApiKey({ scopes: ["ops"], created: 0 }, randomBytes).text}`,
    };
    expect((await fetch(`${server.url}/metrics`, { headers: unknown })).status).to.equal(401);
  });

  it("takes no token from the URL", async () => {
    const inUrl = `/metrics?token=${await token(SECRET, { crossroom_admin: true })}`;
    expect((await ask(undefined, "GET", inUrl)).status).to.equal(401);
  });

  it("answers 405 to other methods", async () => {
    const response = await ask({ crossroom_admin: true }, "POST");
    expect(response.status).to.equal(405);
    expect(response.headers.get("allow")).to.equal("GET");
  });
});
