import { expect } from "chai";
import { io } from "socket.io-client";
import { API_ERRORS, apiError, type Published } from "../../server/index.js";
import { PROTOCOLS, type Protocol, type TestClient } from "./support/clients.js";
import { startRooms, type Running } from "./support/server.js";

const ok = { ok: true };

for (const transport of Object.keys(PROTOCOLS) as Protocol[]) {
  const { title, open } = PROTOCOLS[transport];

  describe(`the room API over ${title}`, () => {
    let server: Running;
    let clients: TestClient[];

    const enter = async (name?: string): Promise<TestClient & { sid: string }> => {
      const client = open(server.url);
      clients.push(client);
      const sid = await client.enter(name);
      return Object.assign(client, { sid });
    };
    const enterRoom = async (name: string, room: string): Promise<TestClient & { sid: string }> => {
      const client = await enter(name);
      expect(await client.join(room)).to.include(ok);
      return client;
    };

    beforeEach(async () => {
      clients = [];
      server = await startRooms({ newId: () => "m", presenceGrace: 0 });
    });
    afterEach(async () => {
      for (const client of clients) {
        client.close();
        expect(client.frames.left).to.deep.equal([]);
      }
      await server.close();
    });

    it("sends a message to everybody in the room, the sender too, and to nobody else", async () => {
      const ada = await enterRoom("Ada", "r");
      const ben = await enterRoom("Ben", "r");
      const eve = await enterRoom("Eve", "elsewhere");
      await ada.event("presence");
      const answer = await ada.call("publish", { room: "r", data: [1, null] });
      expect(answer).to.deep.include({ ...ok, id: "m", duplicate: false });
      const { position, at } = answer as unknown as Published;
      const message = await ada.event("message");
      expect(message).to.deep.include({ room: "r", id: "m", position, data: [1, null], at });
      expect(message).to.have.property("from").that.includes({ name: "Ada", sid: ada.sid, transport });
      expect(await ben.event("message")).to.deep.equal(message);
      // What would have come to Eve has come by the time that her own call is answered.
      expect(await eve.call("presence", { room: "elsewhere" })).to.include(ok);
    });

    it("tells the others who comes and goes, on which transport", async () => {
      const ada = await enterRoom("Ada", "r");
      const ben = await enterRoom("Ben", "r");
      const user = ben.self?.user;
      const member = { user, name: "Ben", devices: [{ id: ben.sid, sid: ben.sid, transport }] };
      const came = { type: "join", member };
      expect(await ada.event("presence")).to.deep.equal({ room: "r", count: 2, changes: [came] });
      expect(await ben.call("leave", { room: "r" })).to.deep.equal(ok);
      const went = { type: "leave", member: { ...member, devices: [] } };
      expect(await ada.event("presence")).to.deep.equal({ room: "r", count: 1, changes: [went] });
    });

    it("takes a device that disconnects for one that has left, once its time is over", async () => {
      const ada = await enterRoom("Ada", "r");
      const ben = await enterRoom("Ben", "r");
      await ada.event("presence");
      ben.close();
      expect(await ada.event("presence")).to.have.nested.property("changes[0].type", "leave");
    });

    it("sends nothing of a room after it was left", async () => {
      const ada = await enterRoom("Ada", "r");
      const ben = await enterRoom("Ben", "r");
      await ada.event("presence");
      await ben.call("leave", { room: "r" });
      await ada.event("presence");
      await ada.call("publish", { room: "r", data: 1 });
      await ada.event("message");
      expect(await ben.call("presence", { room: "r" })).to.deep.equal({
        ok: false,
        error: apiError("not_joined"),
      });
    });

    it("does not let a room named after a socket overhear that socket", async () => {
      const ada = await enter("Ada");
      const eve = await enter("Eve");
      await eve.join(ada.sid);
      server.io.to(ada.sid).emit("token_expiring", { expiresAt: 1 });
      expect(await ada.event("token_expiring")).to.deep.equal({ expiresAt: 1 });
      expect(await eve.call("presence", { room: ada.sid })).to.include(ok);
    });

    it("carries out a call that asks for no ack", async () => {
      const ada = await enterRoom("Ada", "r");
      ada.send({ type: "event", event: "publish", args: [{ room: "r", data: "quiet" }] });
      expect(await ada.event("message")).to.include({ data: "quiet" });
      ada.send({ type: "event", event: "publish", args: [{ room: "not joined", data: "lost" }] });
      ada.send({ type: "event", event: "join" });
      expect(await ada.call("presence", { room: "r" })).to.include(ok);
    });

    it("delivers data as it was sent", async () => {
      const ada = await enterRoom("Ada", "r");
      for (const data of [null, 0, "", false, "\u0000 \u2028 😀", [[]], { a: { type: "event" } }]) {
        await ada.call("publish", { room: "r", data });
        expect(await ada.event("message")).to.deep.include({ data });
      }
    });

    it("drops white space around a name, and makes one up where there is none", async () => {
      const ada = await enter(`${" ".repeat(64)}Ada `);
      await ada.join("r");
      const guest = await enter();
      await guest.join("r");
      expect(await ada.event("presence"))
        .to.have.nested.property("changes[0].member.name")
        .that.matches(/^Guest \w{4}$/);
      expect(await ada.call("presence", { room: "r" })).to.have.nested.property("members[0].name", "Ada");
    });

    for (const [what, name] of Object.entries({
      "is empty": " ",
      "is too long": "x".repeat(65),
      "has a control character": "a\nb",
      "is not a string": 7,
      "has half a surrogate pair": "\ud800",
    })) {
      it(`refuses a name that ${what}`, async () => {
        const client = open(server.url);
        clients.push(client);
        client.send({ type: "connect", auth: { name } });
        const refusal = await client.frames.next();
        expect(refusal).to.have.property("type", "connect_error");
        expect(refusal).to.have.nested.property("data.code", "invalid_argument");
      });
    }

    const deep = (levels: number): unknown => {
      let value: unknown = 0;
      for (let i = 0; i < levels; i++) value = [value];
      return value;
    };

    it("takes data that is nested 100 deep", async () => {
      const ada = await enterRoom("Ada", "r");
      expect(await ada.call("publish", { room: "r", data: deep(100) })).to.include(ok);
      expect(await ada.event("message")).to.deep.include({ data: deep(100) });
    });

    const wrong: [string, string, ...unknown[]][] = [
      ["no argument", "join"],
      ["null", "join", null],
      ["a string", "join", "lobby"],
      ["an array", "leave", []],
      ["no room", "publish", { data: 1 }],
      ["no data", "publish", { room: "r" }],
      ["a room that is a number", "join", { room: 1 }],
      ["an empty room", "join", { room: "" }],
      ["a room that is too long", "join", { room: "x".repeat(129) }],
      ["a room with a control character", "presence", { room: "a\u0000" }],
      ["data that is nested too deeply", "publish", { room: "r", data: deep(101) }],
    ];
    for (const [what, event, ...args] of wrong) {
      it(`answers ${event} with ${what} with invalid_argument`, async () => {
        const ada = await enterRoom("Ada", "r");
        const answer = await ada.call(event, ...args);
        expect(answer).to.have.nested.property("error.code", "invalid_argument");
        expect(answer)
          .to.have.nested.property("error.message")
          .that.matches(/^(join|leave|publish|presence|history|send|inbox|refresh|signal)/);
      });
    }
  });
}

