import { expect } from "chai";
import type { Position, RoomMessage, RoomsErrorLike } from "../../../clients/typescript/src/rooms/index.js";
import type { RoomsHandle } from "../../../clients/typescript/src/rooms/rooms.js";
import { fakeRig, type FakeSocket } from "./support/fake-socket.js";
import { messageAt } from "./support/log-server.js";

const MINUTE = 60_000;
const at = (offset: number): Position => ({ epoch: "e", offset });
const joined = (offset: number): object => ({ room: "r", position: at(offset), members: [], count: 0 });
const message = (offset: number, more: Partial<RoomMessage> = {}): RoomMessage => ({
  ...messageAt(at(offset)),
  ...more,
});

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "none",
    (error: unknown) => (error as RoomsErrorLike).code,
  );

/** Joins the room `r` of a layer that is welcome. */
function enter(socket: FakeSocket, offset = 0): void {
  socket.welcome();
  socket.take("join").answer(joined(offset));
}

/** What is told of the room `r`, and warned of, in words. */
function record(rooms: RoomsHandle): string[] {
  const told: string[] = [];
  rooms
    .room("r")
    .on("message", ({ position }) => told.push(`${position.offset}`))
    .on("joined", ({ recovered, position }) =>
      told.push(`${recovered ? "joined" : "lost"} ${position.offset}`),
    )
    .on("left", ({ code }) => told.push(`left: ${code}`));
  rooms.on("warning", (warning) => told.push(`warning: ${(warning as RoomsErrorLike).code}`));
  return told;
}

