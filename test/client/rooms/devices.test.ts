/** One device on two connections, a guest's newest token, and items that were lost (docs/rooms-api.md, 2.6, 2.7, 9.7, 9.8). */
import { expect } from "chai";
import type { InboxItem, Position, Rooms } from "../../../clients/typescript/src/rooms/index.js";
import { fakeRig } from "./support/fake-socket.js";
import { MemoryStorage } from "./support/stage.js";

const at = (offset: number): Position => ({ epoch: "i", offset });
const item = (offset: number): InboxItem => {
  const from = { user: "ben", name: "Ben", sid: "b", transport: "bridge" } as const;
  return { type: "message", id: `${offset}`, position: at(offset), from, data: offset, at: 0 };
};
const opened = (offset: number, more: object = {}): object => ({ cursor: at(offset), waiting: 0, ...more });

/** Lets what promises have settled be done. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

/** An inbox whose items are processed when the test says so. */
function processing(rooms: Rooms): { got: string[]; finish: () => Promise<void> } {
  const got: string[] = [];
  const done: (() => void)[] = [];
  void rooms.inbox.process(({ id }) => {
    got.push(id);
    return new Promise<void>((resolve) => done.push(resolve));
  });
  const finish = async (): Promise<void> => {
    done.shift()?.();
    await settle();
  };
  return { got, finish };
}

/** A device that has three items in hand when a newer connection of its comes. */
function takenWithThreeItems() {
  const { socket, rooms } = fakeRig();
  const { got, finish } = processing(rooms);
  socket.welcome();
  socket.take("inbox").answer(opened(0));
  for (const offset of [1, 2, 3]) socket.fire("inbox", item(offset));
  socket.fire("device_taken", { sid: "newer" });
  return { socket, got, finish };
}

describe("rooms layer: a device that is taken", () => {
  it("is told, and so that it has come back", () => {
    const { socket, rooms } = fakeRig();
    const told: boolean[] = [];
    rooms.on("device", ({ taken }) => told.push(taken));
    socket.welcome();
    socket.fire("device_taken", { sid: "newer" });
    socket.fire("device_returned", {});
    expect(told).to.deep.equal([true, false]);
  });

  it("is told of every other connection of its guest, where the server tells", () => {
    const { socket, rooms } = fakeRig();
    const told: unknown[] = [];
    rooms.on("guest_connected", (other) => told.push(other));
    socket.welcome();
    socket.fire("token_renewed", { token: "t2" });
    socket.fire("token_renewed", { token: "t3", sid: "s3", device: "another" });
    expect(told).to.deep.equal([{ sid: "s3", device: "another" }]);
  });

  // The inbox is the newest's that has opened it (9.8): `device_taken` alone says nothing of it.
  it("processes on while the newer connection has not opened the inbox, and loses no item", async () => {
    const { socket, got, finish } = takenWithThreeItems();
    await finish();
    const ack = socket.take("inbox_ack");
    expect(ack.argument).to.deep.equal({ position: at(1) });
    ack.answer({ cursor: at(1) });
    socket.fire("inbox", item(4));
    for (let i = 0; i < 3; i++) await finish();
    expect(got).to.deep.equal(["1", "2", "3", "4"]);
  });

  it("does not take the inbox back, and goes on after the newer one has gone, with what that one has left", async () => {
    const { socket, got, finish } = takenWithThreeItems();
    await finish();
    socket.take("inbox_ack").refuse("inbox_not_open", false);
    // The newer one has opened it: 3 is that one's, and nothing is acked here any more.
    await finish();
    expect([got, socket.calls]).to.deep.equal([["1", "2"], []]);
    socket.fire("device_returned", {});
    expect(socket.take("inbox_ack").argument).to.deep.equal({ position: at(2) });
    for (const offset of [2, 4]) socket.fire("inbox", item(offset));
    // Whether 3 was processed, the server says.
    const again = socket.take("inbox");
    expect(again.argument).to.deep.equal({ since: at(2) });
    again.answer(opened(3));
    socket.fire("inbox", item(4));
    await finish();
    expect(got).to.deep.equal(["1", "2", "4"]);
    expect(socket.take("inbox_ack").argument).to.deep.equal({ position: at(4) });
  });

  it("keeps the ack that was under way, and does not open the inbox again", async () => {
    const { socket, rooms } = fakeRig();
    void rooms.inbox.process(() => undefined);
    socket.welcome();
    socket.take("inbox").answer(opened(0));
    socket.fire("inbox", item(1));
    await settle();
    const ack = socket.take("inbox_ack");
    socket.fire("device_taken", { sid: "newer" });
    ack.refuse("inbox_not_open", false);
    expect(socket.calls).to.deep.equal([]);
    socket.fire("device_returned", {});
    expect(socket.take("inbox_ack").argument).to.deep.equal({ position: at(1) });
  });
});

