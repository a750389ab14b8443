import { expect } from "chai";
import type { History, Published, RoomMessage } from "../../server/index.js";
import { PROTOCOLS, type Protocol, type TestClient } from "../server/support/clients.js";
import { call, joinRoom, refusalOf, World, type Position } from "./world.js";

const HOUR = 60 * 60_000;

const publish = (client: TestClient, data: unknown, room = "r"): Promise<Published> =>
  call<Published>(client, "publish", { room, data });

const offsets = (messages: readonly RoomMessage[] = []): number[] =>
  messages.map(({ position }) => position.offset);

/** From `first` to `last`. */
const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

async function takeMessages(client: TestClient, count: number): Promise<RoomMessage[]> {
  const messages: RoomMessage[] = [];
  while (messages.length < count) messages.push((await client.nextEvent("message")) as RoomMessage);
  return messages;
}

const other = (protocol: Protocol): Protocol => (protocol === "bridge" ? "websocket" : "bridge");

for (const protocol of Object.keys(PROTOCOLS) as Protocol[]) {
  describe(`guarantees of recovery, over ${PROTOCOLS[protocol].title}`, () => {
    let world: World;
    const start = async (...args: ConstructorParameters<typeof World>): Promise<void> => {
      world = await new World(...args).start();
    };
    afterEach(() => world.stop());

    describe("a subscriber sees each room's messages in order, each once", () => {
      it("whoever publishes, over either protocol", async () => {
        await start({ limits: { messagesPerSecond: 10_000 } });
        const { client: reader } = await world.join(protocol, "r");
        const publishers = await Promise.all(
          range(1, 6).map((n) => world.join(n % 2 === 0 ? protocol : other(protocol), "r")),
        );
        await Promise.all(
          publishers.map(({ client }, p) => Promise.all(range(0, 49).map((n) => publish(client, { p, n })))),
        );
        const messages = await takeMessages(reader, 300);
        expect(offsets(messages)).to.deep.equal(range(1, 300));
        for (const p of range(0, 5)) {
          const own = messages
            .map(({ data }) => data as { p: number; n: number })
            .filter((data) => data.p === p);
          expect(own.map(({ n }) => n)).to.deep.equal(range(0, 49));
        }
      });
    });

    describe("joining since a position returns what was missed, and continues with no gap and no repeat", () => {
      it("in a quiet room", async () => {
        await start();
        const { client: ada } = await world.join(other(protocol), "r");
        const { client: ben, joined } = await world.join(protocol, "r");
        ben.close();
        for (const n of range(1, 5)) await publish(ada, n);
        const back = await world.enter(protocol);
        const answer = await joinRoom(back, "r", joined.position);
        expect(answer.recovered).to.equal(true);
        expect(offsets(answer.messages)).to.deep.equal([1, 2, 3, 4, 5]);
        expect(answer.messages?.map(({ data }) => data)).to.deep.equal([1, 2, 3, 4, 5]);
        await publish(ada, 6);
        expect(offsets(await takeMessages(back, 1))).to.deep.equal([6]);
      });

      it("while others publish all the time", async () => {
        const bridge = { maxMessagesPerSecond: 100_000 };
        await start({ limits: { messagesPerSecond: 100_000 }, bridge });
        const { client: ada, joined } = await world.join(other(protocol), "r");
        const over = new AbortController();
        const publishing = (async () => {
          while (!over.signal.aborted) await Promise.all(range(1, 5).map((n) => publish(ada, n)));
        })();
        for (let round = 0; round < 20; round++) {
          const back = await world.enter(protocol);
          const answer = await joinRoom(back, "r", joined.position);
          expect(answer.recovered).to.equal(true);
          const live = offsets(await takeMessages(back, 10));
          expect([...offsets(answer.messages), ...live]).to.deep.equal(range(1, answer.position.offset + 10));
          expect(answer.position.offset).to.equal((answer.messages ?? []).length);
          back.close();
        }
        over.abort();
        await publishing;
      });
    });

    describe("recovery is complete, or declared not to be, and never partial", () => {
      const missed = async (
        count: number,
        options?: ConstructorParameters<typeof World>[0],
      ): Promise<{ since: Position; back: TestClient }> => {
        const bridge = { maxMessagesPerSecond: 100_000 };
        await start({ limits: { messagesPerSecond: 100_000 }, bridge, ...options });
        const { client: ada, joined } = await world.join(protocol, "r");
        for (let left = count; left > 0; left -= 100) {
          await Promise.all(range(1, Math.min(left, 100)).map((n) => publish(ada, n)));
        }
        return { since: joined.position, back: await world.enter(protocol) };
      };

      it("1,000 messages are recovered in one ack", async () => {
        const { since, back } = await missed(1_000);
        const answer = await joinRoom(back, "r", since);
        expect(answer.recovered).to.equal(true);
        expect(offsets(answer.messages)).to.deep.equal(range(1, 1_000));
      });

      it("more than that are declared lost, with the current position, and are in the history", async () => {
        const { since, back } = await missed(1_200);
        const answer = await joinRoom(back, "r", since);
        expect(answer).to.deep.include({ recovered: false, messages: [] });
        expect(answer.position.offset).to.equal(1_200);
        const read: number[] = [];
        for (let after = since; ;) {
          const page = await call<History>(back, "history", { room: "r", after, limit: 500 });
          read.push(...offsets(page.messages));
          if (!page.more) break;
          after = page.messages.at(-1)!.position;
        }
        expect(read).to.deep.equal(range(1, 1_200));
      });

      it("what is not kept any more is declared lost", async () => {
        const roomSettings = () => ({
          history: { count: 10, age: HOUR },
          presence: true,
          maxMembers: 10,
          maxNames: 10,
        });
        const { since, back } = await missed(40, { roomSettings });
        const answer = await joinRoom(back, "r", since);
        expect(answer).to.deep.include({ recovered: false, messages: [] });
        expect(answer.position.offset).to.equal(40);
        expect(await refusalOf(back, "history", { room: "r", after: since })).to.equal("unknown_position");
      });

      it("what is too old is declared lost", async () => {
        const roomSettings = () => ({
          history: { count: 100, age: HOUR },
          presence: true,
          maxMembers: 10,
          maxNames: 10,
        });
        const { since } = await missed(5, { roomSettings });
        world.advance(2 * HOUR);
        const back = await world.enter(protocol);
        expect(await joinRoom(back, "r", since)).to.deep.include({ recovered: false, messages: [] });
      });

      it("a position of another epoch is declared lost", async () => {
        const { since, back } = await missed(5);
        const answer = await joinRoom(back, "r", { ...since, epoch: "another" });
        expect(answer).to.deep.include({ recovered: false, messages: [] });
      });

      it("a position beyond the end of the log is declared lost", async () => {
        const { since, back } = await missed(5);
        expect((await joinRoom(back, "r", { ...since, offset: 6 })).recovered).to.equal(false);
        expect((await joinRoom(back, "r", { ...since, offset: 5 })).recovered).to.equal(true);
      });
    });

    describe("recovery does not depend on the connection", () => {
      it("it works for one who was never seen before, with a position from elsewhere", async () => {
        await start();
        const { client: ada } = await world.join(protocol, "r");
        const { position } = await publish(ada, 1);
        await publish(ada, 2);
        const stranger = await world.enter(other(protocol));
        const answer = await joinRoom(stranger, "r", position);
        expect(answer.messages?.map(({ data }) => data)).to.deep.equal([2]);
      });

      it("it works while the connection before it still seems alive", async () => {
        await start();
        const { joined } = await world.join(protocol, "r", { device: "phone" });
        const { client: ada } = await world.join(other(protocol), "r");
        await publish(ada, 1);
        const back = await world.enter(protocol, { device: "phone" });
        expect(offsets((await joinRoom(back, "r", joined.position)).messages)).to.deep.equal([1]);
      });

      it("it works after a quiet hour", async () => {
        await start();
        const { client: ada } = await world.join(other(protocol), "r");
        const { position } = await publish(ada, 1);
        world.advance(HOUR);
        await publish(ada, 2);
        const back = await world.enter(protocol);
        expect(offsets((await joinRoom(back, "r", position)).messages)).to.deep.equal([2]);
      });

      it("it works before the first message", async () => {
        await start();
        const { client, joined } = await world.join(protocol, "r");
        expect(joined.position.offset).to.equal(0);
        client.close();
        const empty = await joinRoom(await world.enter(protocol), "r", joined.position);
        expect(empty).to.deep.include({ recovered: true, messages: [] });
        await publish((await world.join(other(protocol), "r")).client, 1);
        const answer = await joinRoom(await world.enter(protocol), "r", joined.position);
        expect(answer.recovered).to.equal(true);
        expect(offsets(answer.messages)).to.deep.equal([1]);
      });

      it("it works after a restart, before the first message too", async () => {
        await start();
        const { client, joined } = await world.join(protocol, "r");
        const quiet = await joinRoom(client, "quiet");
        await publish(client, 1);
        await world.restart();
        const back = await world.enter(protocol);
        expect(offsets((await joinRoom(back, "r", joined.position)).messages)).to.deep.equal([1]);
        expect((await joinRoom(back, "quiet", quiet.position)).recovered).to.equal(true);
      });
    });

    describe("who is in a room", () => {
      it("a reload within the grace is not a leave", async () => {
        await start({ presenceGrace: HOUR });
        const { client: witness } = await world.join(other(protocol), "r");
        const { client: page } = await world.join(protocol, "r", { device: "tab" });
        expect(await witness.nextChange()).to.have.property("type", "join");
        page.cut();
        const token = page.self?.token;
        const { client: again } = await world.join(protocol, "r", { device: "tab", token });
        const { client: last } = await world.join(protocol, "r");
        // Only the newcomer is told of: the one before never left.
        for (;;) {
          const change = await witness.nextChange();
          expect(change.type).to.not.equal("leave");
          if (change.member.user === last.self?.user) break;
          expect(change.member.user).to.equal(again.self?.user);
        }
      });
    });
  });
}
