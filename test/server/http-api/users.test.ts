import { expect } from "chai";
import type { Self } from "../../../server/index.js";
import { secretSource } from "../../../server/auth/keys.js";
import { SECRET, token, NOW } from "../auth/support/tokens.js";
import { PROTOCOLS, type TestClient } from "../support/clients.js";
import { Api } from "./support/api.js";

describe("users over the HTTP API", () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ tokens: { keys: [secretSource(SECRET, "")] }, now: () => NOW + 500 });
  });
  after(() => api.close());

  async function enter(claims: object, device?: string): Promise<TestClient> {
    const client = PROTOCOLS.bridge.open(api.server.url);
    const text = await token(SECRET, { ...claims });
    await client.enter(undefined, { token: text, ...(device === undefined ? {} : { device }) });
    return client;
  }

  it("puts a message into an inbox, once for each id, and tells what waits there", async () => {
    const body = { data: "call me", id: "d1" };
    const first = await api.ask("/users/ben/inbox", { body });
    expect(first.status).to.equal(201);
    expect(first.body).to.deep.include({ id: "d1", duplicate: false });
    expect((await api.ask("/users/ben/inbox", { body })).status).to.equal(200);
    const { body: inbox } = await api.ask("/users/ben/inbox");
    expect(inbox).to.deep.include({ user: "ben", first: 1, devices: [] });
    expect(inbox).to.have.nested.property("position.offset", 1);
  });

  it("gives a receipt to the user that it was sent as, and to nobody else", async () => {
    const body = { data: 1, receipt: true };
    const refused = await api.ask("/users/ben/inbox", { body });
    expect(refused.status).to.equal(400);
    expect(refused.body["errors"]).to.have.nested.property("[0].field", "body.receipt");
    const sent = await api.ask("/users/ben/inbox", { body: { ...body, as: { user: "ada" } } });
    expect(sent.status).to.equal(201);
  });

  it("shows a user's connections, and those of a room, and closes them", async () => {
    const phone = await enter({ sub: "eve" }, "phone");
    const laptop = await enter({ sub: "eve" }, "laptop");
    await phone.join("shown");
    const { body } = await api.ask("/users/eve/connections");
    const { sid } = phone.self as Self;
    expect(body).to.deep.include({ more: false });
    const all = body["connections"] as { sid: string; device: string }[];
    expect(all.map(({ device }) => device)).to.have.members(["phone", "laptop"]);
    const one = all.find(({ device }) => device === "phone");
    expect(one).to.deep.include({ sid, user: "eve", transport: "bridge", rooms: ["shown"] });
    const first = await api.ask("/users/eve/connections?limit=1");
    expect(first.body).to.deep.equal({ connections: all.slice(0, 1), more: true });
    const rest = await api.ask(`/users/eve/connections?after=${all[0]?.sid ?? ""}`);
    expect(rest.body).to.deep.equal({ connections: all.slice(1), more: false });
    expect((await api.ask("/connections?room=shown")).body).to.deep.include({ connections: [one] });

    const gone = async (left: number): Promise<void> => {
      while ((await api.server.connections({ user: "eve" })).connections.length > left);
    };
    const close = async (query: string): Promise<unknown> =>
      (await api.ask(`/users/eve/connections${query}`, { method: "DELETE" })).body;
    expect(await close("?device=phone&reconnect=true")).to.deep.equal({ connections: 1 });
    await gone(1);
    expect(await close("")).to.deep.equal({ connections: 1 });
    await gone(0);
    for (const client of [phone, laptop]) client.close();
    expect(await close("")).to.deep.equal({ connections: 0 });
  });

  it("ends the sessions of a token, or of a user, that is revoked", async () => {
    const client = await enter({ sub: "mallory", jti: "t1" });
    expect(await api.refusal("/revocations", { body: { tokenId: "t1" } })).to.equal("204");
    expect(await client.event("session_end")).to.have.nested.property("error.code", "token_revoked");
    const other = await enter({ sub: "mallory", jti: "t2" });
    expect(await api.refusal("/revocations", { body: { user: "mallory" } })).to.equal("204");
    expect(await other.event("session_end")).to.have.nested.property("error.code", "token_revoked");
    for (const body of [{}, { user: "a", tokenId: "b" }, { user: "" }, []]) {
      expect(await api.refusal("/revocations", { body })).to.equal("400 invalid_argument");
    }
    client.close();
    other.close();
  });

  it("has one line of the log for each administrative act, with the key's id, and nothing that was sent", async () => {
    const from = api.lines.length;
    await api.ask("/rooms/r/messages", { body: { data: "a secret" } });
    await api.ask("/rooms/r/messages?through=1", { method: "DELETE" });
    await api.ask("/rooms/r/members/ada", { method: "DELETE" });
    await api.ask("/users/ada/connections?device=phone", { method: "DELETE" });
    await api.ask("/revocations", { body: { user: "ada" } });
    const key = api.all.slice(4, 16);
    expect(api.lines.slice(from).map(({ fields }) => fields)).to.deep.equal([
      { key, operation: "clear", room: "r", through: 1 },
      { key, operation: "kick", room: "r", user: "ada" },
      { key, operation: "disconnect", user: "ada", device: "phone" },
      { key, operation: "revoke", target: { user: "ada" } },
    ]);
    expect(JSON.stringify(api.lines)).not.to.include("secret").and.not.to.include(api.all);
  });
});
