/** A packet for socket.io-client holds ten binary values: what the server sends it never has more. */
import { expect } from "chai";
import { DEFAULT_LIMITS, type History, type JoinedHistory, type RoomMessage } from "../../server/index.js";
import { sizeOf } from "../../server/api/size.js";
import { Limiter } from "../../server/limits/limiter.js";
import type { TestClient } from "../server/support/clients.js";
import { call, joinRoom, World, type Joined, type Position } from "./world.js";

const offsets = (messages: readonly RoomMessage[] = []): number[] =>
  messages.map(({ position }) => position.offset);

const bytes = (count: number): Buffer[] => Array.from({ length: count }, () => Buffer.alloc(1));

/** Offsets after a position, read page by page as 5.4 says. */
async function readAfter(client: TestClient, since: Position): Promise<number[]> {
  const read: number[] = [];
  for (let after = since; ;) {
    const page = await call<History>(client, "history", { room: "r", after });
    read.push(...offsets(page.messages));
    const last = page.messages.at(-1);
    if (!page.more || last === undefined) return read;
    after = last.position;
  }
}

describe("binary values in answers", () => {
  let world: World;
  beforeEach(async () => {
    world = await new World().start();
  });
  afterEach(() => world.stop());

  for (const counts of [Array<number>(11).fill(1), [10, 1]]) {
    const publishAll = async (): Promise<Position> => {
      const { client, joined } = await world.join("websocket", "r");
      for (const count of counts) await call(client, "publish", { room: "r", data: bytes(count) });
      return joined.position;
    };
    const all = counts.map((_, n) => n + 1);

    it(`are more than fit for a client of Socket.IO: ${counts.join(", ")}`, async () => {
      const since = await publishAll();
      const back = await world.enter("websocket");
      const joined = await joinRoom(back, "r", since);
      expect(joined).to.deep.include({ recovered: false, messages: [] });
      expect(await readAfter(back, since)).to.deep.equal(all);
      const newest = await call<History>(back, "history", { room: "r" });
      expect(newest.messages.length).to.be.greaterThan(0);
      expect(newest.more).to.equal(true);
    });

    it(`are all there for a plain client: ${counts.join(", ")}`, async () => {
      const since = await publishAll();
      const joined = await joinRoom(await world.enter("bridge"), "r", since);
      expect(joined.recovered).to.equal(true);
      expect(offsets(joined.messages)).to.deep.equal(all);
    });
  }

  it("of a join with history are those of the newest messages", async () => {
    const { client } = await world.join("websocket", "r");
    for (const count of [1, 10]) await call(client, "publish", { room: "r", data: bytes(count) });
    const back = await world.enter("websocket");
    const { history } = await call<Joined & { history: JoinedHistory }>(back, "join", {
      room: "r",
      history: 5,
    });
    expect(offsets(history.messages)).to.deep.equal([2]);
    expect(history.more).to.equal(true);
  });

  it("are at most ten in what is sent, whatever a transport of its own lets through", () => {
    const limiter = new Limiter(DEFAULT_LIMITS, () => 0);
    const identity = { user: "ada", name: "Ada", guest: false, claims: {} };
    const who = { identity, sid: "s", address: "192.0.2.1", transport: "websocket" } as const;
    expect(limiter.message(who, sizeOf(bytes(10)))).to.equal(undefined);
    expect(limiter.message(who, sizeOf({ deep: bytes(11) }))).to.include({ error: "invalid_argument" });
  });
});
