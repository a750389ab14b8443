import { expect } from "chai";
import type { RoomsError } from "../../../server/index.js";
import { call, World } from "../../guarantees/world.js";
import { PROTOCOLS, type Protocol } from "../support/clients.js";

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "done",
    (error: unknown) => (error as RoomsError).code,
  );

describe("what a backend sees", () => {
  let world: World;
  beforeEach(async () => {
    world = await new World().start();
  });
  afterEach(() => world.stop());

  it("reads a room's history by pages, in both directions, without being in it", async () => {
    const { running } = world;
    const sent = await Promise.all([1, 2, 3, 4, 5].map((n) => running.publish("r", n)));
    const dataOf = async (...range: Parameters<typeof running.history>) => {
      const { messages, more } = await running.history(...range);
      return [messages.map(({ data }) => data), more];
    };
    expect(await dataOf("r", { limit: 2 })).to.deep.equal([[4, 5], true]);
    expect(await dataOf("r", { limit: 2, before: sent[3]?.position })).to.deep.equal([[2, 3], true]);
    expect(await dataOf("r", { limit: 9, after: sent[2]?.position })).to.deep.equal([[4, 5], false]);
    const { epoch = "" } = sent[0]?.position ?? {};
    expect(await codeOf(running.history("r", { after: { epoch: "other", offset: 1 } }))).to.equal(
      "unknown_position",
    );
    for (const range of [
      { limit: 0 },
      { limit: 501 },
      { after: { epoch, offset: -1 } },
      { from: 1 } as object,
    ])
      expect(await codeOf(running.history("r", range))).to.equal("invalid_argument");
    const both = { after: { epoch, offset: 1 }, before: { epoch, offset: 3 } };
    expect(await codeOf(running.history("r", both))).to.equal("invalid_argument");
  });

  it("lists rooms in the order of their names, by pages and by prefix, those too that nobody has published to", async () => {
    const { running } = world;
    for (const room of ["order-3", "order-1", "news"]) await running.publish(room, 1);
    await world.join("bridge", "order-2");
    const namesOf = async (options?: Parameters<typeof running.rooms>[0]) => {
      const { rooms, more } = await running.rooms(options);
      return [...rooms.map(({ room, members }) => `${room} ${members}`), ...(more ? ["more"] : [])];
    };
    expect(await namesOf()).to.deep.equal(["news 0", "order-1 0", "order-2 1", "order-3 0"]);
    expect(await namesOf({ prefix: "order-", limit: 2 })).to.deep.equal(["order-1 0", "order-2 1", "more"]);
    expect(await namesOf({ prefix: "order-", limit: 2, after: "order-2" })).to.deep.equal(["order-3 0"]);
    expect(await namesOf({ live: true })).to.deep.equal(["order-2 1"]);
    expect(await namesOf({ prefix: "x" })).to.deep.equal([]);
    const { position, first } = await running.room("news");
    expect([position.offset, first]).to.deep.equal([1, 1]);
    expect(await running.room("unused")).to.deep.include({ room: "unused", members: 0, first: 1 });
  });

  it("sees who is in a room, by pages; not where that is not kept", async () => {
    await world.stop();
    const roomSettings = (room: string) => ({
      ...{ maxMembers: 100, maxNames: 200, history: { count: 10, age: 1_000 } },
      presence: room !== "quiet",
    });
    world = await new World({ roomSettings }).start();
    for (const user of ["ada", "ben", "cyd"]) {
      await world.join("bridge", "r", { token: await world.token(user, { id: user }) });
    }
    const { running } = world;
    const page = await running.members("r", { limit: 2 });
    expect(page).to.deep.include({ room: "r", count: 3, more: true });
    expect(page.members.map(({ user }) => user)).to.deep.equal(["ada", "ben"]);
    const next = await running.members("r", { limit: 2, after: "ben" });
    expect(next.members.map(({ user }) => user)).to.deep.equal(["cyd"]);
    expect(await codeOf(running.members("quiet"))).to.equal("invalid_argument");
  });

  it("sees what waits for a user, and how far each device is", async () => {
    const { running } = world;
    await running.send("ada", 1);
    const ada = await world.enter("bridge", { token: await world.token("ada"), device: "phone" });
    await call(ada, "inbox", {});
    const { position } = (await ada.nextEvent("inbox")) as { position: { epoch: string; offset: number } };
    await call(ada, "inbox_ack", { position });
    await running.send("ada", 2);
    const { devices, first, position: last, user } = await running.inbox("ada");
    expect({ user, first, last: last.offset }).to.deep.equal({ user: "ada", first: 2, last: 2 });
    expect(devices.map(({ device, cursor }) => [device, cursor])).to.deep.equal([["phone", position]]);
    expect(Object.keys(devices[0] ?? {})).to.have.members(["device", "cursor", "seen"]);
  });

  for (const protocol of Object.keys(PROTOCOLS) as Protocol[]) {
    it(`sees the connections over ${PROTOCOLS[protocol].title}: whose, since when, in which rooms; and no token`, async () => {
      const { running } = world;
      const token = await world.token("ada", { claims: { secret: "s" } });
      const { client } = await world.join(protocol, "r", { token, device: "phone" });
      await world.enter(protocol, {});
      const { connections, more } = await running.connections({ user: "ada" });
      const [one] = connections;
      expect([connections.length, more]).to.deep.equal([1, false]);
      expect(one).to.deep.include({
        ...{ sid: client.self?.sid, user: "ada", name: "ada", guest: false, device: "phone" },
        ...{ transport: protocol, address: "127.0.0.1", rooms: ["r"] },
      });
      expect(one?.since).to.be.within(Date.now() - 60_000, Date.now());
      expect(JSON.stringify(one)).not.to.contain("secret");
      expect((await running.connections({ room: "r" })).connections).to.deep.equal(connections);
      const first = await running.connections({ limit: 1 });
      const after = first.connections[0]?.sid ?? "";
      const second = await running.connections({ limit: 1, after });
      expect([first.more, second.more]).to.deep.equal([true, false]);
      const users = [...first.connections, ...second.connections].map(({ guest, rooms }) => [guest, rooms]);
      expect(users).to.have.deep.members([
        [false, ["r"]],
        [true, []],
      ]);
      // A page can follow one whose last connection has gone.
      await running.disconnect({ sid: after });
      expect(await running.connections({ limit: 1, after })).to.deep.equal(second);
    });
  }
});
