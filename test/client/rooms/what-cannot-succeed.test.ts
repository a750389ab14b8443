/** What cannot succeed fails by itself, at once or after a bounded number of tries; what is behind it goes on (docs/sdk.md, 4.2). */
import { expect } from "chai";
import type { Position, Room, RoomsErrorLike } from "../../../clients/typescript/src/rooms/index.js";
import { sizeOf } from "../../../clients/typescript/src/rooms/sendable.js";
import { sizeOf as serverSizeOf } from "../../../server/api/size.js";
import { within } from "../../support/deadline.js";
import { fakeRig, type FakeSocket } from "./support/fake-socket.js";
import { CLIENT_NAMES, Stage } from "./support/stage.js";

const at = (offset: number): Position => ({ epoch: "e", offset });
const published = (offset: number): object => ({ id: "p", position: at(offset), at: 0 });
const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "none",
    (error: unknown) => (error as RoomsErrorLike).code,
  );

const cycle: unknown[] = [];
cycle.push(cycle);

const detached = new Uint8Array(8);
structuredClone(detached.buffer, { transfer: [detached.buffer] });
const resizable = new (ArrayBuffer as new (bytes: number, options: object) => ArrayBuffer)(4, {
  maxByteLength: 8,
});

const UNSENDABLE: [what: string, data: unknown][] = [
  ["11 binary values", Array.from({ length: 11 }, () => new Uint8Array(1))],
  ["the place of a binary value", { _placeholder: true, num: 0 }],
  ["a key __proto__", JSON.parse('{"a":{"__proto__":1}}')],
  ["a Blob", { blob: new Blob(["x"]) }],
  ["a File", [new File(["x"], "x")]],
  ["nesting beyond 100", nested(101)],
  ["nesting without an end", nested(5_000)],
  ["a cycle", cycle],
  ["a BigInt", 1n],
  ["nothing", undefined],
  ["a function", () => 1],
  ["11 objects that stand for binary values", Array.from({ length: 11 }, () => ({ $binary: "AAAA" }))],
  ["an ArrayBuffer that was detached", { a: detached.buffer }],
  ["a view of one", detached],
  ["a DataView of one", [viewOfDetached()]],
  ["a SharedArrayBuffer", new SharedArrayBuffer(4)],
  ["a view of one that is shared", new Uint8Array(new SharedArrayBuffer(4))],
  ["a resizable ArrayBuffer", resizable],
  ["a view of one that is resizable", new Uint8Array(resizable)],
];

function viewOfDetached(): DataView {
  const view = new DataView(new ArrayBuffer(8));
  structuredClone(view.buffer, { transfer: [view.buffer] });
  return view;
}

function enter(socket: FakeSocket, room: Room): void {
  void room.join();
  socket.welcome({ messageBytes: 100_000 });
  socket.take("join").answer({ position: at(0), members: [], count: 0 });
}

