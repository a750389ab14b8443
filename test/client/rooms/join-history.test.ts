/** History at join (docs/rooms-api.md, 3.7): no gap and no double with what comes as events. */
import { expect } from "chai";
import type { JoinResult, Position, RoomMessage } from "../../../clients/typescript/src/rooms/index.js";
import { fakeRig } from "./support/fake-socket.js";
import { messageAt } from "./support/log-server.js";
import { CLIENT_NAMES, Stage } from "./support/stage.js";
import { within } from "../../support/deadline.js";

const at = (offset: number): Position => ({ epoch: "e", offset });
const message = (offset: number): RoomMessage => messageAt(at(offset));
const past = (...offsets: number[]) => ({ messages: offsets.map(message), more: true });
const joined = (offset: number, more: object = {}): object => ({
  position: at(offset),
  members: [],
  count: 0,
  ...more,
});
const offsets = ({ history }: JoinResult): number[] | undefined =>
  history?.messages.map(({ position }) => position.offset);

describe("rooms layer: history at join", () => {
  it("is asked for with the join, and not with those after a reconnect", async () => {
    const { socket, rooms } = fakeRig();
    const joining = rooms.room("r").join({ history: 3 });
    socket.welcome();
    const call = socket.take("join");
    expect(call.argument).to.deep.equal({ room: "r", history: 3 });
    call.answer(joined(9, { history: past(7, 8, 9) }));
    const result = await joining;
    expect([offsets(result), result.history?.more, result.position]).to.deep.equal([[7, 8, 9], true, at(9)]);
    socket.lose();
    socket.welcome();
    expect(socket.take("join").argument).to.deep.equal({ room: "r", since: at(9) });
  });

  it("is read from the log, up to where one is, for one who has joined already, or asks after the call was made", async () => {
    const { socket, rooms } = fakeRig();
    const room = rooms.room("r");
    const first = room.join();
    socket.welcome();
    const call = socket.take("join");
    const second = room.join({ history: 2 });
    call.answer(joined(9));
    await first;
    const page = socket.take("history");
    expect(page.argument).to.deep.equal({ room: "r", before: at(10), limit: 2 });
    page.answer(past(8, 9));
    expect(offsets(await second)).to.deep.equal([8, 9]);
    const third = room.join({ history: 1 });
    socket.take("history").answer(past(9));
    expect(offsets(await third)).to.deep.equal([9]);
  });

  it("is none where one may not read it", async () => {
    const { socket, rooms } = fakeRig();
    const joining = rooms.room("r").join({ history: 2 });
    socket.welcome();
    socket.take("join").answer(joined(9));
    socket.take("history").refuse("forbidden", false);
    expect((await joining).history).to.deep.equal({ messages: [], more: false });
  });

  it("is not in the result where all since a position has come as events, and has none of them where not", async () => {
    const { socket, rooms } = fakeRig();
    const all = rooms.room("all").join({ since: at(7), history: 3 });
    const part = rooms.room("part").join({ since: at(7), history: 3 });
    socket.welcome();
    const ofAll = { ...message(8), room: "all" };
    socket.take("join").answer(joined(8, { recovered: true, messages: [ofAll] }));
    socket.take("join").answer(joined(10, { recovered: false, messages: [], history: past(8, 9, 10) }));
    socket.take("history").answer({ messages: [message(8)], more: true });
    socket.take("history").refuse("unknown_position", false);
    expect([await all, offsets(await part)]).to.deep.equal([{ recovered: true, position: at(8) }, [9, 10]]);
  });

  it("goes back to a position with since, while joined", async () => {
    const { socket, rooms } = fakeRig();
    const room = rooms.room("r");
    const got: number[] = [];
    room.on("message", ({ position }) => got.push(position.offset));
    void room.join();
    socket.welcome();
    socket.take("join").answer(joined(9));
    const back = room.join({ since: at(7) });
    const call = socket.take("join");
    expect(call.argument).to.deep.equal({ room: "r", since: at(7) });
    call.answer(joined(9, { recovered: true, messages: [message(8), message(9)] }));
    expect([await back, got]).to.deep.equal([{ recovered: true, position: at(9) }, [8, 9]]);
  });

  it("goes back with since while a join is under way, and while reconnecting", async () => {
    const { socket, rooms } = fakeRig();
    const room = rooms.room("r");
    const got: number[] = [];
    room.on("message", ({ position }) => got.push(position.offset));
    const first = room.join();
    socket.welcome();
    const early = socket.take("join");
    const second = room.join({ since: at(7) });
    early.answer(joined(9)); // of an earlier question
    const call = socket.take("join");
    expect(call.argument).to.deep.equal({ room: "r", since: at(7) });
    call.answer(joined(9, { recovered: true, messages: [message(8), message(9)] }));
    const result = { recovered: true, position: at(9) };
    expect([await first, await second, got]).to.deep.equal([result, result, [8, 9]]);
    socket.lose();
    const third = room.join({ since: at(8) });
    socket.welcome();
    const again = socket.take("join");
    expect(again.argument).to.deep.equal({ room: "r", since: at(8) });
    again.answer(joined(9, { recovered: true, messages: [message(9)] }));
    expect([await third, got]).to.deep.equal([result, [8, 9, 9]]);
  });

  for (const client of CLIENT_NAMES) {
    it(`has with the events everything once, while others publish, over ${client}`, async () => {
      const stage = await Stage.start();
      try {
        const writer = stage.direct("socket.io-client").room("r");
        await within(writer.join(), "the writer's join");
        const writing = Promise.all(Array.from({ length: 120 }, (_, i) => writer.publish(i)));
        const room = stage.rooms(client).room("r");
        const events: RoomMessage[] = [];
        room.on("message", (one) => events.push(one));
        const { history } = await within(room.join({ history: 500 }), "the join");
        await within(writing, "the publishes");
        const last = await within(room.publish("last"), "the last publish");
        const seen = [...(history?.messages ?? []), ...events].map(({ position }) => position.offset);
        expect(seen).to.deep.equal(Array.from({ length: last.position.offset }, (_, i) => i + 1));
      } finally {
        await stage.end();
      }
    });
  }
});
