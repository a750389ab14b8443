import { expect } from "chai";
import { createMemoryStore, RoomsError, StoreError, type RoomMessage } from "../../../server/index.js";
import { call, World } from "../../guarantees/world.js";
import { PROTOCOLS, type Protocol } from "../support/clients.js";

/** What a call of the backend rejects with. */
async function refusalOf(promise: Promise<unknown>): Promise<RoomsError> {
  try {
    await promise;
  } catch (error) {
    expect(error).to.be.instanceOf(RoomsError);
    return error as RoomsError;
  }
  throw new Error("it was not refused");
}

describe("what a backend sends", () => {
  let world: World;
  const start = async (...args: ConstructorParameters<typeof World>): Promise<void> => {
    world = await new World(...args).start();
  };
  afterEach(() => world.stop());

  for (const protocol of Object.keys(PROTOCOLS) as Protocol[]) {
    describe(`over ${PROTOCOLS[protocol].title}`, () => {
      it("comes to those in the room as a message of the server's, in the order of the log", async () => {
        await start();
        const { client } = await world.join(protocol, "r");
        const published = await world.running.publish("r", { n: 1 });
        await call(client, "publish", { room: "r", data: { n: 2 } });
        await world.running.publish("r", { n: 3 });
        const messages: RoomMessage[] = [];
        for (let i = 0; i < 3; i++) messages.push((await client.nextEvent("message")) as RoomMessage);
        expect(messages.map(({ data }) => data)).to.deep.equal([{ n: 1 }, { n: 2 }, { n: 3 }]);
        expect(messages.map(({ position }) => position.offset)).to.deep.equal([1, 2, 3]);
        const { id, position, at } = published;
        const from = { user: "server", name: "server", sid: "server", transport: "server" };
        expect(messages[0]).to.deep.equal({ room: "r", id, position, from, data: { n: 1 }, at });
      });

      it("comes in the name of a user where it is sent as one, who need not be connected", async () => {
        await start();
        const { client } = await world.join(protocol, "r");
        await world.running.publish("r", "hello", { as: { user: "ada", name: "Ada" } });
        const from = { sid: "server", transport: "server" };
        expect(((await client.nextEvent("message")) as RoomMessage).from).to.deep.equal({
          ...{ user: "ada", name: "Ada" },
          ...from,
        });
        await world.running.signal("r", "typing", { as: { user: "ben" } });
        expect(await client.nextEvent("signal")).to.deep.include({
          ...{ room: "r", data: "typing" },
          from: { user: "ben", name: "ben", ...from },
        });
      });

      it("holds binary data, as a client's does", async () => {
        await start();
        const { client } = await world.join(protocol, "r");
        await world.running.publish("r", { picture: Buffer.from("hi") });
        const { data } = (await client.nextEvent("message")) as RoomMessage;
        const expected = protocol === "bridge" ? { $binary: "aGk=" } : Buffer.from("hi");
        expect(data).to.deep.equal({ picture: expected });
      });

      it("waits in the inbox of a user who is away, and tells who it was sent as when it was processed", async () => {
        await start();
        const sent = await world.running.send("ada", "news", { as: { user: "ben" }, receipt: true });
        const ada = await world.enter(protocol, { token: await world.token("ada"), device: "phone" });
        await call(ada, "inbox", {});
        const item = (await ada.nextEvent("inbox")) as RoomMessage;
        expect(item).to.deep.include({ id: sent.id, data: "news", at: sent.at });
        expect(item.from).to.deep.equal({ user: "ben", name: "ben", sid: "server", transport: "server" });
        await call(ada, "inbox_ack", { position: item.position });
        const ben = await world.enter(protocol, { token: await world.token("ben"), device: "phone" });
        await call(ben, "inbox", {});
        expect(await ben.nextEvent("inbox")).to.deep.include({ type: "receipt", id: sent.id });
      });
    });
  }

  it("is kept in a room that nobody is in", async () => {
    await start();
    const { position } = await world.running.publish("empty", 1, { id: "a" });
    const { messages } = await world.running.history("empty");
    expect(messages.map(({ id, data }) => [id, data])).to.deep.equal([["a", 1]]);
    expect((await world.running.history("empty")).position).to.deep.equal(position);
  });

  it("is kept once where it is sent again with its id, also after a restart, to rooms and to inboxes", async () => {
    await start();
    const first = await world.running.publish("r", 1, { id: "once" });
    const sent = await world.running.send("ada", 1, { id: "once" });
    await world.restart();
    expect(await world.running.publish("r", 2, { id: "once", as: { user: "ada" } })).to.deep.equal({
      ...first,
      duplicate: true,
    });
    expect(await world.running.send("ada", 2, { id: "once" })).to.deep.equal({ ...sent, duplicate: true });
    expect((await world.running.history("r")).messages).to.have.length(1);
    expect((await world.running.inbox("ada")).position.offset).to.equal(1);
  });

  it("has ids of its own, which are no user's, not even of the user that it is sent as", async () => {
    await start();
    const { client } = await world.join("bridge", "r", { token: await world.token("ada") });
    await call(client, "publish", { room: "r", data: 1, id: "same" });
    const published = await world.running.publish("r", 2, { id: "same", as: { user: "ada" } });
    expect(published).to.include({ duplicate: false });
    expect((await world.running.history("r")).messages.map(({ data }) => data)).to.deep.equal([1, 2]);
  });

  it("is in the order of the calls, and counts for no user's rate", async () => {
    await start({ limits: { messagesPerSecond: 1 } });
    const numbers = Array.from({ length: 300 }, (_, n) => n);
    await Promise.all(numbers.map((n) => world.running.publish("r", n)));
    const { messages } = await world.running.history("r", { limit: 300 });
    expect(messages.map(({ data }) => data)).to.deep.equal(numbers);
  });

  it("may be many at once, each with a result or an error of its own, in their order", async () => {
    await start();
    const results = await world.running.publishAll([
      { room: "a", data: 1, id: "1" },
      { room: "", data: 2 },
      { room: "a", data: 3, id: "3" },
      { room: "b", data: 4, id: "4", as: { user: "ada" } },
    ]);
    expect(results.map((one) => (one instanceof RoomsError ? one.code : one.id))).to.deep.equal([
      ...["1", "invalid_argument", "3", "4"],
    ]);
    expect((await world.running.history("a")).messages.map(({ data }) => data)).to.deep.equal([1, 3]);
    expect(await world.running.publishAll([])).to.deep.equal([]);
    const [kept, refused] = await world.running.publishAll([{ room: "a", data: 5 }, null as never]);
    expect(kept).to.include({ duplicate: false });
    expect(refused).to.be.instanceOf(RoomsError).and.to.include({ code: "invalid_argument" });
  });

  it("is refused with a sentence that says what is wrong, whatever a program gives", async () => {
    await start();
    const { running } = world;
    const circle: unknown[] = [];
    circle.push(circle);
    let deep: unknown = 1;
    for (let i = 0; i < 101; i++) deep = [deep];
    const wrong: [Promise<unknown>, RegExp][] = [
      [running.publish("", 1), /publish\.room must not be empty/],
      [running.publish("a\nb", 1), /publish\.room must not have control characters/],
      [running.publish("\ud800", 1), /publish\.room must be valid Unicode/],
      [running.publish("x".repeat(129), 1), /publish\.room must have at most 128/],
      [running.publish(undefined as unknown as string, 1), /publish\.room must be a string/],
      [running.publish("r", undefined), /data is missing/],
      [running.publish("r", circle), /data/],
      [running.publish("r", deep), /data/],
      [running.publish("r", [1n]), /data is no JSON: .*BigInt/],
      [running.publish("r", () => 1), /data is no JSON/],
      [running.publish("r", Symbol("a")), /data is no JSON/],
      [running.publish("r", 1, { id: "" }), /publish\.id must not be empty/],
      [running.publish("r", 1, { as: { user: "" } }), /publish\.as\.user/],
      [running.publish("r", 1, { as: { user: "a", role: "b" } as { user: string } }), /publish\.as/],
      [running.publish("r", 1, { to: "b" } as object), /publish/],
      [running.publishAll("r" as unknown as []), /publishAll takes a list/],
      [running.send("ada", 1, { receipt: true }), /send\.receipt goes to the inbox/],
      [running.send("", 1), /send\.user/],
      [running.signal("", 1), /signal\.room/],
    ];
    for (const [promise, text] of wrong) {
      const { code, message, retryable } = await refusalOf(promise);
      expect({ code, retryable }).to.deep.equal({ code: "invalid_argument", retryable: false });
      expect(message).to.match(text);
    }
    expect((await refusalOf(running.publish("r", "x".repeat(70_000)))).code).to.equal("message_too_large");
    expect(await running.rooms()).to.deep.equal({ rooms: [], more: false });
  });

  it("is refused as `unavailable`, to be tried again, where the store cannot keep it", async () => {
    const failing: ConstructorParameters<typeof World>[1] = (options) => {
      const store = createMemoryStore(options);
      const append = (): Promise<never> => Promise.reject(new StoreError("full", "the disk is full"));
      const { log } = store;
      const state = (name: string) => log.state(name);
      return { ...store, log: { ...log, state, append } };
    };
    await start({}, failing);
    for (const promise of [world.running.publish("r", 1), world.running.send("ada", 1)]) {
      const { code, retryable, cause } = await refusalOf(promise);
      expect({ code, retryable }).to.deep.equal({ code: "unavailable", retryable: true });
      expect(cause).to.be.instanceOf(StoreError);
    }
  });

  it("is refused as `inbox_full` where the inbox is", async () => {
    await start({ limits: { inboxItems: 2 } });
    await world.running.send("ada", 1);
    await world.running.send("ada", 2);
    expect(await refusalOf(world.running.send("ada", 3))).to.include({ code: "inbox_full", retryable: true });
  });
});
