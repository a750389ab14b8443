import { expect } from "chai";
import type { History, JoinedHistory, RoomMessage } from "../../server/index.js";
import { PROTOCOLS, type Protocol, type TestClient } from "../server/support/clients.js";
import { call, World, type Joined, type Position } from "./world.js";

type Answer = Joined & { history?: JoinedHistory };

const enterRoom = (client: TestClient, options: { history?: number; since?: Position }): Promise<Answer> =>
  call<Answer>(client, "join", { room: "r", ...options });

const offsets = (messages: readonly RoomMessage[] = []): number[] =>
  messages.map(({ position }) => position.offset);

/** From `first` to `last`. */
const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

for (const protocol of Object.keys(PROTOCOLS) as Protocol[]) {
  describe(`history at join, over ${PROTOCOLS[protocol].title}`, () => {
    let world: World;
    const start = async (count: number, options: ConstructorParameters<typeof World>[0] = {}) => {
      world = await new World({ limits: { messagesPerSecond: 10_000 }, ...options }).start();
      const { client, joined } = await world.join(protocol, "r");
      await Promise.all(range(1, count).map((n) => call(client, "publish", { room: "r", data: n })));
      return { client, joined };
    };
    afterEach(() => world.stop());

    it("has the newest messages up to the position, and says whether there are older ones", async () => {
      const { client } = await start(5);
      const { position, history } = await enterRoom(await world.enter(protocol), { history: 3 });
      expect(position.offset).to.equal(5);
      expect(offsets(history?.messages)).to.deep.equal([3, 4, 5]);
      expect(history?.more).to.equal(true);
      const before = history!.messages[0]!.position;
      const older = await call<History>(client, "history", { room: "r", before });
      expect(offsets(older.messages)).to.deep.equal([1, 2]);
    });

    it("has all of a short log, and nothing of an empty one", async () => {
      await start(0);
      const nothing = await enterRoom(await world.enter(protocol), { history: 500 });
      expect(nothing.history).to.deep.equal({ messages: [], more: false });
      const { client } = await world.join(protocol, "r");
      await call(client, "publish", { room: "r", data: 1 });
      const all = await enterRoom(await world.enter(protocol), { history: 500 });
      expect(all.history).to.have.property("more", false);
      expect(offsets(all.history?.messages)).to.deep.equal([1]);
    });

    it("is followed by what comes live, with nothing between and nothing twice, while others publish", async () => {
      const { client } = await start(20);
      const over = new AbortController();
      const publishing = (async () => {
        while (!over.signal.aborted) {
          await Promise.all(range(1, 5).map((n) => call(client, "publish", { room: "r", data: n })));
        }
      })();
      for (let round = 0; round < 20; round++) {
        const newcomer = await world.enter(protocol);
        const { position, history } = await enterRoom(newcomer, { history: 10 });
        const live = (await newcomer.nextEvent("message")) as RoomMessage;
        expect([...offsets(history?.messages), live.position.offset]).to.deep.equal(
          range(position.offset - 9, position.offset + 1),
        );
        newcomer.close();
      }
      over.abort();
      await publishing;
    });

    it("is there together with since only where that does not recover", async () => {
      const { joined } = await start(3);
      const back = await world.enter(protocol);
      const recovered = await enterRoom(back, { since: joined.position, history: 2 });
      expect(recovered).to.have.property("recovered", true);
      expect(recovered).not.to.have.property("history");
      const lost = await enterRoom(back, { since: { ...joined.position, epoch: "another" }, history: 2 });
      expect(lost).to.deep.include({ recovered: false, messages: [] });
      expect(offsets(lost.history?.messages)).to.deep.equal([2, 3]);
    });

    it("is empty for who may not read the room's history", async () => {
      const rights = { join: true, publish: true, presence: true, history: false };
      await start(3, { policy: { rights: () => rights, maySend: () => true } });
      const { history } = await enterRoom(await world.enter(protocol), { history: 2 });
      expect(history).to.deep.equal({ messages: [], more: false });
    });

    it("asks for 1 to 500 messages", async () => {
      await start(1);
      for (const history of [0, 501, 1.5, "1", null]) {
        const answer = await (await world.enter(protocol)).ask("join", { room: "r", history });
        expect(answer).to.have.nested.property("error.code", "invalid_argument");
      }
    });
  });
}
