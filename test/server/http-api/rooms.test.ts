import { expect } from "chai";
import type { RoomMessage } from "../../../server/index.js";
import { PROTOCOLS } from "../support/clients.js";
import { Api } from "./support/api.js";

describe("rooms over the HTTP API", () => {
  let api: Api;
  before(async () => {
    api = await Api.start();
  });
  after(() => api.close());

  const messagesIn = async (path: string): Promise<unknown[]> =>
    ((await api.ask(path)).body["messages"] as RoomMessage[]).map(({ data }) => data);

  it("publishes: 201 for what is new, with its position, and 200 for what had been published", async () => {
    const body = { data: { text: "hello" }, id: "o1" };
    const first = await api.ask("/rooms/once/messages", { body });
    expect(first.status).to.equal(201);
    expect(first.headers.get("content-type")).to.equal("application/json");
    expect(first.headers.get("cache-control")).to.equal("no-store");
    expect(first.body).to.have.keys("id", "position", "at", "duplicate");
    expect(first.body).to.include({ id: "o1", duplicate: false });
    const again = await api.ask("/rooms/once/messages", { body });
    expect(again.status).to.equal(200);
    expect(again.body).to.deep.equal({ ...first.body, duplicate: true });
    expect(await messagesIn("/rooms/once/messages")).to.deep.equal([{ text: "hello" }]);
  });

  it("takes the id from Idempotency-Key too, where the body has none or the same", async () => {
    const headers = { "idempotency-key": "o2" };
    const path = "/rooms/idempotent/messages";
    expect((await api.ask(path, { body: { data: 1 }, headers })).body).to.include({ id: "o2" });
    expect(await api.refusal(path, { body: { data: 1, id: "o2" }, headers })).to.equal("200");
    expect(await api.refusal(path, { body: { data: 1, id: "o3" }, headers })).to.equal(
      "400 invalid_argument",
    );
    for (const [where, body] of [
      ["/batch", { operations: [{ op: "signal", room: "r", data: 1 }] }],
      ["/rooms/r/signals", { data: 1 }],
    ] as const) {
      const refused = await api.ask(where, { body, headers });
      expect(refused.status, where).to.equal(400);
      expect(refused.body["detail"]).to.match(/Idempotency-Key has no meaning here/);
    }
  });

  it("has who is in the room hear of it, from the server or from whom it was sent as", async () => {
    const client = PROTOCOLS.bridge.open(api.server.url);
    await client.enter();
    await client.join("heard");
    await api.ask("/rooms/heard/messages", { body: { data: 1 } });
    expect(await client.event("message")).to.deep.include({
      data: 1,
      from: { user: "server", name: "server", sid: "server", transport: "server" },
    });
    await api.ask("/rooms/heard/messages", { body: { data: 2, as: { user: "ada", name: "Ada" } } });
    expect(await client.event("message")).to.have.nested.property("from.name", "Ada");
    expect((await api.ask("/rooms/heard/signals", { body: { data: { typing: true } } })).status).to.equal(
      204,
    );
    expect(await client.event("signal")).to.deep.include({ room: "heard", data: { typing: true } });
    client.close();
  });

  it("reads a log by pages, forward after a position and backward before one", async () => {
    for (const data of [1, 2, 3, 4]) await api.ask("/rooms/log/messages", { body: { data } });
    const newest = await api.ask("/rooms/log/messages?limit=3");
    expect((newest.body["messages"] as RoomMessage[]).map(({ data }) => data)).to.deep.equal([2, 3, 4]);
    expect(newest.body["more"]).to.equal(true);
    const { epoch } = newest.body["position"] as RoomMessage["position"];
    expect(await messagesIn(`/rooms/log/messages?after=${epoch}:1&limit=2`)).to.deep.equal([2, 3]);
    expect(await messagesIn(`/rooms/log/messages?before=${epoch}:2`)).to.deep.equal([1]);
    expect(await api.refusal("/rooms/log/messages?after=other:1")).to.equal("404 unknown_position");
    for (const wrong of ["1", `${epoch}:`, `${epoch}:-1`, `${epoch}:1.0`, ":1", `${epoch}:1 `, ""]) {
      const path = `/rooms/log/messages?after=${encodeURIComponent(wrong)}`;
      expect(await api.refusal(path), wrong).to.equal("400 invalid_argument");
    }
    const both = `/rooms/log/messages?after=${epoch}:1&before=${epoch}:2`;
    expect(await api.refusal(both)).to.equal("400 invalid_argument");
  });

  it("drops messages up to an offset, or all", async () => {
    for (const data of [1, 2, 3]) await api.ask("/rooms/cleared/messages", { body: { data } });
    const clear = (query: string) => api.refusal(`/rooms/cleared/messages${query}`, { method: "DELETE" });
    expect(await clear("?through=2")).to.equal("204");
    expect(await messagesIn("/rooms/cleared/messages")).to.deep.equal([3]);
    expect(await clear("")).to.equal("204");
    expect(await messagesIn("/rooms/cleared/messages")).to.deep.equal([]);
  });

  it("lists rooms, and tells of one, and of one that nobody has used", async () => {
    await api.ask("/rooms/list%2Fa/messages", { body: { data: 1 } });
    await api.ask("/rooms/list%2Fb/messages", { body: { data: 1 } });
    const page = await api.ask("/rooms?prefix=list%2F&limit=1");
    expect(page.body).to.deep.include({ more: true });
    const [first] = page.body["rooms"] as { room: string; position: object }[];
    expect(first).to.deep.include({ room: "list/a", members: 0, first: 1 });
    const next = await api.ask(`/rooms?prefix=list%2F&after=list%2Fa`);
    expect(next.body).to.have.nested.property("rooms[0].room", "list/b");
    expect((await api.ask("/rooms/list%2Fa")).body).to.deep.equal(first);
    expect((await api.ask("/rooms?live=true&prefix=list")).body).to.deep.equal({ rooms: [], more: false });
    expect((await api.ask("/rooms/unused")).body).to.deep.include({ room: "unused", members: 0, first: 1 });
  });

  it("tells who is in a room, and has somebody leave it", async () => {
    const client = PROTOCOLS.websocket.open(api.server.url);
    await client.enter(undefined, { name: "Ada" });
    await client.join("present");
    const { user } = client.self as { user: string };
    const { body } = await api.ask("/rooms/present/members");
    expect(body).to.deep.include({ room: "present", count: 1, more: false });
    expect(body).to.have.nested.property("members[0].name", "Ada");
    const kick = await api.ask(`/rooms/present/members/${user}`, { method: "DELETE" });
    expect(kick.body).to.deep.equal({ connections: 1 });
    expect((await api.ask("/rooms/present/members")).body).to.include({ count: 0 });
    const again = await api.ask(`/rooms/present/members/${user}`, { method: "DELETE" });
    expect(again.body).to.deep.equal({ connections: 0 });
    client.close();
  });

  for (const name of ["a/b", "100%", "%2F", "ä😀", "a b+c", "x?y#z", "constructor", "__proto__", "a:b@c;d"]) {
    it(`has a room that is named ${name}`, async () => {
      const path = `/rooms/${encodeURIComponent(name)}/messages`;
      expect((await api.ask(path, { body: { data: 1 } })).status).to.equal(201);
      expect((await api.ask(path)).body).to.have.nested.property("messages[0].room", name);
    });
  }
});
