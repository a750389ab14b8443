/**
 * A data folder that was put back from an older copy kept its epoch, so that a client which had seen 3, 4 and 5 was sent the new 6 and
 * nothing was said. And a copy of a running server's folder was refused as in use, where the kernel has no locks.
 */
import { cpSync } from "node:fs";
import { expect } from "chai";
import { createRooms, type Rooms } from "../../clients/typescript/src/rooms/index.js";
import { CLIENT_NAMES, CLIENTS } from "../client/rooms/support/stage.js";
import { RoomRecord } from "../client/rooms/support/record.js";
import { RestoredStage } from "../guarantees/restored-stage.js";
import { joinRoom } from "../guarantees/world.js";
import { PROTOCOLS } from "../server/support/clients.js";
import { WITHOUT_LOCKS } from "../store/support/process.js";
import { until } from "../support/deadline.js";

describe("a data folder that is put back or copied", () => {
  let stage: RestoredStage;
  const opened: Rooms[] = [];

  beforeEach(async () => {
    stage = await new RestoredStage().start();
  });
  afterEach(async () => {
    for (const rooms of opened.splice(0)) rooms.close();
    await stage.end();
  });

  const enter = (client: (typeof CLIENT_NAMES)[number], device: string): Rooms => {
    const rooms = createRooms(CLIENTS[client](stage.url), { device });
    opened.push(rooms);
    return rooms;
  };

  for (const client of CLIENT_NAMES) {
    it(`has the rooms layer on ${client} tell what its room and its inbox lost`, async () => {
      const reader = enter(client, "reader");
      const record = new RoomRecord(reader.room("r"));
      await record.room.join();
      const items: unknown[] = [];
      let inboxLosses = 0;
      reader.on("inbox_lost", () => (inboxLosses += 1));
      await reader.inbox.process((item) => {
        if (item.type === "message") items.push(item.data);
      });
      const writer = enter(client, "writer");
      const room = writer.room("r");
      await room.join();
      const { user } = reader.self ?? {};
      const say = async (data: unknown): Promise<void> => {
        await room.publish(data);
        await writer.send(user ?? "", data);
      };
      for (const data of ["1", "2"]) await say(data);
      await until(() => items.length === 2, "two items");
      await stage.backup();
      for (const data of ["3", "4", "5"]) await say(data);
      await record.count(5);
      await until(() => items.length === 5, "five items");
      writer.close();

      await stage.putBack();
      await until(() => record.told.includes("lost"), "the room tells of its loss", 15_000);
      await until(() => inboxLosses > 0, "the inbox tells of its loss", 15_000);
      const other = enter(client, "other");
      await other.room("r").join();
      for (const data of ["new 3", "new 4", "new 5", "new 6"]) {
        await other.room("r").publish(data);
        await other.send(user ?? "", data);
      }
      await record.count(9);
      expect(record.told).to.deep.equal([
        ...["joined", "1", "2", "3", "4", "5", "lost"],
        ...["new 3", "new 4", "new 5", "new 6"],
      ]);
      await until(() => items.at(-1) === "new 6", "the last item");
      expect(inboxLosses).to.equal(1);
      expect(new Set(items)).to.deep.equal(
        new Set(["1", "2", "3", "4", "5", "new 3", "new 4", "new 5", "new 6"]),
      );
    }).timeout(60_000);
  }

  for (const [where, env] of [
    ["", {}],
    [", where the kernel has no locks", { NODE_OPTIONS: WITHOUT_LOCKS }],
  ] as const) {
    it(`opens at once beside the server that it is of${where}, under an epoch of its own`, async () => {
      const running = stage.launch(["--port", "0", "--data", stage.path("a"), "--no-demo"], env);
      const first = PROTOCOLS.bridge.open(await running.listening());
      await first.enter();
      const { position } = await joinRoom(first, "r");
      await stage.command("backup", stage.path("b"), "--data", stage.path("a"));
      cpSync(stage.path("a"), stage.path("c"), { recursive: true });
      for (const copy of ["b", "c"]) {
        const beside = stage.launch(["--port", "0", "--data", stage.path(copy), "--no-demo"], env);
        const second = PROTOCOLS.bridge.open(await beside.listening());
        await second.enter();
        expect(await joinRoom(second, "r", position)).to.include({ recovered: false });
        second.close();
      }
      first.close();
    });
  }
});