describe("rooms layer: items that were lost", () => {
  it("are told, and only they", () => {
    const { socket, rooms } = fakeRig();
    let lost = 0;
    rooms.on("inbox_lost", () => lost++);
    void rooms.inbox.process(() => undefined);
    socket.welcome();
    socket.take("inbox").answer(opened(0, { recovered: true }));
    expect(lost).to.equal(0);
    socket.lose();
    socket.welcome();
    socket.take("inbox").answer(opened(9, { recovered: false }));
    expect(lost).to.equal(1);
  });
});

describe("rooms layer: a guest's token", () => {
  const shown = (auth: unknown): Promise<unknown> =>
    new Promise((resolve) => (auth as (give: (data: unknown) => void) => void)(resolve));

  it("is the newest: of a welcome, of token_renewed, and of what another tab has put into the storage", async () => {
    const storage = new MemoryStorage();
    const { socket } = fakeRig({ storage });
    socket.welcome({ guest: true, token: "one" });
    expect(await shown(socket.auth)).to.include({ token: "one" });
    socket.fire("token_renewed", { token: "two" });
    expect(await shown(socket.auth)).to.include({ token: "two" });
    storage.setItem("crossroom.guest", "three");
    expect(await shown(socket.auth)).to.include({ token: "three" });
  });

  it("is not one for who has signed in", async () => {
    const { socket } = fakeRig({ token: "mine" });
    socket.welcome({ guest: false });
    socket.fire("token_renewed", { token: "two" });
    expect(await shown(socket.auth)).to.include({ token: "mine" });
  });

  it("is kept in memory where the storage fails, at once or later", async () => {
    const fail = (): never => {
      throw new Error("full");
    };
    for (const setItem of [fail, () => Promise.reject(new Error("full"))]) {
      const storage = { getItem: () => null, setItem, removeItem: () => undefined };
      const { socket, rooms } = fakeRig({ storage });
      const warnings: string[] = [];
      rooms.on("warning", ({ message }) => warnings.push(message));
      socket.welcome({ guest: true, token: "one" });
      await settle();
      expect([await shown(socket.auth), warnings]).to.deep.equal([
        { token: "one", device: "phone" },
        ["full"],
      ]);
    }
  });
});

describe("rooms layer: an asynchronous storage", () => {
  it("has kept a position before it is acked, and says where the inbox begins before it is opened", async () => {
    const storing: (() => void)[] = [];
    const storage = {
      getItem: (key: string) => Promise.resolve(key.startsWith("crossroom.inbox") ? "4:i" : null),
      setItem: () => new Promise<void>((resolve) => storing.push(resolve)),
      removeItem: () => Promise.resolve(),
    };
    const { socket, rooms } = fakeRig({ storage });
    void rooms.inbox.process(() => undefined);
    socket.welcome();
    await settle();
    const call = socket.take("inbox");
    expect(call.argument).to.deep.equal({ since: at(4) });
    call.answer(opened(4));
    socket.fire("inbox", item(5));
    await settle();
    expect([socket.calls, storing.length]).to.deep.equal([[], 1]);
    storing.shift()?.();
    await settle();
    expect(socket.take("inbox_ack").argument).to.deep.equal({ position: at(5) });
  });
});
