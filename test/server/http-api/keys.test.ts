import { expect } from "chai";
import { SCOPES, type Scope, type Self } from "../../../server/index.js";
import { secretSource } from "../../../server/auth/keys.js";
import { NOW, SECRET, token } from "../auth/support/tokens.js";
import { PROTOCOLS } from "../support/clients.js";
import { startRooms } from "../support/server.js";
import { Api, type Asked } from "./support/api.js";

/** A request for each scope that one needs. */
const NEEDED: [Scope, path: string, Asked][] = [
  ["publish", "/rooms/order-1/messages", { body: { data: 1 } }],
  ["publish", "/rooms/order-1/signals", { body: { data: 1 } }],
  ["publish", "/users/ada/inbox", { body: { data: 1 } }],
  ["publish", "/batch", { body: { operations: [{ op: "signal", room: "order-1", data: 1 }] } }],
  ["read", "/rooms/order-1/messages", {}],
  ["read", "/rooms/order-1", {}],
  ["read", "/rooms/order-1/members", {}],
  ["read", "/rooms", {}],
  ["read", "/users/ada/inbox", {}],
  ["read", "/users/ada/connections", {}],
  ["read", "/connections", {}],
  ["moderate", "/rooms/order-1/messages", { method: "DELETE" }],
  ["moderate", "/rooms/order-1/members/ada", { method: "DELETE" }],
  ["moderate", "/users/ada/connections", { method: "DELETE" }],
  ["tokens", "/revocations", { body: { user: "ada" } }],
];

