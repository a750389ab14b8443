import { expect } from "chai";
import { PROTOCOLS, type Protocol } from "../server/support/clients.js";
import {
  dataOf,
  itemsLeft,
  open,
  processed,
  send,
  startStage,
  takeItems,
  type InboxStage,
} from "./inbox-stage.js";
import { refusalOf } from "./world.js";

const DAY = 24 * 60 * 60_000;

for (const protocol of Object.keys(PROTOCOLS) as Protocol[]) {
  describe(`guarantees of the inbox, over ${PROTOCOLS[protocol].title}`, () => {
    let world: InboxStage["world"];
    let ada: InboxStage["ada"];
    let ben: InboxStage["ben"];
    let enterBen: InboxStage["enterBen"];
    const start = async (options?: Parameters<typeof startStage>[1]): Promise<void> => {
      ({ world, ada, ben, enterBen } = await startStage(protocol, options));
    };
    afterEach(() => world.stop());

    describe("messages to a user who is offline wait in the inbox", () => {
      it("and are delivered, in order, when a device returns", async () => {
        await start();
        for (const n of [1, 2, 3]) await send(ada, ben.user, n);
        const phone = await enterBen("phone");
        expect(await open(phone)).to.include({ waiting: 3, known: false });
        expect(dataOf(await takeItems(phone, 3))).to.deep.equal([1, 2, 3]);
        await send(ada, ben.user, 4);
        expect(dataOf(await takeItems(phone, 1))).to.deep.equal([4]);
      });

      it("over a restart too", async () => {
        await start();
        await send(ada, ben.user, 1);
        await world.restart();
        const phone = await enterBen("phone");
        await open(phone);
        const [item] = await takeItems(phone, 1);
        expect(item).to.deep.include({ type: "message", data: 1 });
      });

      it("more of them than are sent at once", async () => {
        await start({ limits: { messagesPerSecond: 10_000 } });
        for (let n = 0; n < 250; n++) await send(ada, ben.user, n);
        const phone = await enterBen("phone");
        expect(await open(phone)).to.include({ waiting: 250 });
        const got: unknown[] = [];
        while (got.length < 250) {
          const [item] = await takeItems(phone, 1);
          got.push(...dataOf([item!]));
          if (got.length % 50 === 0) await processed(phone, item!);
        }
        expect(got).to.deep.equal(Array.from({ length: 250 }, (_, n) => n));
      });
    });

    describe("a device acknowledges what it has processed", () => {
      it("and what it has not comes again, while what it has does not", async () => {
        await start();
        for (const n of [1, 2, 3]) await send(ada, ben.user, n);
        const phone = await enterBen("phone");
        await open(phone);
        const items = await takeItems(phone, 3);
        await processed(phone, items[1]!);
        phone.close();
        const back = await enterBen("phone");
        expect(await open(back)).to.deep.include({ cursor: items[1]!.position, waiting: 1, known: true });
        expect(dataOf(await takeItems(back, 1))).to.deep.equal([3]);
        expect(itemsLeft(back)).to.equal(0);
      });

      it("also by the position with which it opens the inbox", async () => {
        await start();
        for (const n of [1, 2, 3]) await send(ada, ben.user, n);
        const phone = await enterBen("phone");
        await open(phone);
        const items = await takeItems(phone, 3);
        phone.close();
        const back = await enterBen("phone");
        expect(await open(back, items[1]!.position)).to.deep.include({
          cursor: items[1]!.position,
          waiting: 1,
        });
        expect(dataOf(await takeItems(back, 1))).to.deep.equal([3]);
      });

      it("but not what it was never sent", async () => {
        await start();
        await send(ada, ben.user, 1);
        const phone = await enterBen("phone");
        await open(phone);
        const [item] = await takeItems(phone, 1);
        const { epoch, offset } = item!.position;
        expect(await refusalOf(phone, "inbox_ack", { position: { epoch, offset: offset + 1 } })).to.equal(
          "unknown_position",
        );
        expect(await refusalOf(phone, "inbox_ack", { position: { epoch: "other", offset } })).to.equal(
          "unknown_position",
        );
      });
    });

    describe("each device has its own cursor", () => {
      it("what one has processed still waits for the other", async () => {
        await start();
        const [phone, laptop] = [await enterBen("phone"), await enterBen("laptop")];
        await open(phone);
        await open(laptop);
        laptop.close();
        for (const n of [1, 2]) await send(ada, ben.user, n);
        const items = await takeItems(phone, 2);
        await processed(phone, items[1]!);
        const back = await enterBen("laptop");
        expect(await open(back)).to.include({ waiting: 2, known: true });
        expect(dataOf(await takeItems(back, 2))).to.deep.equal([1, 2]);
      });

      it("and what all have processed is not kept: a new device does not get it", async () => {
        await start();
        const phone = await enterBen("phone");
        await open(phone);
        for (const n of [1, 2]) await send(ada, ben.user, n);
        await processed(phone, (await takeItems(phone, 2))[1]!);
        const laptop = await enterBen("laptop");
        expect(await open(laptop)).to.include({ waiting: 0, known: false });
      });

      it("a device that does not come for longer than items are kept is forgotten", async () => {
        await start();
        const phone = await enterBen("phone");
        await open(phone);
        phone.close();
        const other = await enterBen("laptop");
        await open(other);
        other.close();
        world.advance(31 * DAY);
        const fresh = await world.enter(protocol, { device: "ada2" });
        const to = fresh.self!.user;
        expect(to).to.not.equal(ben.user);
        await send(fresh, ben.user, 1);
        const back = await world.enter(protocol, { device: "phone" });
        expect(await open(back)).to.include({ known: false });
      });
    });

    describe("a full inbox is an error to the sender, never a silent drop", () => {
      it("and takes again when a device has processed something", async () => {
        await start({ limits: { inboxItems: 3 } });
        for (const n of [1, 2, 3]) await send(ada, ben.user, n, { id: `id ${n}` });
        expect(await refusalOf(ada, "send", { to: ben.user, data: 4, id: "id 4" })).to.equal("inbox_full");
        // What is in it already is still acked, full or not.
        expect(await send(ada, ben.user, 3, { id: "id 3" })).to.include({ duplicate: true });
        const phone = await enterBen("phone");
        await open(phone);
        const items = await takeItems(phone, 3);
        expect(dataOf(items)).to.deep.equal([1, 2, 3]);
        await processed(phone, items[0]!);
        await send(ada, ben.user, 4, { id: "id 4" });
        expect(dataOf(await takeItems(phone, 1))).to.deep.equal([4]);
      });
    });

    describe("what was not recovered is told", () => {
      it("after items were let go by their age, and to a position that is another log's", async () => {
        await start({ inboxAge: 10 * DAY });
        const client = await world.enter(protocol, {
          token: await world.token("cyd", { seconds: 1e8 }),
          device: "phone",
        });
        const { cursor } = await open(client);
        client.close();
        await send(ada, "cyd", 1);
        world.advance(6 * DAY);
        const enter = async () => world.enter(protocol, { token: await world.token("cyd"), device: "phone" });
        const back = await enter();
        expect(await open(back)).to.include({ waiting: 1, recovered: true });
        back.close();
        world.advance(6 * DAY);
        expect(await open(await enter())).to.include({ waiting: 0, known: true, recovered: false });
        expect(await open(await enter(), { ...cursor, epoch: "another" })).to.include({ recovered: false });
        expect(await open(await enter(), { ...cursor, offset: 7 })).to.include({ recovered: false });
        expect(await open(await enter(), { ...cursor, offset: 1 })).to.include({ recovered: true });
      });
    });

    describe("sending again with the same id changes nothing", () => {
      it("after a restart too", async () => {
        await start();
        const first = await send(ada, ben.user, "first", { id: "x" });
        await world.restart();
        const again = await world.enter(protocol, { token: ada.self!.token });
        const second = await send(again, ben.user, "second", { id: "x" });
        expect(second).to.deep.include({ id: "x", at: first.at, duplicate: true });
        const phone = await enterBen("phone");
        expect(await open(phone)).to.include({ waiting: 1 });
      });
    });

    describe("the sender of a message with a receipt gets one, once, when the first device has processed it", () => {
      it("whether connected then or not", async () => {
        await start();
        await open(ada);
        await send(ada, ben.user, 1, { id: "with", receipt: true });
        await send(ada, ben.user, 2, { id: "without" });
        ada.close();
        const [phone, laptop] = [await enterBen("phone"), await enterBen("laptop")];
        await open(phone);
        await open(laptop);
        for (const client of [phone, laptop]) await processed(client, (await takeItems(client, 2))[1]!);
        const back = await world.enter(protocol, { token: ada.self!.token, device: "ada" });
        expect(await open(back)).to.include({ waiting: 1 });
        const [receipt] = await takeItems(back, 1);
        expect(receipt).to.deep.include({ type: "receipt", id: "with", from: { user: ben.user } });
      });
    });
  });
}
