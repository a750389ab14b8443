import { expect } from "chai";
import type { InboxItem, InboxOpened, Sent } from "../../server/index.js";
import { PROTOCOLS, type Protocol, type TestClient } from "../server/support/clients.js";
import { call, refusalOf, World, type Position } from "./world.js";

const DAY = 24 * 60 * 60_000;

const send = (client: TestClient, to: string, data: unknown, more: object = {}): Promise<Sent> =>
  call<Sent>(client, "send", { to, data, ...more });

const open = (client: TestClient, since?: Position): Promise<InboxOpened> =>
  call<InboxOpened>(client, "inbox", since === undefined ? {} : { since });

const processed = (client: TestClient, { position }: { position: Position }): Promise<unknown> =>
  call(client, "inbox_ack", { position });

async function takeItems(client: TestClient, count: number): Promise<InboxItem[]> {
  const items: InboxItem[] = [];
  while (items.length < count) items.push((await client.nextEvent("inbox")) as InboxItem);
  return items;
}

const dataOf = (items: readonly InboxItem[]): unknown[] =>
  items.map((item) => (item.type === "message" ? item.data : item.type));

const itemsLeft = (client: TestClient): number =>
  client.frames.left.filter((frame) => frame.type === "event" && frame.event === "inbox").length;

for (const protocol of Object.keys(PROTOCOLS) as Protocol[]) {
  describe(`guarantees of the inbox, over ${PROTOCOLS[protocol].title}`, () => {
    let world: World;
    let ada: TestClient;
    let ben: { user: string; token: string };
    const start = async (options: ConstructorParameters<typeof World>[0] = {}): Promise<void> => {
      world = await new World(options).start();
      ada = await world.enter(protocol, { device: "ada" });
      const first = await world.enter(protocol);
      ben = { user: first.self!.user, token: first.self!.token! };
      first.close();
    };
    /** Ben, on one of his devices. */
    const enterBen = (device: string): Promise<TestClient> =>
      world.enter(protocol, { token: ben.token, device });
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

    describe("a device that lags holds back only so much, and is told that it lost", () => {
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