describe("keys of the HTTP API", () => {
  let api: Api;
  beforeEach(async () => {
    api = await Api.start({ tokens: { keys: [secretSource(SECRET, "")] }, now: () => NOW + 500 });
  });
  afterEach(() => api.close());

  for (const [scope, path, asked] of NEEDED) {
    it(`${asked.method ?? (asked.body === undefined ? "GET" : "POST")} ${path} needs the scope ${scope}, and no other`, async () => {
      const { status } = await api.ask(path, { ...asked, key: api.key([scope]) });
      expect(status).to.be.within(200, 204);
      const others = SCOPES.filter((one) => one !== scope);
      const refused = await api.ask(path, { ...asked, key: api.key(others) });
      expect(refused.status).to.equal(403);
      expect(refused.body["code"]).to.equal("forbidden");
      expect(refused.body["detail"]).to.include(`the scope ${scope};`);
      expect(refused.headers.get("www-authenticate")).to.include(`scope="${scope}"`);
    });
  }

  it("need the scope publish:as to send in somebody's name, in a batch too", async () => {
    const key = api.key(["publish"]);
    const body = { data: 1, as: { user: "ada" } };
    for (const path of ["/rooms/r/messages", "/rooms/r/signals", "/users/ben/inbox"]) {
      expect(await api.refusal(path, { body, key })).to.equal("403 forbidden");
      expect(await api.refusal(path, { body, key: api.key(["publish", "publish:as"]) })).to.match(/^20[14]$/);
    }
    const operations = [
      { op: "publish", room: "r", ...body },
      { op: "publish", room: "r", data: 2 },
    ];
    const { status, body: answer } = await api.ask("/batch", { body: { operations }, key });
    expect(status).to.equal(207);
    expect(answer["results"]).to.have.nested.property("[0].problem.code", "forbidden");
    expect(answer["results"]).to.have.nested.property("[1].status", 201);
  });

  it("that are for some rooms reach these, and nothing that is not a room's", async () => {
    const key = api.key(SCOPES, { rooms: ["order-*", "news"] });
    const ask = (path: string, asked: Asked = {}) => api.refusal(path, { ...asked, key });
    expect(await ask("/rooms/order-7/messages", { body: { data: 1 } })).to.equal("201");
    expect(await ask("/rooms/news")).to.equal("200");
    for (const path of [
      "/rooms/newsroom",
      "/rooms/other/messages",
      "/rooms/other/members",
      "/rooms/xorder-1",
    ]) {
      const refused = await api.ask(path, { key });
      expect(refused.status, path).to.equal(403);
      expect(refused.body["detail"]).to.include("order-*, news");
    }
    for (const path of [
      "/users/ada/inbox",
      "/users/ada/connections",
      "/connections",
      "/connections?room=news",
    ]) {
      expect(await ask(path), path).to.equal("403 forbidden");
    }
    expect(await ask("/revocations", { body: { user: "ada" } })).to.equal("403 forbidden");
    expect(await ask("/rooms")).to.equal("403 forbidden");
    expect(await ask("/rooms?prefix=ord")).to.equal("403 forbidden");
    expect(await ask("/rooms?prefix=order-")).to.equal("200");
    expect(await ask("/rooms?prefix=order-7")).to.equal("200");
    expect(await ask("/rooms?prefix=order-*")).to.equal("200");
    for (const prefix of ["*", "\\", "{", "*".repeat(128), "order-".slice(0, -1)]) {
      expect(await ask(`/rooms?prefix=${encodeURIComponent(prefix)}`), prefix).to.equal("403 forbidden");
    }
    const operations = [
      { op: "publish", rooms: ["order-1", "other"], data: 1 },
      { op: "send", user: "ada", data: 1 },
      { op: "signal", room: "other", data: 1 },
    ];
    const { body } = await api.ask("/batch", { key, body: { operations } });
    const [broadcast, ...others] = body["results"] as { status: number; results: { status: number }[] }[];
    expect(broadcast?.results.map(({ status }) => status)).to.deep.equal([201, 403]);
    expect([broadcast, ...others].map((one) => one?.status)).to.deep.equal([207, 403, 403]);
  });

  it("are good until they expire, or are taken away", async () => {
    const key = api.key(["read"], { expires: NOW + 501 });
    expect(await api.refusal("/info", { key })).to.equal("200");
    const expired = api.key(["read"], { expires: NOW + 500 });
    expect(await api.refusal("/info", { key: expired })).to.equal("401 token_expired");
    api.forget(key);
    expect(await api.refusal("/info", { key })).to.equal("401 unauthorized");
  });

  it("are refused with 401 and a challenge where there is none, or none like it", async () => {
    const none = await api.ask("/info", { key: null });
    expect(none.status).to.equal(401);
    expect(none.headers.get("www-authenticate")).to.equal("Bearer");
    const wrong = [
      `${api.all.slice(0, -1)}${api.all.endsWith("a") ? "b" : "a"}`,
      `${api.all}a`,
      api.all.slice(0, -1),
      `crk_000000000000_${"a".repeat(43)}`,
      "crk_",
      "nothing",
      "a.b.c",
      "eyJhbGciOiJub25lIn0.eyJjcm9zc3Jvb21fYXBpIjp7fX0.",
    ];
    for (const key of wrong) {
      const refused = await api.ask("/info", { key });
      expect(refused.status, key).to.equal(401);
      expect(refused.headers.get("www-authenticate")).to.equal('Bearer error="invalid_token"');
    }
    const basic = { authorization: `Basic ${Buffer.from(`key:${api.all}`).toString("base64")}` };
    expect(await api.refusal("/info", { key: null, headers: basic })).to.equal("401 unauthorized");
  });

  it("are refused in the URL, under every name, even good ones, and nothing is done", async () => {
    for (const name of ["key", "token", "access_token", "api_key", "API_KEY"]) {
      const path = `/rooms/url/messages?${name}=${api.all}`;
      const refused = await api.ask(path, { body: { data: 1 } });
      expect(refused.status).to.equal(400);
      expect(refused.body["detail"]).to.match(/must not be in the URL .* replace this one/);
      expect(JSON.stringify(refused.body)).not.to.include(api.all);
    }
    expect((await api.ask("/rooms/url")).body).to.have.nested.property("position.offset", 0);
  });

  it("that were refused are in the log by their ids, once, and then counted", async () => {
    await api.ask("/revocations", { body: { user: "ada" }, key: api.key(["read"]) });
    const [line] = api.lines;
    expect(line?.message).to.equal("the HTTP API refused a key");
    expect(line?.fields)
      .to.include({ code: "forbidden" })
      .and.to.have.property("key")
      .that.matches(/^[0-9a-f]{12}$/);
    await api.ask("/info", { key: "crk_0" });
    expect(api.lines).to.have.length(1);
    expect(JSON.stringify(api.lines)).not.to.include("crk_");
  });

  it("tell what they are good for", async () => {
    const key = api.key(["read", "publish"], { rooms: ["order-*"], expires: NOW + 9_000 });
    const { body } = await api.ask("/info", { key });
    expect(body).to.deep.include({
      name: "crossroom",
      time: NOW + 500,
      key: { id: key.slice(4, 16), scopes: ["read", "publish"], rooms: ["order-*"], expires: NOW + 9_000 },
    });
    expect(body).to.have.nested.property("limits.messageBytes", 65_536);
  });
});