describe("rooms layer: what cannot succeed", () => {
  it("has the size that the server counts", () => {
    const values = [null, 1, -1.5, "naïve 😀 \n", [], {}, [1, [2]], { a: { b: "c" }, d: [] }, nested(100)];
    const binary = [new Uint8Array(7), { a: new Uint8Array(3), b: [new ArrayBuffer(5), 1] }];
    for (const value of [...values, ...binary]) expect(sizeOf(value)).to.equal(serverSizeOf(value).bytes);
  });

  for (const client of CLIENT_NAMES) {
    it(`fails at once, and what is behind it goes on, over ${client}`, async () => {
      const stage = await Stage.start();
      try {
        const rooms = stage.rooms(client);
        const room = rooms.room("r");
        await within(room.join(), "the join");
        const { user } = await rooms.ready();
        const codes = UNSENDABLE.flatMap(([, data]) => [
          codeOf(room.publish(data)),
          codeOf(rooms.send(user, data)),
        ]);
        for (const [what, data] of UNSENDABLE) {
          expect(() => room.signal(data), what)
            .to.throw()
            .with.property("code", "invalid_argument");
        }
        const tooLarge = (): void => room.signal("x".repeat(70_000));
        expect(tooLarge).to.throw().with.property("code", "message_too_large");
        const large = [
          codeOf(room.publish("x".repeat(70_000))),
          codeOf(rooms.send(user, "x".repeat(2_000_000))),
        ];
        const after = room.publish("after");
        expect(new Set(await within(Promise.all(codes), "the errors"))).to.deep.equal(
          new Set(["invalid_argument"]),
        );
        expect(await within(Promise.all(large), "the errors")).to.deep.equal([
          "message_too_large",
          "message_too_large",
        ]);
        expect((await within(after, "the next publish")).position.offset).to.equal(1);
        expect(rooms.connected).to.equal(true);
      } finally {
        await stage.end();
      }
    });
  }

  for (const [code, tries] of [
    [1009, 3],
    [1006, 5],
  ] as const) {
    it(`fails after ${tries} connections that ended with ${code} under it, and the session lives`, async () => {
      const { socket, rooms, clock } = fakeRig();
      const room = rooms.room("r");
      enter(socket, room);
      const large = codeOf(room.publish("x".repeat(9_000)));
      const other = codeOf(rooms.send("ben", "small"));
      const after = codeOf(room.publish("after"));
      await Promise.resolve();
      for (let i = 0; i < tries; i++) {
        expect(socket.calls.splice(0).map(({ name }) => name)).to.have.members(["publish", "send"]);
        socket.lose(code);
        clock.advance(20_000);
        socket.welcome({ messageBytes: 100_000 });
        socket.take("join").answer({ position: at(0), recovered: true, messages: [], members: [], count: 0 });
        await Promise.resolve();
      }
      expect(await large).to.equal("message_too_large");
      for (const call of socket.calls.splice(0)) {
        expect(call.argument).not.to.deep.include({ data: "x".repeat(9_000) });
        call.answer(published(1));
      }
      expect([await other, await after]).to.deep.equal(["none", "none"]);
    });
  }

  it("fails after 3 connections that ended with 1009 under it, however small it is", async () => {
    const { socket, rooms, clock } = fakeRig();
    const room = rooms.room("r");
    enter(socket, room);
    const small = codeOf(room.publish("x".repeat(6_000)));
    const after = codeOf(room.publish("after"));
    await Promise.resolve();
    for (let i = 0; i < 3; i++) {
      socket.take("publish");
      socket.lose(1009);
      clock.advance(20_000);
      socket.welcome();
      socket.take("join").answer({ position: at(0), recovered: true, messages: [], members: [], count: 0 });
      await Promise.resolve();
    }
    expect(await small).to.equal("message_too_large");
    socket.take("publish").answer(published(1));
    expect(await after).to.equal("none");
  });

  it("is not made again before the server wants it, on a new connection either", async () => {
    const { socket, rooms, clock } = fakeRig();
    const room = rooms.room("r");
    enter(socket, room);
    void room.publish(1);
    await Promise.resolve();
    socket.take("publish").refuse("rate_limited", true, 60_000);
    clock.advance(30_000);
    socket.lose();
    socket.welcome();
    socket.take("join").answer({ position: at(0), recovered: true, messages: [], members: [], count: 0 });
    clock.advance(29_999);
    expect(socket.calls).to.deep.equal([]);
    clock.advance(1);
    socket.take("publish");
  });
});

describe("rooms layer: flush and close", () => {
  it("wait for the acks of publishes and sends, and say how many have none", async () => {
    const { socket, rooms, clock } = fakeRig();
    const room = rooms.room("r");
    enter(socket, room);
    const codes = [room.publish(1), room.publish(2), rooms.send("ben", 3)].map(codeOf);
    await Promise.resolve();
    const flushing = rooms.flush(10_000);
    for (const call of socket.calls.splice(0)) call.answer(published(1));
    await Promise.all([codes[0], codes[2]]);
    const closing = rooms.close(500);
    clock.advance(10_000);
    expect([await flushing, await closing]).to.deep.equal([{ unsent: 1 }, { unsent: 1 }]);
    expect(await Promise.all(codes)).to.deep.equal(["none", "closed", "none"]);
    expect(socket.active).to.equal(false);
  });

  it("hand over without a time-out what the connection takes, in its order", async () => {
    const { socket, rooms } = fakeRig();
    const room = rooms.room("r");
    enter(socket, room);
    const codes = [1, 2, 3].map((data) => codeOf(room.publish(data)));
    await Promise.resolve();
    rooms.close();
    expect(socket.calls.map(({ argument }) => (argument as { data: unknown }).data)).to.deep.equal([1, 2, 3]);
    expect(await Promise.all(codes)).to.deep.equal(["closed", "closed", "closed"]);
  });

  for (const client of CLIENT_NAMES) {
    it(`keep 1,500 sends to as many users, and 200 publishes, over ${client}`, async () => {
      const stage = await Stage.start();
      try {
        const rooms = stage.rooms(client, { maxPending: 2_000 });
        const room = rooms.room("r");
        await within(room.join(), "the join");
        const sends = Array.from({ length: 1_500 }, (_, i) => rooms.send(`user-${i}`, i));
        const publishes = Array.from({ length: 200 }, (_, i) => room.publish(i));
        expect(await within(rooms.close(30_000), "the close", 40_000)).to.deep.equal({ unsent: 0 });
        const offsets = (await Promise.all(publishes)).map(({ position }) => position.offset);
        expect(offsets).to.deep.equal(Array.from({ length: 200 }, (_, i) => i + 1));
        expect(await Promise.all(sends)).to.have.length(1_500);
      } finally {
        await stage.end();
      }
    });
  }
});
