import { expect } from "chai";
import type { InboxItem, Rooms, RoomsErrorLike } from "../../../clients/typescript/src/rooms/index.js";
import { createMemoryStore, storeOptions, type Authenticate } from "../../../server/index.js";
import { until, within } from "../../support/deadline.js";
import { CLIENT_NAMES, MemoryStorage, Stage, type ClientName } from "./support/stage.js";

/** Everybody is who they say, by `auth.token`. */
const authenticate: Authenticate = ({ auth }) => {
  const user = String((auth as { token?: unknown }).token);
  return { ok: true, identity: { user, name: user, guest: false, claims: {} } };
};

const dataOf = (item: InboxItem): unknown => (item.type === "message" ? item.data : item.type);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

for (const client of CLIENT_NAMES) {
  describe(`rooms layer on ${client}: the inbox`, () => {
    let stage: Stage;

    afterEach(() => stage.end());

    function user(
      token: string,
      more: { storage?: MemoryStorage; device?: string; on?: ClientName } = {},
    ): Rooms {
      const { storage, device } = more;
      return stage.rooms(more.on ?? client, {
        token,
        ...(storage === undefined ? {} : { storage }),
        ...(device === undefined ? {} : { device }),
      });
    }

    it("has items processed one at a time, in order: what waited, and then what comes", async () => {
      stage = await Stage.start({ authenticate });
      const ada = user("ada");
      for (const n of [1, 2]) await ada.send("bob", n);
      const bob = user("bob");
      const seen: unknown[] = [];
      let running = 0;
      const opened = await bob.inbox.process(async (item) => {
        expect(++running, "at a time").to.equal(1);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        seen.push(dataOf(item));
      });
      await ada.send("bob", 3);
      await until(() => seen.length === 3, "three items");
      expect([opened.waiting, seen]).to.deep.equal([2, [1, 2, 3]]);
    });

    it("tells a sender who asked for it that the message was processed", async () => {
      stage = await Stage.start({ authenticate });
      const [ada, bob] = [user("ada"), user("bob")];
      const { id } = await ada.send("bob", "x", { receipt: true });
      await bob.inbox.process(() => undefined);
      const receipts = ada.inbox.items();
      expect((await within(receipts.next(), "the receipt")).value).to.deep.include({
        type: "receipt",
        id,
        from: { user: "bob" },
      });
    });

    it("processes each item once, though the connection is cut again and again", async () => {
      stage = await Stage.start({ authenticate });
      const seen: unknown[] = [];
      const bob = user("bob");
      await bob.inbox.process((item) => {
        seen.push(dataOf(item));
        // Three times: the pause before the layer comes back is longer after each connection that did not last.
        if (seen.length % 50 === 0) stage.cut();
      });
      const ada = user("ada");
      await Promise.all(upTo(150).map((n) => ada.send("bob", n)));
      await until(() => seen.length >= 150, "all items", 15_000);
      await ada.send("bob", "last");
      await until(() => seen.at(-1) === "last", "the last item", 15_000);
      expect(seen).to.deep.equal([...upTo(150), "last"]);
    });

    it("gives the item again that was in hand when the program ended, and no other", async () => {
      stage = await Stage.start({ authenticate });
      const storage = new MemoryStorage();
      const ada = user("ada");
      await Promise.all(upTo(10).map((n) => ada.send("bob", n)));
      const seen: unknown[] = [];
      const first = user("bob", { storage });
      await first.inbox.process((item) => {
        seen.push(dataOf(item));
        if (seen.length === 4) first.close();
      });
      await until(() => seen.length === 4, "four items");
      await user("bob", { storage }).inbox.process((item) => void seen.push(dataOf(item)));
      await until(() => seen.at(-1) === 10, "the tenth item");
      expect(seen).to.deep.equal([1, 2, 3, 4, 4, 5, 6, 7, 8, 9, 10]);
    });

    it("processes each item once, though no ack ever reaches the server", async () => {
      stage = await Stage.start({ authenticate });
      const storage = new MemoryStorage();
      const ada = user("ada");
      await Promise.all(upTo(5).map((n) => ada.send("bob", n)));
      const seen: unknown[] = [];
      const first = user("bob", { storage });
      await first.inbox.process((item) => {
        // From here on nothing that the device says arrives.
        if (seen.length === 0) for (const link of stage.network.links) link.stall("up");
        seen.push(dataOf(item));
      });
      await until(() => seen.length === 5, "five items");
      first.close();
      stage.cut();
      const { waiting } = await user("bob", { storage }).inbox.process(
        (item) => void seen.push(dataOf(item)),
      );
      await user("ada").send("bob", 6);
      await until(() => seen.length === 6, "the sixth item");
      expect([waiting, seen]).to.deep.equal([0, upTo(6)]);
    });

    it("gives an item again that was not processed, after a pause, and before any other", async () => {
      stage = await Stage.start({ authenticate });
      const ada = user("ada");
      for (const n of [1, 2]) await ada.send("bob", n);
      const bob = user("bob");
      const warnings: string[] = [];
      bob.on("warning", ({ message }) => warnings.push(message));
      const seen: unknown[] = [];
      await bob.inbox.process((item) => {
        seen.push(dataOf(item));
        if (seen.length === 1) throw new Error("the disk is full");
      });
      await until(() => seen.length === 3, "the second try");
      expect([seen, warnings]).to.deep.equal([[1, 1, 2], ["the disk is full"]]);
    });

    it("counts for each device by itself", async () => {
      stage = await Stage.start({ authenticate });
      const ada = user("ada");
      await ada.send("bob", 1);
      for (const device of ["phone", "laptop"]) {
        const items = user("bob", { device }).inbox.items();
        expect(dataOf((await within(items.next(), "the item")).value as InboxItem)).to.equal(1);
      }
    });

    it("is an iterator too: an item is processed when the next one is asked for", async () => {
      stage = await Stage.start({ authenticate });
      const ada = user("ada");
      for (const n of [1, 2, 3]) await ada.send("bob", n);
      const bob = user("bob");
      const seen: unknown[] = [];
      for await (const item of bob.inbox.items()) {
        seen.push(dataOf(item));
        expect(bob.inbox.cursor?.offset).to.equal(seen.length - 1);
        if (seen.length === 2) break;
      }
      for await (const item of bob.inbox.items()) {
        seen.push(dataOf(item));
        if (dataOf(item) === 3) break;
      }
      expect(seen, "the second one was not processed").to.deep.equal([1, 2, 2, 3]);
    });

    it("has one processor at a time", async () => {
      stage = await Stage.start({ authenticate });
      const bob = user("bob");
      await bob.inbox.process(() => undefined);
      const codes = await Promise.all(
        [bob.inbox.process(() => undefined), bob.inbox.items().next()].map((promise) =>
          promise.then(
            () => "none",
            (error: unknown) => (error as RoomsErrorLike).code,
          ),
        ),
      );
      expect(codes).to.deep.equal(["in_use", "in_use"]);
    });

    it("goes on after a restart of the server, and loses nothing that was acked to its sender", async () => {
      stage = await Stage.start({ authenticate, store: createMemoryStore(storeOptions()) });
      const [ada, bob] = [user("ada"), user("bob")];
      const seen: unknown[] = [];
      await bob.inbox.process((item) => void seen.push(dataOf(item)));
      await ada.send("bob", 1);
      await stage.down();
      const second = ada.send("bob", 2);
      await stage.up();
      await within(second, "the ack");
      await until(() => seen.length >= 2, "both items");
      await ada.send("bob", 3);
      await until(() => seen.at(-1) === 3, "the third item");
      expect(seen).to.deep.equal([1, 2, 3]);
    });

    it("says to the sender that it is full, at once", async () => {
      stage = await Stage.start({ authenticate, limits: { inboxItems: 2 } });
      const ada = user("ada");
      for (const n of [1, 2]) await ada.send("bob", n);
      const error = await within(
        ada.send("bob", 3).catch((thrown: unknown) => thrown as RoomsErrorLike),
        "the refusal",
      );
      expect(error).to.include({ code: "inbox_full", retryable: true });
    });
  });
}
