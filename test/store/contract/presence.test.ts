import { expect } from "chai";
import type { Device } from "../../../server/api/types.js";
import type { Presence } from "../../../server/store/presence.js";
import { MINUTE, TestOptions } from "../support/options.js";
import { describeStores } from "../support/stores.js";

describeStores("presence", (test) => {
  let options: TestOptions;
  let presence: Presence;

  beforeEach(async () => {
    options = new TestOptions();
    await test.open(options);
    ({ presence } = test.store);
  });

  afterEach(() => test.dispose());

  const device = (id: string, sid = `${id}-sid`, transport: Device["transport"] = "websocket") => ({
    id,
    sid,
    transport,
  });

  /** A change; a test in which one may not be there with so many devices asks for itself. */
  const enter = async (user: string, at: Device, room = "room", name = user.toUpperCase()) => {
    const change = await presence.enter({ room, user, name, device: at }, 20);
    if (change === "full") throw new Error("the row is full");
    return change;
  };

  const rows = async (room = "room") => (await presence.members(room, Infinity)).members;
  const users = async (room = "room") => (await rows(room)).map(({ user }) => user);

  describe("enter", () => {
    it("gives join for a user who was not there", async () => {
      const member = { user: "ada", name: "ADA", devices: [device("phone")] };
      expect(await enter("ada", device("phone"))).to.deep.equal({
        room: "room",
        type: "join",
        member,
        count: 1,
      });
      expect(await rows()).to.deep.equal([member]);
    });

    it("gives update with another device alone, which is listed after the first", async () => {
      await enter("ada", device("phone"));
      const change = await enter("ada", device("laptop"));
      expect(change).to.deep.equal({
        room: "room",
        type: "update",
        member: { user: "ada", name: "ADA", devices: [device("laptop")] },
        count: 1,
      });
      expect((await rows())[0]?.devices).to.deep.equal([device("phone"), device("laptop")]);
      expect(await presence.count("room")).to.equal(1);
    });

    it("gives update for another transport, and for another name", async () => {
      await enter("ada", device("phone"));
      expect(await enter("ada", device("phone", "phone-sid", "bridge"))).to.include({ type: "update" });
      const change = await enter("ada", device("phone", "phone-sid", "bridge"), "room", "Countess");
      expect(change).to.deep.include({
        type: "update",
        member: { user: "ada", name: "Countess", devices: [] },
      });
    });

    it("says how many users are in the room then", async () => {
      expect(await enter("ada", device("phone"))).to.include({ count: 1 });
      expect(await enter("bob", device("phone"))).to.include({ count: 2 });
      expect(await enter("ada", device("laptop"))).to.include({ count: 2 });
      expect(await enter("cid", device("phone"), "other")).to.include({ count: 1 });
    });

    it("gives undefined where nothing changed", async () => {
      await enter("ada", device("phone"));
      expect(await enter("ada", device("phone"))).to.be.undefined;
    });

    it("shows a device that is there with two connections once, with the newer one", async () => {
      await enter("ada", device("phone", "old"));
      expect(await enter("ada", device("phone", "new"))).to.be.undefined;
      expect((await rows())[0]?.devices).to.deep.equal([device("phone", "new")]);
      expect(await presence.exit("room", "ada", "old")).to.be.undefined;
      expect((await rows())[0]?.devices).to.deep.equal([device("phone", "new")]);
      expect(await presence.exit("room", "ada", "new")).to.include({ type: "leave" });
    });

    it("refuses one device more than a user may have, but not another connection of one that is there", async () => {
      const two = (at: Device) => presence.enter({ room: "room", user: "ada", name: "ADA", device: at }, 2);
      await two(device("phone"));
      await two(device("laptop"));
      expect(await two(device("tablet"))).to.equal("full");
      expect(await two(device("laptop", "new"))).to.be.undefined;
      expect((await rows())[0]?.devices).to.deep.equal([device("phone"), device("laptop", "new")]);
    });

    it("lets the device that was away for longest make room for one more", async () => {
      const two = (at: Device) => presence.enter({ room: "room", user: "ada", name: "ADA", device: at }, 2);
      await two(device("phone"));
      await two(device("laptop"));
      await presence.away("room", "ada", "phone-sid", 200);
      await presence.away("room", "ada", "laptop-sid", 100);
      expect(await two(device("tablet"))).to.deep.equal({
        room: "room",
        type: "update",
        member: { user: "ada", name: "ADA", devices: [device("tablet")] },
        gone: ["laptop"],
        count: 1,
      });
      expect(await presence.expire(100, Infinity)).to.be.empty;
    });

    it("gives the row the name of the device that came last", async () => {
      await enter("ada", device("phone"), "room", "first");
      await enter("ada", device("laptop"), "room", "last");
      expect((await rows())[0]?.name).to.equal("last");
    });

    it("keeps rooms and users apart, whatever their names hold", async () => {
      await enter("a\u0000b", device("d"), "c");
      await enter("b\u0000c", device("d"), "a");
      await enter("\ud800", device("d"), "a");
      await enter("\ud801", device("d"), "a");
      await enter("__proto__", device("__proto__"), "__proto__");
      expect(await users("a")).to.deep.equal(["b\u0000c", "\ud800", "\ud801"]);
      expect(await users("c")).to.deep.equal(["a\u0000b"]);
      expect(await users("__proto__")).to.deep.equal(["__proto__"]);
    });
  });

  describe("exit", () => {
    it("gives leave, without devices, when the last device went", async () => {
      await enter("ada", device("phone"));
      expect(await presence.exit("room", "ada", "phone-sid")).to.deep.equal({
        room: "room",
        type: "leave",
        member: { user: "ada", name: "ADA", devices: [] },
        count: 0,
      });
      expect(await presence.has("room", "ada")).to.be.false;
      expect(await presence.count("room")).to.equal(0);
    });

    it("gives update that names the device, while others of the user's are there", async () => {
      await enter("ada", device("phone"));
      await enter("ada", device("laptop"));
      expect(await presence.exit("room", "ada", "phone-sid")).to.deep.equal({
        room: "room",
        type: "update",
        member: { user: "ada", name: "ADA", devices: [] },
        gone: ["phone"],
        count: 1,
      });
    });

    it("of a device's newer connection shows the older one again", async () => {
      await enter("ada", device("phone", "old", "bridge"));
      expect(await enter("ada", device("phone", "new"))).to.include({ type: "update" });
      expect(await presence.exit("room", "ada", "new")).to.deep.equal({
        room: "room",
        type: "update",
        member: { user: "ada", name: "ADA", devices: [device("phone", "old", "bridge")] },
        count: 1,
      });
      expect((await rows())[0]?.devices).to.deep.equal([device("phone", "old", "bridge")]);
    });

    it("gives undefined for who is not there", async () => {
      await enter("ada", device("phone"));
      expect(await presence.exit("room", "ada", "other")).to.be.undefined;
      expect(await presence.exit("room", "bob", "phone-sid")).to.be.undefined;
      expect(await presence.exit("other", "ada", "phone-sid")).to.be.undefined;
      expect(await users()).to.deep.equal(["ada"]);
    });

    it("gives a user who comes again a new place at the end", async () => {
      await enter("ada", device("phone"));
      await enter("bob", device("phone"));
      await presence.exit("room", "ada", "phone-sid");
      await enter("ada", device("phone"));
      expect(await users()).to.deep.equal(["bob", "ada"]);
    });
  });

  describe("away", () => {
    beforeEach(() => enter("ada", device("phone")));

    it("leaves the device there until its time is over", async () => {
      await presence.away("room", "ada", "phone-sid", 100);
      expect((await rows())[0]?.devices).to.deep.equal([device("phone")]);
      expect(await presence.expire(99, Infinity)).to.be.empty;
      expect(await presence.expire(100, Infinity)).to.deep.equal([
        { room: "room", type: "leave", member: { user: "ada", name: "ADA", devices: [] }, count: 0 },
      ]);
      expect(await presence.count("room")).to.equal(0);
      expect(await presence.expire(1_000, Infinity)).to.be.empty;
    });

    it("is over when the device comes back, of which nobody hears if only the sid differs", async () => {
      await presence.away("room", "ada", "phone-sid", 100);
      expect(await enter("ada", device("phone", "new"))).to.be.undefined;
      expect(await presence.expire(1_000, Infinity)).to.be.empty;
      expect((await rows())[0]?.devices).to.deep.equal([device("phone", "new")]);
    });

    it("is over with update when the device comes back with another transport", async () => {
      await presence.away("room", "ada", "phone-sid", 100);
      expect(await enter("ada", device("phone", "new", "bridge"))).to.include({ type: "update" });
    });

    it("of one of a device's two connections leaves the device there with the other", async () => {
      await enter("ada", device("phone", "new"));
      expect(await presence.away("room", "ada", "new", 100)).to.be.undefined;
      expect(await presence.expire(1_000, Infinity)).to.be.empty;
      expect((await rows())[0]?.devices).to.deep.equal([device("phone")]);
    });

    it("of a device's newer connection gives update where the older one has another transport", async () => {
      await enter("ada", device("phone", "new", "bridge"));
      expect(await presence.away("room", "ada", "new", 100)).to.deep.include({
        type: "update",
        member: { user: "ada", name: "ADA", devices: [device("phone")] },
      });
    });

    it("of who is not there does nothing", async () => {
      await presence.away("room", "bob", "phone-sid", 100);
      await presence.away("other", "ada", "phone-sid", 100);
      expect(await presence.expire(1_000, Infinity)).to.be.empty;
    });

    it("can be told again, with another time", async () => {
      await presence.away("room", "ada", "phone-sid", 100);
      await presence.away("room", "ada", "phone-sid", 200);
      expect(await presence.expire(150, Infinity)).to.be.empty;
      expect(await presence.expire(200, Infinity)).to.have.length(1);
    });

    it("that is over for one of two devices gives update, and for both at once one leave", async () => {
      await enter("ada", device("laptop"));
      await presence.away("room", "ada", "phone-sid", 100);
      expect(await presence.expire(100, Infinity)).to.deep.equal([
        {
          room: "room",
          type: "update",
          member: { user: "ada", name: "ADA", devices: [] },
          gone: ["phone"],
          count: 1,
        },
      ]);
      await enter("ada", device("phone"));
      await presence.away("room", "ada", "phone-sid", 200);
      await presence.away("room", "ada", "laptop-sid", 201);
      expect((await presence.expire(300, Infinity)).map(({ type }) => type)).to.deep.equal(["leave"]);
    });

    it("is ended for so many rows at a time, those first that were over first, until none is left", async () => {
      for (const user of ["bob", "cid", "dan", "eve"]) await enter(user, device(`${user}-phone`));
      await enter("cid", device("cid-laptop"));
      const over = { bob: 300, dan: 100, eve: 100, cid: 200 };
      for (const [user, until] of Object.entries(over)) {
        await presence.away("room", user, `${user}-phone-sid`, until);
      }
      await presence.away("room", "cid", "cid-laptop-sid", 250);
      await presence.away("room", "ada", "phone-sid", 1_000);
      const expire = async (limit: number) =>
        (await presence.expire(500, limit)).map(
          ({ type, member, count }) => `${member.user} ${type} ${count}`,
        );
      expect(await expire(0)).to.be.empty;
      // Both devices of one row are one change.
      expect(await expire(3)).to.deep.equal(["dan leave 4", "eve leave 3", "cid leave 2"]);
      expect(await expire(3)).to.deep.equal(["bob leave 1"]);
      expect(await expire(3)).to.be.empty;
    });

    it("of those who come and go again and again is ended once, at the last time that was told", async () => {
      for (let round = 0; round < 10; round++) {
        await presence.away("room", "ada", "phone-sid", 100 + round);
        if (round < 9) await enter("ada", device("phone"));
      }
      expect(await presence.expire(108, 1)).to.be.empty;
      expect(await presence.expire(109, 1)).to.have.length(1);
      expect(await presence.expire(1_000, 1)).to.be.empty;
    });

    it("is over at once for a device that exits", async () => {
      await presence.away("room", "ada", "phone-sid", 100);
      expect(await presence.exit("room", "ada", "phone-sid")).to.include({ type: "leave" });
      expect(await presence.expire(1_000, Infinity)).to.be.empty;
    });
  });

  describe("members", () => {
    beforeEach(async () => {
      for (const user of ["dan", "ada", "cid", "bob"]) await enter(user, device("phone"));
    });

    const page = async (limit: number, after?: string) => {
      const { members, count, more } = await presence.members("room", limit, after);
      return { users: members.map(({ user }) => user), count, more };
    };

    it("gives users in the order in which they came, page by page", async () => {
      expect(await page(2)).to.deep.equal({ users: ["dan", "ada"], count: 4, more: true });
      expect(await page(2, "ada")).to.deep.equal({ users: ["cid", "bob"], count: 4, more: false });
      expect(await page(2, "bob")).to.deep.equal({ users: [], count: 4, more: false });
      expect(await page(0)).to.deep.equal({ users: [], count: 4, more: true });
    });

    it("goes on after a user whoever has gone before and after, and come again", async () => {
      const all = Array.from({ length: 60 }, (_, n) => `user ${n}`);
      for (const user of all) await enter(user, device("phone"));
      for (const user of all) if (user.endsWith("3")) await presence.exit("room", user, "phone-sid");
      await enter("user 3", device("phone"));
      const expected = ["dan", "ada", "cid", "bob", ...all.filter((user) => !user.endsWith("3")), "user 3"];
      for (const limit of [1, 7, 100]) {
        let seen: string[] = [];
        for (let more = true; more;) {
          const next = await page(limit, seen.at(-1));
          seen = [...seen, ...next.users];
          ({ more } = next);
        }
        expect(seen).to.deep.equal(expected);
      }
    });

    it("begins with the first after a user who is not there", async () => {
      expect((await page(1, "gone")).users).to.deep.equal(["dan"]);
    });

    it("gives nothing of a room that nobody is in", async () => {
      expect(await presence.members("none", 10)).to.deep.equal({ members: [], count: 0, more: false });
    });

    it("gives rows that do not change with the room, and that nobody can change", async () => {
      const [first] = (await presence.members("room", 1)).members;
      first?.devices.push(device("forged"));
      if (first?.devices[0] !== undefined) first.devices[0].sid = "forged";
      expect((await presence.members("room", 1)).members[0]?.devices).to.deep.equal([device("phone")]);
    });
  });

  describe("after a restart", () => {
    it("devices are those that came last, on the sockets that they had last", async () => {
      await enter("ada", device("phone", "first"));
      await test.restart();
      ({ presence } = test.store);
      await enter("ada", device("phone", "last"));
      await test.restart();
      ({ presence } = test.store);
      expect((await rows())[0]?.devices).to.deep.equal([device("phone", "last")]);
    });

    it("everybody who was there is away until the time given to restore", async () => {
      await enter("bob", device("phone"));
      await enter("ada", device("phone"));
      await enter("ada", device("laptop"));
      await enter("cid", device("phone"));
      await presence.exit("room", "cid", "phone-sid");
      const before = await rows();
      await test.restart();
      ({ presence } = test.store);
      await presence.restore(MINUTE);
      if (test.outlastsRestart) {
        expect(await rows()).to.deep.equal(before);
        expect(await enter("ada", device("phone", "new"))).to.be.undefined;
        expect(await enter("eve", device("phone"))).to.include({ type: "join" });
        expect(await users()).to.deep.equal(["bob", "ada", "eve"]);
      }
      expect(await presence.expire(MINUTE - 1, Infinity)).to.be.empty;
      const changes = await presence.expire(MINUTE, Infinity);
      expect(changes.map(({ type, member }) => `${member.user} ${type}`)).to.have.members(
        test.outlastsRestart ? ["bob leave", "ada update"] : ["bob leave", "ada leave"],
      );
    });
  });
});
