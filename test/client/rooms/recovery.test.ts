import { expect } from "chai";
import type { RoomMessage } from "../../../clients/typescript/src/rooms/index.js";
import { createMemoryStore, DEFAULT_ROOM, storeOptions } from "../../../server/index.js";
import { until, within } from "../../support/deadline.js";
import { Random, SEED } from "../../support/random.js";
import { lossy } from "./support/lossy.js";
import { next, RoomRecord } from "./support/record.js";
import { CLIENT_NAMES, QUICK_HEARTBEAT, Stage } from "./support/stage.js";

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

for (const client of CLIENT_NAMES) {
  describe(`rooms layer on ${client}: recovery`, () => {
    let stage: Stage;

    afterEach(() => stage.end());

    /** A device of whom the test looks at what was delivered, and a server that publishes though the network is down. */
    async function reader(wrap?: ReturnType<typeof lossy>): Promise<RoomRecord> {
      const record = new RoomRecord(stage.rooms(client, { ackTimeout: 2_000 }, wrap).room("lobby"));
      await record.room.join();
      return record;
    }

    /** Keeps devices away until the returned function is called. */
    function unplug(): () => void {
      stage.network.setTarget({ port: 1 });
      stage.cut();
      return () => stage.network.setTarget({ port: stage.port });
    }

    async function publish(data: readonly unknown[]): Promise<void> {
      const rooms = stage.direct(client);
      const room = rooms.room("lobby");
      await room.join();
      for (const value of data) await room.publish(value);
      rooms.close();
    }

    it("delivers what was missed while the connection was cut, and goes on", async () => {
      stage = await Stage.start();
      const record = await reader();
      await publish([1]);
      await record.count(1);
      const plug = unplug();
      await until(() => !record.room.joined, "the device has noticed");
      await publish([2, 3]);
      plug();
      await record.count(3);
      await publish([4]);
      await record.count(4);
      expect(record.told).to.deep.equal(["joined", 1, 2, 3, "joined", 4]);
    });

    it("is in one state of four: detached, joining, recovering or joined", async () => {
      stage = await Stage.start();
      const room = stage.rooms(client).room("lobby");
      expect(room.state).to.equal("detached");
      const seen: string[] = [];
      const look = (): void => void seen.push(room.state);
      room.on("message", look).on("joined", look);
      const joining = room.join();
      expect(room.state).to.equal("joining");
      await joining;
      expect(room.state).to.equal("joined");
      const plug = unplug();
      await until(() => room.state === "recovering", "the device has noticed");
      await publish(["missed"]);
      plug();
      await until(() => room.joined, "it has joined again");
      // What was missed is told before the room is joined again.
      expect(seen).to.deep.equal(["joined", "recovering", "joined"]);
      const leaving = room.leave();
      expect(room.state).to.equal("detached");
      await leaving;
    });

    it("is detached where joining was refused, and where it was left before the server had answered", async () => {
      stage = await Stage.start();
      const room = stage.rooms(client).room("r".repeat(1_000));
      const refusal = await room.join().catch((error: unknown) => error);
      expect(refusal).to.have.property("code", "invalid_argument");
      expect(room.state).to.equal("detached");
      const other = stage.rooms(client).room("other");
      const joining = other.join().catch((error: unknown) => error);
      const leaving = other.leave();
      expect(other.state).to.equal("detached");
      expect(await joining).to.have.property("code", "aborted");
      await leaving;
      expect(other.state).to.equal("detached");
    });

    it("recovers before the first message too, and where nothing was missed", async () => {
      stage = await Stage.start();
      const record = await reader();
      stage.cut();
      await until(() => record.told.length === 2, "it has joined again");
      const plug = unplug();
      await publish([1]);
      plug();
      await record.count(1);
      expect(record.told.slice(0, 3)).to.deep.equal(["joined", "joined", 1]);
    });

    it("pages through more than goes into one answer", async () => {
      stage = await Stage.start();
      const record = await reader();
      const plug = unplug();
      await until(() => !record.room.joined, "the device has noticed");
      await stage.fill("lobby", 1_700);
      plug();
      await record.count(1_700);
      await publish(["last"]);
      await record.count(1_701);
      expect(record.told).to.deep.equal(["joined", ...upTo(1_700), "joined", "last"]);
    });

    it("says so if what was missed is not kept any more, and goes on from there", async () => {
      stage = await Stage.start({
        roomSettings: () => ({ ...DEFAULT_ROOM, history: { count: 10, age: Infinity } }),
      });
      const record = await reader();
      await publish([1]);
      await record.count(1);
      const plug = unplug();
      await until(() => !record.room.joined, "the device has noticed");
      await stage.fill("lobby", 50);
      const joined = next(record.room, "joined");
      plug();
      expect(await within(joined, "the join")).to.deep.include({ recovered: false });
      await publish(["after"]);
      await record.count(2);
      expect([record.told, record.room.position?.offset]).to.deep.equal([["joined", 1, "lost", "after"], 52]);
    });

    it("recovers from a server that was restarted with its store", async () => {
      const store = createMemoryStore(storeOptions());
      stage = await Stage.start({ store });
      const record = await reader();
      await publish([1]);
      await record.count(1);
      await stage.down();
      await stage.up();
      await publish([2]);
      await record.count(2);
      expect(record.data).to.deep.equal([1, 2]);
      expect(record.told).not.to.include("lost");
    });

    it("says so if the server was restarted without", async () => {
      stage = await Stage.start();
      const record = await reader();
      await publish([1, 2]);
      await record.count(2);
      await stage.down();
      const joined = next(record.room, "joined");
      await stage.up();
      expect(await within(joined, "the join")).to.deep.include({ recovered: false });
      await publish(["new"]);
      await record.count(3);
      expect(record.told).to.deep.equal(["joined", 1, 2, "lost", "new"]);
    });

    it("finds out by itself that a connection has fallen silent, and publishes once what was under way", async () => {
      stage = await Stage.start({ heartbeat: QUICK_HEARTBEAT });
      const record = await reader();
      stage.stall();
      const ack = record.room.publish("silent");
      await publish(["meanwhile"]);
      await within(ack, "the ack", 10_000);
      await record.count(2);
      expect(record.data).to.have.members(["silent", "meanwhile"]);
      expect(record.told).not.to.include("lost");
    });

    it("repeats what was not acked in time, though the connection lives", async () => {
      stage = await Stage.start();
      const rooms = stage.rooms(client, { ackTimeout: 200 });
      const record = new RoomRecord(rooms.room("lobby"));
      await record.room.join();
      for (const link of stage.network.links) link.stall("down");
      const ack = record.room.publish("x");
      await until(() => stage.calls("publish") >= 2, "it was published again");
      stage.network.heal();
      const { position } = await within(ack, "the ack");
      await record.room.publish("y");
      await record.count(2);
      expect([position.offset, record.data]).to.deep.equal([1, ["x", "y"]]);
    });

    it("repairs a gap from the log before it delivers anything later, and drops what comes twice", async () => {
      stage = await Stage.start();
      const isLost = (event: string, value: unknown): boolean =>
        event === "message" && [2, 3, 6].includes((value as RoomMessage).position.offset);
      const record = await reader(lossy(isLost));
      await publish(upTo(7));
      await record.count(7);
      expect(record.told).to.deep.equal(["joined", ...upTo(7)]);
    });

    it("loses and doubles nothing that it publishes while it is cut off again and again", async function () {
      // The pauses of socket.io-client's layer, of up to ten seconds each, double with each cut that follows soon after another.
      this.timeout(90_000);
      stage = await Stage.start();
      const [writer, record] = [await reader(), await reader()];
      const random = new Random(SEED);
      const acks = upTo(150).map((n) => writer.room.publish(n));
      for (let cuts = 0; cuts < 8; cuts++) {
        const goal = record.messages.length + random.below(15);
        await until(
          () => record.messages.length >= Math.min(goal, 150) && writer.room.joined,
          "it goes on",
          15_000,
        );
        stage.cut();
      }
      const offsets = (await Promise.all(acks)).map(({ position }) => position.offset);
      await Promise.all([record.count(150), writer.count(150)]);
      expect(offsets).to.deep.equal(upTo(150));
      for (const { data, told } of [record, writer]) {
        expect(data).to.deep.equal(upTo(150));
        expect(told).not.to.include("lost");
      }
    });

    it("stays away while the application has it disconnected, and comes back when it connects", async () => {
      stage = await Stage.start();
      const socket = stage.socket(client);
      const rooms = stage.on(socket);
      const record = new RoomRecord(rooms.room("lobby"));
      await record.room.join();
      const gone = next(rooms, "disconnect");
      socket.disconnect();
      await within(gone, "the disconnect");
      const ack = record.room.publish("waits");
      await publish([1]);
      expect(rooms.connected).to.equal(false);
      socket.connect();
      await within(ack, "the ack");
      await record.count(2);
      expect(record.told).to.deep.equal(["joined", 1, "joined", "waits"]);
    });

    it("comes back by itself after the server has sent it away without a reason", async () => {
      stage = await Stage.start();
      const record = await reader();
      stage.server.io.disconnectSockets(true);
      await until(() => record.told.length === 2, "it has joined again");
      await publish([1]);
      await record.count(1);
      expect(record.told).to.deep.equal(["joined", "joined", 1]);
    });
  });
}