describe("rooms layer: on a socket", () => {
  it("emits nothing before the welcome, and nothing while the connection is lost", () => {
    const { socket, rooms } = fakeRig();
    const room = rooms.room("r");
    void room.join();
    void room.publish(1);
    void rooms.send("bob", 1);
    void rooms.inbox.process(() => undefined);
    room.signal(1);
    socket.connected = true;
    socket.fire("connect");
    expect(socket.calls).to.be.empty;
    socket.lose();
    void room.publish(2);
    room.signal(1);
    expect(socket.calls).to.be.empty;
    socket.welcome();
    expect(socket.calls.map(({ name }) => name)).to.deep.equal(["join", "send", "inbox"]);
  });

  it("publishes only once it has joined again, and caught up", () => {
    const { socket, rooms } = fakeRig();
    void rooms.room("r").join();
    enter(socket);
    void rooms.room("r").publish(1);
    socket.take("publish");
    socket.lose();
    socket.welcome();
    socket.take("join").answer({ ...joined(3), recovered: false, messages: [] });
    const page = socket.take("history");
    expect(socket.calls).to.be.empty;
    page.answer({ messages: [1, 2, 3].map((offset) => message(offset)), more: false, position: at(3) });
    expect(socket.take("publish").argument).to.deep.include({ data: 1 });
  });

  it("does not take the ack of an earlier connection for that of a later one", async () => {
    const { socket, rooms } = fakeRig();
    void rooms.room("r").join();
    enter(socket);
    const publishing = rooms.room("r").publish(1);
    const stale = socket.take("publish");
    socket.lose();
    stale.answer({ id: "stale", position: at(99), at: 99 });
    socket.welcome();
    socket.take("join").answer({ ...joined(0), recovered: true, messages: [] });
    const again = socket.take("publish");
    stale.answer({ id: "stale", position: at(99), at: 99 });
    again.answer({ id: "id1", position: at(1), at: 1 });
    expect(await publishing).to.deep.equal({ id: "id1", position: at(1), at: 1 });
  });

  it("does not take the answer to an earlier join for that of a later one", async () => {
    const { socket, rooms } = fakeRig();
    const joining = rooms.room("r").join();
    socket.welcome();
    const stale = socket.take("join");
    stale.expire();
    const again = socket.take("join");
    stale.answer(joined(1));
    again.answer(joined(2));
    expect((await joining).position).to.deep.equal(at(2));
  });

  it("does not take the answer to the join before a leave for that to the join after it", async () => {
    const { socket, rooms } = fakeRig();
    const first = codeOf(rooms.room("r").join());
    socket.welcome();
    const stale = socket.take("join");
    void rooms.room("r").leave();
    socket.take("leave");
    const joining = rooms.room("r").join();
    stale.answer(joined(1));
    socket.take("join").answer(joined(2));
    expect([await first, (await joining).position]).to.deep.equal(["aborted", at(2)]);
  });

  it("knows by the log that a publish was carried out whose ack was lost, however long ago", async () => {
    const { socket, clock, rooms } = fakeRig();
    void rooms.room("r").join();
    enter(socket);
    const publishing = rooms.room("r").publish(1);
    const { id } = socket.take("publish").argument as { id: string };
    socket.lose();
    clock.advance(60 * MINUTE);
    socket.welcome();
    socket.take("join").answer({ ...joined(1), recovered: true, messages: [message(1, { id, at: 7 })] });
    expect(await publishing).to.deep.equal({ id, position: at(1), at: 7 });
    expect(socket.calls).to.be.empty;
  });

  it("does not take another user's message of the same id for its own", () => {
    const { socket, rooms } = fakeRig();
    void rooms.room("r").join();
    enter(socket);
    void rooms.room("r").publish(1, { id: "i" });
    socket.take("publish");
    socket.lose();
    socket.welcome({ user: "bob" });
    socket.take("join").answer({ ...joined(1), recovered: true, messages: [message(1, { id: "i" })] });
    expect(socket.take("publish").argument).to.deep.include({ id: "i" });
  });

  it("says that it cannot know, where the ack was lost too long ago and the log has not that message", async () => {
    const { socket, clock, rooms } = fakeRig();
    void rooms.room("r").join();
    enter(socket);
    const codes = [rooms.room("r").publish(1), rooms.send("bob", 1)].map(codeOf);
    socket.take("publish");
    socket.take("send");
    socket.lose();
    clock.advance(6 * MINUTE);
    socket.welcome();
    socket.take("join").answer({ ...joined(0), recovered: true, messages: [] });
    expect(await Promise.all(codes)).to.deep.equal(["unconfirmed", "unconfirmed"]);
    expect(socket.calls).to.be.empty;
  });

  it("joins again after a while where the server cannot take it back at once; and gives up where it will not", async () => {
    const { socket, clock, rooms } = fakeRig();
    const room = rooms.room("r");
    const left: string[] = [];
    room.on("left", ({ code }) => left.push(code));
    void room.join();
    enter(socket);
    const publishing = codeOf(room.publish(1));
    socket.take("publish");
    socket.lose();
    socket.welcome();
    socket.take("join").refuse("unavailable", true);
    expect([socket.calls, left]).to.deep.equal([[], []]);
    clock.advance(1_000);
    socket.take("join").refuse("forbidden", false);
    expect([left, room.joined, await publishing]).to.deep.equal([["forbidden"], false, "forbidden"]);
    socket.lose();
    socket.welcome();
    expect(socket.calls).to.be.empty;
  });

  it("reads the log again where reading failed for now, and declares the rest lost where it may not", () => {
    const { socket, clock, rooms } = fakeRig();
    const room = rooms.room("r");
    const told = record(rooms);
    void room.join();
    enter(socket);
    socket.fire("message", message(3));
    socket.take("history").refuse("unavailable", true);
    clock.advance(1_000);
    socket.take("history").expire();
    clock.advance(1_000);
    socket.take("history").refuse("forbidden", false);
    expect(told).to.deep.equal(["joined 0", "lost 2", "3"]);
  });

  it("joins again after a pause where the answer to a later join cannot be read, and tells of it", () => {
    const { socket, clock, rooms } = fakeRig();
    const room = rooms.room("r");
    const told = record(rooms);
    void room.join();
    enter(socket);
    socket.lose();
    socket.welcome();
    socket.take("join").answerWith({ ok: true });
    expect([room.state, socket.calls]).to.deep.equal(["recovering", []]);
    clock.advance(1_000);
    socket.take("join").answer(joined(0));
    expect(told).to.deep.equal(["joined 0", "warning: bad_answer", "joined 0"]);
  });

  it("reads the log again where the answer cannot be read, five times, and then declares what is missing lost", () => {
    const { socket, clock, rooms } = fakeRig();
    const room = rooms.room("r");
    const told = record(rooms);
    void room.join();
    enter(socket);
    socket.fire("message", message(3));
    for (const delay of [500, 1_000, 2_000, 4_000, 8_000]) {
      socket.take("history").answerWith({ ok: true, messages: 7 });
      expect(socket.calls).to.deep.equal([]);
      clock.advance(delay);
    }
    socket.take("history").answerWith({ ok: true, messages: 7 });
    const warnings = Array.from({ length: 6 }, () => "warning: bad_answer");
    expect(told).to.deep.equal(["joined 0", ...warnings, "lost 2", "3"]);
  });

  it("opens an inbox that was open again where the answer cannot be read", async () => {
    const { socket, clock, rooms } = fakeRig();
    const first = codeOf(rooms.inbox.process(() => undefined));
    socket.welcome();
    socket.take("inbox").answerWith({ ok: true });
    expect(await first).to.equal("bad_answer");
    const second = rooms.inbox.process(() => undefined);
    socket.take("inbox").answer({ cursor: at(0), waiting: 0, known: false });
    await second;
    socket.lose();
    socket.welcome();
    socket.take("inbox").answerWith({ ok: true });
    expect(socket.calls).to.deep.equal([]);
    clock.advance(1_000);
    expect(socket.take("inbox").argument).to.deep.equal({ since: at(0) });
  });

  it("tells again how far the inbox is processed, until the server knows", async () => {
    const { socket, clock, rooms } = fakeRig();
    const opening = rooms.inbox.process(() => undefined);
    socket.welcome();
    socket.take("inbox").answer({ cursor: at(0), waiting: 1, known: true });
    await opening;
    socket.fire("inbox", { type: "receipt", id: "x", position: at(1), from: { user: "bob" }, at: 0 });
    await new Promise((resolve) => setImmediate(resolve));
    socket.take("inbox_ack").expire();
    socket.take("inbox_ack").refuse("unavailable", true);
    clock.advance(1_000);
    socket.take("inbox_ack").answer({ cursor: at(1) });
    expect([socket.calls, clock.pending]).to.deep.equal([[], []]);
  });

  it("opens the inbox again where the server says that it is not open", async () => {
    const { socket, rooms } = fakeRig();
    void rooms.inbox.process(() => undefined);
    socket.welcome();
    socket.take("inbox").answer({ cursor: at(0), waiting: 1, known: true });
    socket.fire("inbox", { type: "receipt", id: "x", position: at(1), from: { user: "bob" }, at: 0 });
    await new Promise((resolve) => setImmediate(resolve));
    socket.take("inbox_ack").refuse("inbox_not_open", false);
    expect(socket.take("inbox").argument).to.deep.equal({ since: at(1) });
  });

  it("gives credentials once for each question, and not to a connection that is gone", async () => {
    const asked: ((token: string) => void)[] = [];
    const { socket, rooms } = fakeRig({ token: () => new Promise((resolve) => asked.push(resolve)) });
    const given: unknown[] = [];
    const ask = (): void =>
      (socket.auth as (give: (data: unknown) => void) => void)((data) => given.push(data));
    ask();
    await new Promise((resolve) => setImmediate(resolve));
    socket.lose();
    asked[0]?.("late");
    ask();
    await new Promise((resolve) => setImmediate(resolve));
    asked[1]?.("fresh");
    await new Promise((resolve) => setImmediate(resolve));
    expect(given).to.deep.equal([{ token: "fresh", device: "phone" }]);
    rooms.close();
  });

  it("ends where the application says that there will be no token any more", async () => {
    const gone = Object.assign(new Error("signed out"), { retryable: false });
    const { socket, rooms } = fakeRig({ token: () => Promise.reject(gone) });
    const ready = codeOf(rooms.ready());
    (socket.auth as (give: () => void) => void)(() => undefined);
    expect([await ready, socket.active]).to.deep.equal(["unauthorized", false]);
  });

  it("leaves no timer behind, whatever it was waiting for", async () => {
    const { socket, clock, rooms } = fakeRig({ token: () => Promise.reject(new Error("down")) });
    const room = rooms.room("r");
    void codeOf(room.join());
    enter(socket);
    void codeOf(room.publish(1));
    socket.take("publish").refuse("rate_limited", true);
    void codeOf(rooms.send("bob", 1));
    socket.take("send").refuse("unavailable", true);
    void codeOf(rooms.inbox.process(() => undefined));
    socket.take("inbox").refuse("unavailable", true);
    socket.fire("message", message(5));
    socket.take("history").refuse("unavailable", true);
    socket.fire("token_expiring", { expiresAt: 0 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(clock.pending.length).to.equal(5);
    rooms.close();
    expect(clock.pending).to.deep.equal([]);
  });

  it("works without its storage where that fails, and says so", () => {
    const full = (): never => {
      throw new Error("storage is full");
    };
    const storage = { getItem: () => null, setItem: full, removeItem: full };
    const { socket, rooms } = fakeRig({ storage });
    const warnings: string[] = [];
    rooms.on("warning", ({ message: text }) => warnings.push(text));
    socket.welcome({ guest: true, token: "t" });
    expect([rooms.connected, warnings]).to.deep.equal([true, ["storage is full"]]);
  });
});
