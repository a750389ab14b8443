import { expect } from "chai";
import type { RoomsErrorLike } from "../../../clients/typescript/src/rooms/index.js";
import { until, within } from "../../support/deadline.js";
import { next, RoomRecord } from "./support/record.js";
import { CLIENT_NAMES, CLIENTS, Stage } from "./support/stage.js";

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await within(promise, "the rejection");
  } catch (error) {
    return (error as RoomsErrorLike).code;
  }
  throw new Error("it was not rejected");
}

for (const client of CLIENT_NAMES) {
  const other = CLIENT_NAMES.find((name) => name !== client) ?? client;

  describe(`rooms layer on ${client}`, () => {
    let stage: Stage;

    afterEach(() => stage.end());

    it("says who one is, once connected", async () => {
      stage = await Stage.start();
      const rooms = stage.rooms(client, { name: "Ada", device: "phone" });
      expect([rooms.connected, rooms.self]).to.deep.equal([false, undefined]);
      const self = await rooms.ready();
      expect(self).to.include({ name: "Ada", device: "phone", guest: true });
      expect([rooms.connected, rooms.self, await rooms.ready()]).to.deep.equal([true, self, self]);
    });

    it("publishes to everybody in the room, in order, over both protocols", async () => {
      stage = await Stage.start();
      const a = stage.rooms(client);
      const b = stage.rooms(other);
      const records = [a, b].map((rooms) => new RoomRecord(rooms.room("lobby")));
      await Promise.all([a, b].map((rooms) => rooms.room("lobby").join()));
      const acks = await Promise.all([1, 2, 3].map((n) => a.room("lobby").publish(n)));
      for (const record of records) {
        await record.count(3);
        expect(record.told).to.deep.equal(["joined", 1, 2, 3]);
        expect(record.messages.map(({ id, position, at }) => ({ id, position, at }))).to.deep.equal(acks);
        expect(record.room.position).to.deep.equal(acks[2]?.position);
      }
    });

    it("publishes the same id once", async () => {
      stage = await Stage.start();
      const room = stage.rooms(client).room("lobby");
      const record = new RoomRecord(room);
      await room.join();
      const first = await room.publish("x", { id: "i" });
      expect(await room.publish("y", { id: "i" })).to.deep.equal(first);
      await room.publish("z");
      await record.count(2);
      expect(record.data).to.deep.equal(["x", "z"]);
    });

    it("joins and publishes before it is connected", async () => {
      stage = await Stage.start();
      const room = stage.rooms(client).room("lobby");
      const [join, ack] = await Promise.all([room.join(), room.publish("early")]);
      expect([join.recovered, join.position.offset, ack.position.offset]).to.deep.equal([true, 0, 1]);
    });

    it("joins after a position, and delivers what came since before the join resolves", async () => {
      stage = await Stage.start();
      const a = stage.rooms(client);
      await a.room("lobby").join();
      const { position: since } = await a.room("lobby").publish(1);
      await a.room("lobby").publish(2);
      const room = stage.rooms(other).room("lobby");
      const record = new RoomRecord(room);
      expect(await room.join({ since })).to.deep.include({ recovered: true });
      expect(record.told).to.deep.equal([2, "joined"]);
    });

    it("reads the log page by page, backwards and forwards", async () => {
      stage = await Stage.start();
      const room = stage.rooms(client).room("lobby");
      await room.join();
      const acks = await Promise.all([1, 2, 3, 4, 5].map((n) => room.publish(n)));
      const newest = await room.history({ limit: 2 });
      expect([newest.messages.map(({ data }) => data), newest.more]).to.deep.equal([[4, 5], true]);
      const before = await room.history({ before: acks[3]!.position, limit: 10 });
      expect([before.messages.map(({ data }) => data), before.more]).to.deep.equal([[1, 2, 3], false]);
      const after = await room.history({ after: acks[0]!.position, limit: 2 });
      expect([after.messages.map(({ data }) => data), after.more]).to.deep.equal([[2, 3], true]);
    });

    it("keeps who is there, with their devices, and says when it changes", async () => {
      stage = await Stage.start();
      const a = stage.rooms(client, { name: "Ada" });
      const b = stage.rooms(other, { name: "Bob" });
      const room = a.room("lobby");
      await room.join();
      expect([...room.members.values()].map(({ name }) => name)).to.deep.equal(["Ada"]);
      await b.room("lobby").join();
      await until(() => room.members.size === 2, "Bob is there");
      expect([...room.members.values()].map(({ name }) => name)).to.deep.equal(["Ada", "Bob"]);
      expect([room.memberCount, b.room("lobby").memberCount]).to.deep.equal([2, 2]);
      await b.room("lobby").leave();
      await until(() => room.members.size === 1, "Bob has left");
      expect(room.memberCount).to.equal(1);
    });

    it("signals to the others who are there", async () => {
      stage = await Stage.start();
      const a = stage.rooms(client, { name: "Ada" });
      const b = stage.rooms(other);
      await Promise.all([a, b].map((rooms) => rooms.room("lobby").join()));
      const signal = next(b.room("lobby"), "signal");
      a.room("lobby").signal({ typing: true });
      expect(await within(signal, "the signal")).to.deep.include({ room: "lobby", data: { typing: true } });
    });

    it("hears nothing of a room that was left, and ends its iterators", async () => {
      stage = await Stage.start();
      const a = stage.rooms(client);
      const b = stage.rooms(other);
      const room = a.room("lobby");
      const record = new RoomRecord(room);
      await Promise.all([room.join(), b.room("lobby").join()]);
      const messages = room.messages();
      await b.room("lobby").publish(1);
      await record.count(1);
      await room.leave();
      expect([room.joined, await codeOf(room.publish(2))]).to.deep.equal([false, "not_joined"]);
      await b.room("lobby").publish(3);
      await room.join();
      await b.room("lobby").publish(4);
      await record.count(2);
      expect(record.data).to.deep.equal([1, 4]);
      expect(await messages.next()).to.deep.include({ done: false });
      expect(await messages.next()).to.deep.equal({ done: true, value: undefined });
    });

    it("iterates over messages as they come", async () => {
      stage = await Stage.start();
      const room = stage.rooms(client).room<number>("lobby");
      await room.join();
      const seen: number[] = [];
      const reading = (async () => {
        for await (const { data } of room.messages()) {
          seen.push(data);
          if (seen.length === 3) return;
        }
      })();
      for (const n of [1, 2, 3, 4]) await room.publish(n);
      await within(reading, "three messages");
      expect(seen).to.deep.equal([1, 2, 3]);
    });

    it("ends an iterator that lags too far, with an error, after what it had room for", async () => {
      stage = await Stage.start();
      const room = stage.rooms(client, { maxLag: 2 }).room<number>("lobby");
      const record = new RoomRecord(room);
      await room.join();
      const messages = room.messages();
      await Promise.all([1, 2, 3].map((n) => room.publish(n)));
      await record.count(3);
      expect(
        [await messages.next(), await messages.next()].map(({ value }) => (value as { data: number }).data),
      ).to.deep.equal([1, 2]);
      expect(await codeOf(messages.next())).to.equal("too_slow");
      expect(await messages.next()).to.deep.equal({ done: true, value: undefined });
    });

    it("rejects what the server refuses, and goes on", async () => {
      stage = await Stage.start({ limits: { roomsPerDevice: 1, messageBytes: 100 } });
      const rooms = stage.rooms(client);
      const room = rooms.room("lobby");
      await room.join();
      expect(await codeOf(rooms.room("second").join())).to.equal("too_many_rooms");
      expect(await codeOf(rooms.room("").join())).to.equal("invalid_argument");
      expect(await codeOf(room.publish("x".repeat(200)))).to.equal("message_too_large");
      expect(await codeOf(rooms.room("second").history())).to.equal("not_joined");
      expect((await room.publish("small")).position.offset).to.equal(1);
    });

    it("rejects what no message can carry", async () => {
      stage = await Stage.start();
      const room = stage.rooms(client).room("lobby");
      await room.join();
      const circle: unknown[] = [];
      circle.push(circle);
      expect(await codeOf(room.publish(circle))).to.equal("invalid_argument");
      expect((await room.publish("good")).position.offset).to.equal(1);
    });

    it("waits its turn where the server takes no more for a moment", async () => {
      stage = await Stage.start({ limits: { messagesPerSecond: 20 } });
      const room = stage.rooms(client).room("lobby");
      const record = new RoomRecord(room);
      await room.join();
      await Promise.all(Array.from({ length: 50 }, (_, n) => room.publish(n)));
      await record.count(50);
      expect(record.data).to.deep.equal(Array.from({ length: 50 }, (_, n) => n));
    });

    it("gives up a publish whose signal is aborted, and takes no more than may wait", async () => {
      stage = await Stage.start();
      await stage.down();
      const room = stage.rooms(client, { maxPending: 2 }).room("lobby");
      const giveUp = new AbortController();
      const first = room.publish(1, { signal: giveUp.signal });
      void room.publish(2).catch(() => undefined); // it is rejected with the end of the test
      expect(await codeOf(room.publish(3))).to.equal("too_many_pending");
      giveUp.abort();
      expect(await codeOf(first)).to.equal("aborted");
      expect(await codeOf(room.publish(4, { signal: giveUp.signal }))).to.equal("aborted");
    });

    it("works on a socket that has connected by itself, and keeps what the application had in `auth`", async () => {
      const seen: unknown[] = [];
      stage = await Stage.start({
        authenticate: ({ auth }) => {
          seen.push(auth);
          return { ok: true, identity: { user: "ada", name: "Ada", guest: false, claims: {} } };
        },
      });
      for (const auth of [{ theme: "dark" }, (give: (data: object) => void) => give({ theme: "dark" })]) {
        const early = CLIENTS[client](stage.url, { auth });
        await until(() => early.connected, "the socket is connected");
        const late = CLIENTS[client](stage.url, { auth, autoConnect: false });
        for (const socket of [early, late]) {
          expect((await within(stage.on(socket, { device: "phone" }).ready(), "ready")).device).to.equal(
            "phone",
          );
          expect(seen.at(-1)).to.deep.equal({ theme: "dark", device: "phone" });
        }
      }
    });
  });
}
