import { expect } from "chai";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { secretSource } from "../../../server/auth/keys.js";
import { jsonHandler } from "../../../server/http/http-json.js";
import type { RoomMessage, Self } from "../../../server/index.js";
import { PROTOCOLS } from "../support/clients.js";
import { startRooms, type Running } from "../support/server.js";
import { NOW, SECRET, token } from "./support/tokens.js";

const keys = [secretSource(SECRET, "")];

describe("what the operator may do over HTTP", () => {
  let server: Running;
  beforeEach(async () => {
    server = await startRooms({ tokens: { keys }, now: () => NOW + 500 });
  });
  afterEach(() => server.close());

  async function ask(
    path: string,
    init: { body?: unknown; token?: string; method?: string; type?: string } = {},
  ) {
    const authorization = `Bearer ${init.token ?? (await token(SECRET, { sub: "ops", crossroom_admin: true }))}`;
    const text = typeof init.body === "string" ? init.body : JSON.stringify(init.body);
    const response = await fetch(server.url + path, {
      method: init.method ?? (init.body === undefined ? "GET" : "POST"),
      headers: {
        authorization,
        ...(init.body === undefined ? {} : { "content-type": init.type ?? "application/json" }),
      },
      ...(init.body === undefined ? {} : { body: text }),
    });
    return { response, status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  async function enter(text: string) {
    const client = PROTOCOLS.bridge.open(server.url);
    await client.enter(undefined, { token: text });
    return client;
  }

  it("shows rooms, with positions and members, and inboxes with their devices", async () => {
    const client = await enter(await token(SECRET));
    await client.join("empty");
    await client.join("lobby");
    await client.call("publish", { room: "lobby", data: "hello" });
    await client.event("message");
    await client.call("send", { to: "bob", data: 1 });
    const { status, body } = await ask("/admin/inspect");
    expect(status).to.equal(200);
    const [empty, lobby] = body["rooms"] as { position: { offset: number } }[];
    expect(empty).to.deep.include({ room: "empty", first: 1, members: 1 });
    expect(lobby).to.deep.include({ room: "lobby", first: 1, members: 1 });
    expect([empty?.position.offset, lobby?.position.offset]).to.deep.equal([0, 1]);
    expect(body["inboxes"]).to.have.length(1);
    expect(body["inboxes"]).to.have.nested.property("[0].user", "bob");
    const page = await ask("/admin/inspect?roomsAfter=empty&inboxesAfter=bob&limit=1");
    expect(page.body["rooms"]).to.deep.equal([lobby]);
    expect(page.body["inboxes"]).to.deep.equal([]);
    client.close();
  });

  it("shows one room, who is there, and its last messages", async () => {
    const client = await enter(await token(SECRET));
    await client.join("a room");
    for (const data of [1, 2, 3]) {
      await client.call("publish", { room: "a room", data });
      await client.event("message");
    }
    const { body } = await ask("/admin/inspect?room=a%20room&last=2");
    expect(body).to.include({ room: "a room", members: 1 });
    expect((body["messages"] as RoomMessage[]).map(({ data }) => data)).to.deep.equal([2, 3]);
    expect(body["present"]).to.have.nested.property("[0].user", "ada");
    client.close();
  });

  it("ends the sessions of a token that is revoked, and takes it no more", async () => {
    const text = await token(SECRET, { jti: "t1" });
    const [client, other] = [await enter(text), await enter(await token(SECRET, { jti: "t2" }))];
    expect((await ask("/admin/revoke", { body: { tokenId: "t1" } })).body).to.deep.equal({
      revoked: { type: "token", id: "t1" },
    });
    expect(await client.event("session_end")).to.have.nested.property("error.code", "token_revoked");
    const again = PROTOCOLS.bridge.open(server.url);
    again.send({ type: "connect", auth: { token: text } });
    expect(await again.frames.next()).to.have.nested.property("data.code", "token_revoked");
    expect(await other.join("lobby")).to.include({ ok: true });
    for (const one of [client, again, other]) one.close();
  });

  it("ends all of a user's sessions, and takes what was issued until then no more, this second included", async () => {
    const client = await enter(await token(SECRET));
    await ask("/admin/revoke", { body: { user: "ada" } });
    expect(await client.event("session_end")).to.have.nested.property("error.code", "token_revoked");
    const issued = async (iat: number) => {
      const again = PROTOCOLS.bridge.open(server.url);
      again.send({ type: "connect", auth: { token: await token(SECRET, { iat }) } });
      const { type } = await again.frames.next();
      again.close();
      return type;
    };
    expect(await issued(NOW / 1_000)).to.equal("connect_error");
    expect(await issued(NOW / 1_000 + 1)).to.equal("connected");
    client.close();
  });

  it("is for tokens that say so: 401 for none or a bad one, 403 for others", async () => {
    const none = await fetch(`${server.url}/admin/inspect`);
    expect(none.status).to.equal(401);
    expect(none.headers.get("www-authenticate")).to.equal("Bearer");
    expect(await none.json())
      .to.have.nested.property("error.message")
      .that.includes('"crossroom_admin" is true');
    const admin = await token(SECRET, { crossroom_admin: true });
    expect((await fetch(`${server.url}/admin/inspect?token=${admin}`)).status, "in the URL").to.equal(401);
    expect((await ask("/admin/inspect", { token: "bad" })).status).to.equal(401);
    const expired = await ask("/admin/inspect", {
      token: await token(SECRET, { exp: 1, crossroom_admin: true }),
    });
    expect(expired.status).to.equal(401);
    expect(expired.body).to.have.nested.property("error.code", "token_expired");
    for (const claims of [{}, { crossroom_admin: "true" }, { crossroom_admin: 1 }]) {
      const { status, body } = await ask("/admin/revoke", {
        token: await token(SECRET, claims),
        body: { user: "bob" },
      });
      expect(status).to.equal(403);
      expect(body).to.have.nested.property("error.code", "forbidden");
    }
    const visitor = PROTOCOLS.bridge.open(server.url);
    await visitor.enter();
    const { token: held } = visitor.self as Self;
    expect((await ask("/admin/inspect", { token: held ?? "" })).status, "a guest").to.equal(403);
    visitor.close();
  });

  const wrong: [
    title: string,
    path: string,
    init: Parameters<typeof ask>[1],
    status: number,
    message: RegExp,
  ][] = [
    ["an unknown path", "/admin/reboot", {}, 404, /There are \/admin\/inspect and \/admin\/revoke/],
    ["GET to revoke", "/admin/revoke", {}, 405, /Only POST/],
    ["POST to inspect", "/admin/inspect", { body: {} }, 405, /Only GET/],
    ["a body that is no JSON", "/admin/revoke", { body: "{" }, 400, /must be a JSON object/],
    ["a body that is a list", "/admin/revoke", { body: [] }, 400, /must be a JSON object/],
    [
      "a body of another type",
      "/admin/revoke",
      { body: "user=x", type: "text/plain" },
      415,
      /content-type: application\/json/,
    ],
    ["a large body", "/admin/revoke", { body: "x".repeat(20_000) }, 413, /at most 16384 bytes/],
    ["nothing to revoke", "/admin/revoke", { body: {} }, 400, /\{"tokenId": ID\} or \{"user": ID\}/],
    ["both to revoke", "/admin/revoke", { body: { tokenId: "a", user: "b" } }, 400, /one of them/],
    ["a wrong limit", "/admin/inspect?limit=0", {}, 400, /query\.limit/],
    ["an unknown parameter", "/admin/inspect?rom=x", {}, 400, /query/],
  ];
  for (const [title, path, init, status, message] of wrong) {
    it(`answers ${status} to ${title}, in JSON, and says what is wanted`, async () => {
      const answer = await ask(path, init);
      expect(answer.status).to.equal(status);
      expect(answer.response.headers.get("content-type")).to.equal("application/json");
      expect(answer.body).to.have.nested.property("error.message").that.matches(message);
    });
  }
});

describe("a handler that fails", () => {
  it("answers 500 and tells the log, not the client, why", async () => {
    const errors: unknown[] = [];
    const handler = jsonHandler(
      () => {
        throw new Error("the disk is on fire");
      },
      (error) => void errors.push(error),
    );
    const http = createServer((request, response) => void handler(request, response));
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const response = await fetch(url);
    expect(response.status).to.equal(500);
    expect(await response.text())
      .to.include("internal")
      .and.not.include("fire");
    expect(errors).to.have.nested.property("[0].message", "the disk is on fire");
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });
});
