import { expect } from "chai";
import { PROTOCOLS, type Protocol, type TestClient } from "../server/support/clients.js";
import { open, processed, send, startStage, takeItems, type InboxStage } from "./inbox-stage.js";
import { refusalOf } from "./world.js";

const DAY = 24 * 60 * 60_000;

for (const protocol of Object.keys(PROTOCOLS) as Protocol[]) {
  describe(`a device that lags holds back only so much of an inbox, and is told that it lost, over ${PROTOCOLS[protocol].title}`, () => {
    let world: InboxStage["world"];
    let ada: InboxStage["ada"];
    let ben: InboxStage["ben"];
    let enterBen: InboxStage["enterBen"];
    const start = async (options?: Parameters<typeof startStage>[1]): Promise<void> => {
      ({ world, ada, ben, enterBen } = await startStage(protocol, options));
    };
    afterEach(() => world.stop());

    const full = { limits: { inboxItems: 10, messagesPerSecond: 10_000 } };
    /** Sends numbers to Ben, of which the device processes each, as long as the inbox takes them. */
    const sendAndProcess = async (from: number, to: number, client: TestClient): Promise<void> => {
      for (let n = from; n <= to; n++) {
        await send(ada, ben.user, n);
        await processed(client, (await takeItems(client, 1))[0]!);
      }
    };

    /** Ben's phone, where his laptop has opened the inbox too, and is gone. */
    const phoneAlone = async (): Promise<TestClient> => {
      const [phone, laptop] = [await enterBen("phone"), await enterBen("laptop")];
      for (const device of [phone, laptop]) expect(await open(device)).to.include({ recovered: true });
      laptop.close();
      return phone;
    };

    it("where it is gone: others' items find room, and it learns when it comes back", async () => {
      await start(full);
      const phone = await phoneAlone();
      await sendAndProcess(1, 10, phone);
      expect(await open(await enterBen("tablet"))).to.include({ known: false, recovered: true });
      await sendAndProcess(11, 15, phone);
      expect(await open(await enterBen("laptop"))).to.include({ known: true, recovered: false });
    });

    it("at each opening, until it has acked something since: an answer that was lost told nobody", async () => {
      await start(full);
      const phone = await phoneAlone();
      await sendAndProcess(1, 15, phone);
      // Whether an answer arrived, the server cannot know.
      for (let times = 0; times < 2; times++) {
        const back = await enterBen("laptop");
        expect(await open(back)).to.include({ known: true, recovered: false });
        back.close();
      }
      await world.restart();
      const back = await enterBen("laptop");
      expect(await open(back)).to.include({ known: true, recovered: false });
      await processed(back, (await takeItems(back, 1))[0]!);
      back.close();
      expect(await open(await enterBen("laptop"))).to.include({ known: true, recovered: true });
    });

    it("by what it says to have processed, and not by what the server would send next", async () => {
      await start(full);
      const [phone, laptop] = [await enterBen("phone"), await enterBen("laptop")];
      await open(phone);
      await open(laptop);
      await send(ada, ben.user, 1);
      const [first] = await takeItems(laptop, 1);
      await processed(laptop, first!);
      await processed(phone, (await takeItems(phone, 1))[0]!);
      laptop.close();
      await sendAndProcess(2, 25, phone);
      const since = first!.position;
      for (let times = 0; times < 2; times++) {
        const back = await enterBen("laptop");
        expect(await open(back, since)).to.include({ recovered: false });
        back.close();
      }
      const back = await enterBen("laptop");
      const { cursor } = await open(back, since);
      expect(cursor.offset).to.be.greaterThan(since.offset);
      back.close();
      expect(await open(await enterBen("laptop"), cursor)).to.include({ recovered: true });
      // One that says less now is another tab of the device that was told, and what that has acked counts.
      expect(await open(await enterBen("laptop"), since)).to.include({ recovered: true });
    });

    it("but not of what another connection of the device has processed, and nobody keeps any more", async () => {
      await start(full);
      const [first, second] = [await enterBen("laptop"), await enterBen("laptop")];
      const { cursor } = await open(first);
      await open(second);
      await send(ada, ben.user, 1);
      await processed(second, (await takeItems(second, 1))[0]!);
      second.close();
      expect(await open(first, cursor)).to.include({ known: true, recovered: true });
    });

    it("until it acks the cursor that it was told, where nothing waits", async () => {
      await start({ inboxAge: 10 * DAY });
      const enterCyd = async (): Promise<TestClient> =>
        world.enter(protocol, { token: await world.token("cyd", { seconds: 1e8 }), device: "phone" });
      const phone = await enterCyd();
      await open(phone);
      phone.close();
      world.advance(6 * DAY);
      await send(ada, "cyd", 1);
      const seen = await enterCyd();
      await open(seen);
      seen.close();
      world.advance(6 * DAY);
      const looked = await enterCyd();
      await open(looked);
      looked.close();
      world.advance(6 * DAY);
      const back = await enterCyd();
      const opened = await open(back);
      expect(opened).to.include({ waiting: 0, known: true, recovered: false });
      await processed(back, { position: opened.cursor });
      back.close();
      expect(await open(await enterCyd())).to.include({ known: true, recovered: true });
    });

    it("where several are gone", async () => {
      await start(full);
      for (const device of ["old", "older"]) {
        const gone = await enterBen(device);
        await open(gone);
        gone.close();
      }
      const phone = await enterBen("phone");
      await open(phone);
      await sendAndProcess(1, 25, phone);
    });

    it("where it is there and processes nothing for long", async () => {
      await start({ limits: { inboxItems: 200, messagesPerSecond: 10_000 } });
      const [phone, laptop] = [await enterBen("phone"), await enterBen("laptop")];
      await open(phone);
      await open(laptop);
      await sendAndProcess(1, 350, phone);
      const items = await takeItems(laptop, 100);
      expect(items.at(-1)?.position.offset).to.equal(100);
      await processed(laptop, items.at(-1)!);
      const next = await takeItems(laptop, 1);
      expect(next[0]?.position.offset).to.be.greaterThan(101);
      await processed(laptop, next[0]!);
      laptop.close();
      const back = await enterBen("laptop");
      expect(await open(back)).to.include({ known: true, recovered: false });
      await processed(back, (await takeItems(back, 1))[0]!);
      back.close();
      expect(await open(await enterBen("laptop"))).to.include({ known: true, recovered: true });
    });

    it("where what came after the gap was processed, and its ack was lost", async () => {
      await start({ limits: { inboxItems: 200, messagesPerSecond: 10_000 } });
      const [phone, laptop] = [await enterBen("phone"), await enterBen("laptop")];
      await open(phone);
      await open(laptop);
      await sendAndProcess(1, 350, phone);
      const items = await takeItems(laptop, 100);
      await processed(laptop, items.at(-1)!);
      const [next] = await takeItems(laptop, 1);
      expect(next!.position.offset).to.be.greaterThan(101);
      laptop.close();
      for (let times = 0; times < 2; times++) {
        const back = await enterBen("laptop");
        expect(await open(back, next!.position)).to.include({ known: true, recovered: false });
        back.close();
      }
      const back = await enterBen("laptop");
      await open(back, next!.position);
      const [after] = await takeItems(back, 1);
      back.close();
      expect(await open(await enterBen("laptop"), after!.position)).to.include({ recovered: true });
    });

    it("and where none of them has processed anything, the inbox is full", async () => {
      await start(full);
      const [phone, laptop] = [await enterBen("phone"), await enterBen("laptop")];
      await open(phone);
      await open(laptop);
      for (let n = 1; n <= 10; n++) await send(ada, ben.user, n);
      expect(await refusalOf(ada, "send", { to: ben.user, data: 11 })).to.equal("inbox_full");
    });
  });
}