describe("the room API across protocols", () => {
  it("is one room", async () => {
    const server = await startRooms();
    const web = PROTOCOLS.websocket.open(server.url);
    const native = PROTOCOLS.bridge.open(server.url);
    await web.enter("Web");
    await native.enter("Native");
    await web.join("r");
    const joined = await native.join("r");
    expect(joined).to.have.nested.property("members[0].devices[0].transport", "websocket");
    expect(joined).to.have.nested.property("members[1].devices[0].transport", "bridge");
    await web.event("presence");
    for (const [sender, data] of [
      [web, "from the web"],
      [native, "from native"],
    ] as const) {
      await sender.call("publish", { room: "r", data });
      expect(await web.event("message")).to.include({ data });
      expect(await native.event("message")).to.include({ data });
    }
    web.close();
    native.close();
    await server.close();
  });

  it("tells a room when Socket.IO has upgraded from polling", async () => {
    const server = await startRooms();
    const ada = PROTOCOLS.bridge.open(server.url);
    await ada.enter("Ada");
    await ada.join("r");
    const socket = io(server.url, { transports: ["polling", "websocket"], forceNew: true });
    socket.on("connect", () => socket.emit("join", { room: "r" }));
    // Whether the join is seen before the upgrade is up to the network; the last word is the same.
    let { member } = await ada.nextChange();
    if (member.devices[0]?.transport === "polling") ({ member } = await ada.nextChange());
    expect(member.devices).to.deep.equal([{ id: socket.id, sid: socket.id, transport: "websocket" }]);
    socket.disconnect();
    ada.close();
    await server.close();
  });

  it("refuses with internal when the authentication itself fails, and says nothing of why", async () => {
    const failures: string[] = [];
    const server = await startRooms({
      authenticate: () => Promise.reject(new Error("the directory is down")),
      log: {
        debug: () => undefined,
        warn: () => undefined,
        error: (_fields, message) => failures.push(message),
      },
    });
    const client = PROTOCOLS.bridge.open(server.url);
    client.send({ type: "connect" });
    const { message } = API_ERRORS.internal;
    expect(await client.frames.next()).to.deep.equal({
      type: "connect_error",
      message,
      data: apiError("internal"),
    });
    expect(failures).to.deep.equal(["authenticate failed"]);
    client.close();
    await server.close();
  });
});
