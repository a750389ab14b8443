/** The guarantees of a folder that is put back from a backup: what came after the backup is lost, and nobody is left to think that it is not. */
import { expect } from "chai";
import type { History, Published, RoomMessage } from "../../server/index.js";
import { PROTOCOLS, type Protocol, type TestClient } from "../server/support/clients.js";
import { dataOf, itemsLeft, open, processed, send, takeItems } from "./inbox-stage.js";
import { RestoredStage, WAYS } from "./restored-stage.js";
import { call, joinRoom, refusalOf } from "./world.js";

for (const protocol of Object.keys(PROTOCOLS) as Protocol[]) {
  describe(`guarantees of a folder that is put back, over ${PROTOCOLS[protocol].title}`, () => {
    let stage: RestoredStage;

    beforeEach(async () => {
      stage = await new RestoredStage().start();
    });
    afterEach(() => stage.end());

    const enter = (auth: object = {}): Promise<TestClient> => stage.enter(protocol, auth);
    const publish = (client: TestClient, data: unknown, more: object = {}): Promise<Published> =>
      call<Published>(client, "publish", { room: "r", data, ...more });
    const take = async (client: TestClient): Promise<RoomMessage> =>
      (await client.nextEvent("message")) as RoomMessage;

    for (const way of Object.keys(WAYS) as (keyof typeof WAYS)[]) {
      it(`a client that comes back to a backup ${way} is told that it missed something, wherever it was`, async () => {
        const ada = await enter();
        const { position: start } = await joinRoom(ada, "r");
        const { position: quiet } = await joinRoom(ada, "quiet");
        for (const data of ["1", "2"]) await publish(ada, data);
        await stage.backup();
        for (const data of ["3", "4", "5"]) await publish(ada, data);
        const seen = [];
        while (seen.length < 5) seen.push(await take(ada));
        expect(seen.map(({ data }) => data)).to.deep.equal(["1", "2", "3", "4", "5"]);
        const known = [start, ...seen.map(({ position }) => position)];

        await stage.putBack(way);
        const writer = await enter();
        await joinRoom(writer, "r");
        for (const data of ["new 3", "new 4", "new 5", "new 6"]) await publish(writer, data);
        const back = await enter();
        for (const since of known) {
          const answer = await joinRoom(back, "r", since);
          expect(answer).to.deep.include({ recovered: false, messages: [] });
          expect(answer.position.offset).to.equal(6);
          expect(answer.position.epoch).not.to.equal(since.epoch);
          for (const side of ["after", "before"])
            expect(await refusalOf(back, "history", { room: "r", [side]: since })).to.equal(
              "unknown_position",
            );
        }
        expect(await joinRoom(back, "quiet", quiet)).to.deep.include({ recovered: false });
        await publish(writer, "new 7");
        const { position, data } = await take(back);
        expect([data, position.offset]).to.deep.equal(["new 7", 7]);
        const { messages } = await call<History>(back, "history", { room: "r" });
        const kept = ["1", "2", "new 3", "new 4", "new 5", "new 6", "new 7"];
        expect(messages.map((message) => message.data)).to.deep.equal(kept);
        expect(new Set(messages.map((message) => message.position.epoch))).to.have.property("size", 1);
        // From here on it is as after any start.
        const again = await joinRoom(back, "r", messages[4]?.position);
        expect(again.recovered).to.equal(true);
        expect(again.messages?.map((message) => message.data)).to.deep.equal(["new 6", "new 7"]);
      }).timeout(60_000);
    }

    it("an id that was published before the backup is known, and one from after it is appended anew", async () => {
      const ada = await enter();
      await joinRoom(ada, "r");
      const before = await publish(ada, 1, { id: "before" });
      await stage.backup();
      await publish(ada, 2, { id: "after" });
      await stage.putBack();
      const back = await enter({ token: ada.self?.token });
      expect(back.self?.user).to.equal(ada.self?.user);
      const { position } = await joinRoom(back, "r");
      expect(await publish(back, 1, { id: "before" })).to.deep.equal({
        ...before,
        position,
        duplicate: true,
      });
      expect(await publish(back, 2, { id: "after" })).to.deep.include({
        position: { ...position, offset: 2 },
        duplicate: false,
      });
    });

    it("each device is told by its inbox, and gets what it had not processed when the backup was made", async () => {
      const ada = await enter();
      const phone = await enter({ device: "phone" });
      const { user: to, token } = phone.self!;
      const tablet = await enter({ device: "tablet", token });
      for (const device of [phone, tablet]) await open(device);
      for (const data of ["1", "2"]) await send(ada, to, data);
      for (const device of [phone, tablet]) {
        const [first, second] = await takeItems(device, 2);
        expect([first, second].map((item) => item?.position.offset)).to.deep.equal([1, 2]);
        await processed(device, first!);
      }
      await stage.backup();
      for (const data of ["3", "4", "5"]) await send(ada, to, data);
      const items = await takeItems(phone, 3);
      const last = items.at(-1)!.position;
      await processed(phone, { position: last });

      await stage.putBack();
      const writer = await enter();
      for (const data of ["new 3", "new 4", "new 5", "new 6"]) await send(writer, to, data);
      const waiting = ["2", "new 3", "new 4", "new 5", "new 6"];

      // It says where it was; what is at that place now is something else.
      const phoneBack = await enter({ device: "phone", token });
      const opened = await open(phoneBack, last);
      expect(opened).to.deep.include({ waiting: 5, known: true, recovered: false });
      expect(opened.cursor.offset).to.equal(1);
      expect(opened.cursor.epoch).not.to.equal(last.epoch);
      const got = await takeItems(phoneBack, 5);
      expect(dataOf(got)).to.deep.equal(waiting);
      await processed(phoneBack, got.at(-1)!);
      expect(await open(phoneBack, got.at(-1)!.position)).to.deep.include({ waiting: 0, recovered: true });

      // It relies on the server's memory: nothing of what it had processed by then comes again, but it may have lost something.
      const tabletBack = await enter({ device: "tablet", token });
      const answer = await open(tabletBack);
      expect(answer).to.deep.equal({ ...opened, ok: true });
      await processed(tabletBack, { position: answer.cursor });
      expect(dataOf(await takeItems(tabletBack, 5))).to.deep.equal(waiting);
      expect(await open(tabletBack)).to.deep.include({ waiting: 5, known: true, recovered: true });
      expect(itemsLeft(phoneBack)).to.equal(0);
    });

    it("a device is told at each opening, until it acks the answer's position or gives it: an answer that was lost told nobody", async () => {
      const devices = ["acks", "gives"];
      const first = await enter({ device: "acks" });
      const { token } = first.self!;
      const second = await enter({ device: "gives", token });
      for (const device of [first, second]) await open(device);
      await stage.backup();
      await stage.putBack();
      for (const device of devices) {
        const back = await enter({ device, token });
        const { cursor } = await open(back);
        expect(await open(back)).to.include({ recovered: false });
        if (device === "acks") await processed(back, { position: cursor });
        else expect(await open(back, cursor)).to.include({ recovered: true });
        expect(await open(back)).to.include({ recovered: true });
      }
    });

    it("a device that came after the backup is told too, and begins with the oldest item", async () => {
      const ada = await enter();
      const phone = await enter({ device: "phone" });
      const { user: to, token } = phone.self!;
      await send(ada, to, "1");
      await stage.backup();
      await open(phone);
      const [first] = await takeItems(phone, 1);
      await processed(phone, first!);
      await stage.putBack();
      const back = await enter({ device: "phone", token });
      expect(await open(back, first!.position)).to.deep.include({
        waiting: 1,
        known: false,
        recovered: false,
      });
      const [again] = await takeItems(back, 1);
      expect(again).to.deep.equal({ ...first, position: again?.position });
    });
  });
}