describe("tokens for the HTTP API", () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ tokens: { keys: [secretSource(SECRET, "")] }, now: () => NOW + 500 });
  });
  after(() => api.close());

  const refusal = async (
    claims: Record<string, unknown>,
    path = "/info",
    asked: Asked = {},
  ): Promise<string> => api.refusal(path, { ...asked, key: await token(SECRET, claims) });

  it("are good for what their claim crossroom_api says", async () => {
    const claims = { crossroom_api: { scope: ["publish"], rooms: ["order-*"] } };
    expect(await refusal(claims, "/rooms/order-1/messages", { body: { data: 1 } })).to.equal("201");
    expect(await refusal(claims, "/rooms/other/messages", { body: { data: 1 } })).to.equal("403 forbidden");
    expect(await refusal(claims, "/rooms/order-1")).to.equal("403 forbidden");
  });

  it("with the claim crossroom_admin are good for everything", async () => {
    expect(await refusal({ crossroom_admin: true }, "/connections")).to.equal("200");
    for (const claim of ["true", 1, false]) {
      expect(await refusal({ crossroom_admin: claim }, "/connections")).to.equal("403 forbidden");
    }
  });

  it("are refused where the claim is missing or wrong, or the token is not good", async () => {
    const wrong = [
      {},
      { crossroom_api: true },
      { crossroom_api: {} },
      { crossroom_api: { scope: [] } },
      { crossroom_api: { scope: ["all"] } },
      { crossroom_api: { scope: ["read"], rooms: [] } },
      { crossroom_api: { scope: ["read"], rooms: ["{user}"] } },
      { crossroom_api: { scope: ["read"], rooms: Array.from({ length: 101 }, () => "a") } },
      { crossroom_api: { scope: ["read"], room: "a" } },
      { crossroom_api: { scope: ["all"] }, crossroom_admin: true },
    ];
    for (const claims of wrong)
      expect(await refusal(claims), JSON.stringify(claims)).to.equal("403 forbidden");
    const claims = { crossroom_api: { scope: ["read"] } };
    expect(await refusal({ ...claims, exp: 1 })).to.equal("401 token_expired");
    await api.ask("/revocations", { body: { tokenId: "gone" } });
    expect(await refusal({ ...claims, jti: "gone" })).to.equal("401 token_revoked");
    const other = await token("x".repeat(32), claims);
    expect(await api.refusal("/info", { key: other })).to.equal("401 unauthorized");
  });

  it("of guests are refused, and their guests go on", async () => {
    const visitor = PROTOCOLS.bridge.open(api.server.url);
    await visitor.enter();
    const { token: text = "", user } = visitor.self as Self;
    visitor.close();
    for (let times = 0; times < 3; times++) {
      expect(await api.refusal("/info", { key: text })).to.equal("403 forbidden");
    }
    const again = PROTOCOLS.bridge.open(api.server.url);
    await again.enter(undefined, { token: text });
    expect(again.self).to.have.property("user", user);
    again.close();
  });
});

describe("a server without a key", () => {
  it("answers only whether it lives and is ready, until there is one", async () => {
    const api = await Api.start();
    api.forget(api.all);
    expect(await api.refusal("/livez", { key: null })).to.equal("200");
    expect(await api.refusal("/readyz", { key: null })).to.equal("200");
    const off = await api.ask("/info");
    expect(off.status).to.equal(404);
    expect(off.body["detail"]).to.include("crossroom key create");
    expect(await api.refusal("/openapi.json")).to.equal("404 not_found");
    expect(await api.refusal("/nothing")).to.equal("404 not_found");
    const key = api.key(["read"]);
    expect(await api.refusal("/info", { key })).to.equal("200");
    expect(await api.refusal("/openapi.json", { key: null })).to.equal("200");
    await api.close();
  });

  it("that was made without any answers the same", async () => {
    const server = await startRooms();
    const statusOf = async (path: string): Promise<number> =>
      (await fetch(`${server.url}/crossroom/v1${path}`)).status;
    expect(await statusOf("/livez")).to.equal(200);
    expect(await statusOf("/readyz")).to.equal(200);
    const response = await fetch(`${server.url}/crossroom/v1/rooms/r/messages`, { method: "POST" });
    expect(response.status).to.equal(404);
    expect(response.headers.get("content-type")).to.equal("application/problem+json");
    await server.close();
  });
});
