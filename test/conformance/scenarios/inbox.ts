/** Messages to a user who is away wait, until each of the user's devices has processed them. */
import { expect } from "chai";
import { type Client, eventually } from "../client.js";
import type { Theme } from "../scenario.js";

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

interface Item {
  type: string;
  id: string;
  data?: unknown;
  from: { user: string };
}

/** The next items' data, as they come. */
async function items(client: Client, count: number): Promise<unknown[]> {
  const all: unknown[] = [];
  while (all.length < count) all.push(((await client.next("item"))["item"] as Item).data);
  return all;
}

export const inbox: Theme = {
  title: "Inbox",
  scenarios: [
    {
      title: "what was sent to a user who was away comes when they are there, in order",
      async play(stage) {
        const lobby = await stage.lobby();
        const ada = await lobby.enter({ token: await lobby.world.token("ada") });
        await Promise.all(upTo(150).map((n) => ada.do("send", { to: "ben", data: n })));
        const ben = await lobby.enter({ token: await lobby.world.token("ben"), device: "phone" });
        expect((await ben.do("inbox")).waiting).to.equal(150);
        expect(await items(ben, 150)).to.deep.equal(upTo(150));
        await ada.do("send", { to: "ben", data: "live" });
        expect(await items(ben, 1)).to.deep.equal(["live"]);
      },
    },
    {
      title: "knows up to where this device has processed it",
      async play(stage) {
        const lobby = await stage.lobby();
        const ada = await lobby.enter({ token: await lobby.world.token("ada") });
        const ben = await lobby.enter({ token: await lobby.world.token("ben"), device: "phone" });
        expect(await ben.do("cursor")).to.equal(null);
        await ben.do("inbox", { ask: true });
        expect((await ben.do("cursor"))?.offset).to.equal(0);
        await ada.do("send", { to: "ben", data: "one" });
        const { key } = await ben.next("item");
        expect((await ben.do("cursor"))?.offset).to.equal(0);
        await ben.do("processed", { key });
        await eventually(async () => (await ben.do("cursor"))?.offset === 1, "the item counts as processed");
      },
    },
    {
      title: "each device has its own place in it",
      async play(stage) {
        const lobby = await stage.lobby();
        const token = await lobby.world.token("ben");
        const ada = await lobby.enter({ token: await lobby.world.token("ada") });
        const phone = await lobby.enter({ token, device: "phone" });
        const desk = await lobby.enter({ token, device: "desk" });
        await Promise.all([phone.do("inbox"), desk.do("inbox")]);
        await ada.do("send", { to: "ben", data: "both there" });
        expect(await items(phone, 1)).to.deep.equal(["both there"]);
        expect(await items(desk, 1)).to.deep.equal(["both there"]);
        await desk.do("background");
        for (const n of upTo(3)) await ada.do("send", { to: "ben", data: n });
        expect(await items(phone, 3)).to.deep.equal(upTo(3));
        await desk.do("foreground");
        expect(await items(desk, 3)).to.deep.equal(upTo(3));
      },
    },
    {
      title: "an item that was not processed comes again; one that was does not",
      async play(stage) {
        const lobby = await stage.lobby();
        const ada = await lobby.enter({ token: await lobby.world.token("ada") });
        const ben = await lobby.enter({ token: await lobby.world.token("ben"), device: "phone" });
        await ben.do("inbox", { ask: true });
        await ada.do("send", { to: "ben", data: "hard" });
        await ada.do("send", { to: "ben", data: "next" });
        const first = await ben.next("item");
        await ben.do("processed", { key: first["key"], error: "disk full" });
        const second = await ben.next("item");
        expect((second["item"] as Item).data).to.equal("hard");
        await ben.do("processed", { key: second["key"] });
        const third = await ben.next("item");
        expect((third["item"] as Item).data).to.equal("next");
        await ben.do("processed", { key: third["key"] });
      },
    },
    {
      title: "each item is processed once, though its ack was lost under cuts",
      async play(stage) {
        const lobby = await stage.lobby();
        const ada = await lobby.enter({ token: await lobby.world.token("ada"), url: lobby.directUrl });
        const ben = await lobby.enter({
          token: await lobby.world.token("ben"),
          device: "phone",
          storage: "bens",
        });
        await ben.do("inbox", { ask: true });
        for (const n of upTo(12)) {
          await ada.do("send", { to: "ben", data: n });
          const { key, item } = await ben.next("item");
          expect((item as Item).data).to.equal(n);
          const done = ben.do("processed", { key });
          if (n % 3 === 0) lobby.cut();
          await done;
        }
      },
    },
    {
      title: "a new client with the same storage goes on where the last one was",
      async play(stage) {
        const lobby = await stage.lobby();
        const ada = await lobby.enter({ token: await lobby.world.token("ada") });
        const open = { token: await lobby.world.token("ben"), storage: `of ${ada.name}` };
        const before = await lobby.enter(open);
        const { device } = await before.do("ready");
        await before.do("inbox", { ask: true });
        for (const n of upTo(3)) await ada.do("send", { to: "ben", data: n });
        for (const n of upTo(2)) {
          const { key, item } = await before.next("item");
          expect((item as Item).data).to.equal(n);
          await before.do("processed", { key });
        }
        // In hand when the program ends: not processed.
        await before.next("item");
        await before.do("close");
        const after = await lobby.enter(open);
        expect((await after.do("ready")).device).to.equal(device);
        await after.do("inbox");
        expect(await items(after, 1)).to.deep.equal([2]);
      },
    },
    {
      title: "the sender gets a receipt when a message was processed",
      async play(stage) {
        const lobby = await stage.lobby();
        const ada = await lobby.enter({ token: await lobby.world.token("ada"), device: "desk" });
        const ben = await lobby.enter({ token: await lobby.world.token("ben"), device: "phone" });
        await ada.do("inbox");
        const { id } = await ada.do("send", { to: "ben", data: "read this", receipt: true });
        await ben.do("inbox");
        expect(await items(ben, 1)).to.deep.equal(["read this"]);
        const receipt = (await ada.next("item"))["item"] as Item;
        expect(receipt).to.include({ type: "receipt", id });
        expect(receipt.from.user).to.equal("ben");
      },
    },
    {
      title: "a full inbox is told to the sender, at once",
      async play(stage) {
        const lobby = await stage.lobby({ limits: { inboxItems: 3 } });
        const ada = await lobby.enter({ token: await lobby.world.token("ada") });
        for (const n of upTo(3)) await ada.do("send", { to: "ben", data: n });
        const error = await ada.failure("send", { to: "ben", data: 3 });
        expect([error.code, error.retryable]).to.deep.equal(["inbox_full", true]);
        await ada.do("send", { to: "eve", data: "another inbox" });
      },
    },
    {
      title: "what is sent under cuts is there once",
      async play(stage) {
        const lobby = await stage.lobby();
        const ada = await lobby.enter({ token: await lobby.world.token("ada") });
        const all = upTo(60).map((n) => ada.begin("send", { to: "ben", data: n }).answer);
        for (const n of [10, 30, 50]) {
          await all[n];
          lobby.cut();
        }
        await Promise.all(all);
        const ben = await lobby.enter({ token: await lobby.world.token("ben"), device: "phone" });
        expect((await ben.do("inbox")).waiting).to.equal(60);
        expect(await items(ben, 60)).to.deep.equal(upTo(60));
      },
    },
  ],
};
