import { expect } from "chai";
import type {
  InboxItem,
  InboxOpened,
  Member,
  PresenceChange,
  PresenceEvent,
  PresencePage,
} from "../../server/index.js";
import { PROTOCOLS, type Protocol, type TestClient } from "../server/support/clients.js";
import { call, joinRoom, refusalOf, World } from "./world.js";

const HOUR = 60 * 60_000;

for (const protocol of Object.keys(PROTOCOLS) as Protocol[]) {
  describe(`two connections of one device, over ${PROTOCOLS[protocol].title}`, () => {
    let world: World;
    let ada: TestClient;
    let again: TestClient;

    beforeEach(async () => {
      world = await new World({ presenceGrace: HOUR }).start();
      ada = await world.enter(protocol, { device: "tab" });
    });
    afterEach(() => world.stop());

    const open = (device = "tab"): Promise<TestClient> =>
      world.enter(protocol, { device, token: ada.self?.token });
    const openInbox = (client: TestClient): Promise<InboxOpened> => call<InboxOpened>(client, "inbox", {});
    const nextItem = async (client: TestClient): Promise<InboxItem> =>
      (await client.nextEvent("inbox")) as InboxItem;
    const ack = (client: TestClient, { position }: InboxItem): Promise<object> =>
      call(client, "inbox_ack", { position });

    it("the older is told that it was taken, and that it is the newest again", async () => {
      again = await open();
      expect(await ada.nextEvent("device_taken")).to.deep.equal({ sid: again.self?.sid });
      const third = await open();
      expect(await again.nextEvent("device_taken")).to.deep.equal({ sid: third.self?.sid });
      again.close();
      third.close();
      expect(await ada.nextEvent("device_returned")).to.deep.equal({});
    });

    it("of another device or another user tells nobody", async () => {
      await open("another");
      await world.enter(protocol, { device: "tab" });
      again = await open();
      expect(await ada.nextEvent("device_taken")).to.deep.equal({ sid: again.self?.sid });
      // She is the same guest: what the others were given as her newest token she gets too (rooms-api.md, 2.7).
      for (let n = 0; n < 2; n++)
        expect(await ada.nextEvent("token_renewed")).to.have.all.keys("token", "sid", "device");
      expect(ada.frames.left).to.deep.equal([]);
    });

    it("the newer has the inbox, and the older again when that has gone", async () => {
      const { client: ben } = await world.join(protocol, "r");
      const send = (data: unknown): Promise<object> => call(ben, "send", { to: ada.self?.user, data });
      await openInbox(ada);
      await send(1);
      await ack(ada, await nextItem(ada));
      again = await open();
      // Opened by the newest only: until then the older goes on.
      await send(2);
      const second = await nextItem(ada);
      await openInbox(again);
      expect(await nextItem(again)).to.deep.equal(second);
      expect(await refusalOf(ada, "inbox_ack", { position: second.position })).to.equal("inbox_not_open");
      await ack(again, second);
      await send(3);
      const third = await nextItem(again);
      again.close();
      expect(await ada.nextEvent("device_returned")).to.deep.equal({});
      expect(await nextItem(ada)).to.deep.equal(third);
      await ack(ada, third);
      await send(4);
      expect(await nextItem(ada)).to.include({ data: 4 });
    });

    it("the inbox stays with the newer when the older opens it or goes", async () => {
      again = await open();
      await openInbox(again);
      await openInbox(ada);
      expect(await refusalOf(ada, "inbox_ack", { position: { epoch: "e", offset: 1 } })).to.equal(
        "inbox_not_open",
      );
      ada.close();
      const { client: ben } = await world.join(protocol, "r");
      await call(ben, "send", { to: again.self?.user, data: 1 });
      expect(await nextItem(again)).to.include({ data: 1 });
    });

    it("are shown once in a room, and as long as one of them is there", async () => {
      const { client: witness } = await world.join(protocol, "r");
      await joinRoom(ada, "r");
      expect(await witness.nextChange()).to.have.property("type", "join");
      again = await open();
      await joinRoom(again, "r");
      const row = async (): Promise<Member | undefined> => {
        const { members } = await call<PresencePage>(witness, "presence", { room: "r" });
        return members.find(({ user }) => user === ada.self?.user);
      };
      const shown = { id: "tab", sid: again.self!.sid, transport: protocol };
      expect((await row())?.devices).to.deep.equal([shown]);
      await call(again, "leave", { room: "r" });
      expect((await row())?.devices).to.deep.equal([{ ...shown, sid: ada.self!.sid }]);
      await call(ada, "publish", { room: "r", data: "still here" });
      await witness.nextEvent("message");
      await call(ada, "leave", { room: "r" });
      expect(await witness.nextChange()).to.include({ type: "leave" });
    });
  });

  describe(`presence tells of a change what changed, over ${PROTOCOLS[protocol].title}`, () => {
    let world: World;
    afterEach(() => world.stop());

    it("and not of the user's other devices", async () => {
      world = await new World({ presenceGrace: 0 }).start();
      const { client: witness } = await world.join(protocol, "r");
      const { client: first } = await world.join(protocol, "r", { device: "d0" });
      const { token } = first.self!;
      const next = (): Promise<PresenceChange> => witness.nextChange();
      expect(await next()).to.have.property("type", "join");
      for (const device of ["d1", "d2"]) {
        const { client } = await world.join(protocol, "r", { device, token });
        const { type, member } = await next();
        expect(type).to.equal("update");
        expect(member.devices).to.deep.equal([{ id: device, sid: client.self?.sid, transport: protocol }]);
      }
      await call(first, "leave", { room: "r" });
      expect(await next()).to.deep.include({ type: "update", gone: ["d0"] });
    });

    it("and to a user's other devices too", async () => {
      world = await new World({ presenceGrace: 0 }).start();
      const { client: first } = await world.join(protocol, "r", { device: "d0" });
      const { token } = first.self!;
      const others = await Promise.all(
        ["d1", "d2"].map((device) => world.enter(protocol, { device, token })),
      );
      await Promise.all(others.map((client) => joinRoom(client, "r")));
      const seen = new Set<string>();
      while (seen.size < 2) {
        const { changes = [] } = (await first.nextEvent("presence")) as PresenceEvent;
        for (const { type, member } of changes) {
          expect(type).to.equal("update");
          for (const { id } of member.devices) seen.add(id);
        }
      }
      expect([...seen]).to.have.members(["d1", "d2"]);
    });
  });
}
