import { expect } from "chai";
import { io } from "socket.io-client";
import { WebSocket } from "ws";
import { io as crossroom } from "../../../clients/typescript/src/index.js";
import type { PresenceEvent } from "../../../server/index.js";
import { call, World } from "../../guarantees/world.js";
import { within } from "../../support/deadline.js";
import { PROTOCOLS, type Protocol } from "../support/clients.js";

for (const protocol of Object.keys(PROTOCOLS) as Protocol[]) {
  describe(`what a backend does to who is connected over ${PROTOCOLS[protocol].title}`, () => {
    let world: World;
    beforeEach(async () => {
      world = await new World().start();
    });
    afterEach(() => world.stop());

    const member = async (user: string, device: string, room = "r") => {
      const token = await world.token(user, { id: `${user}-${device}` });
      return (await world.join(protocol, room, { token, device })).client;
    };

    it("has a user leave a room, on all devices, and tells them and the others so", async () => {
      const [phone, laptop, ben] = [
        await member("ada", "phone"),
        await member("ada", "laptop"),
        await member("ben", "phone"),
      ];
      expect(await world.running.kick({ user: "ada", room: "r" })).to.equal(2);
      for (const client of [phone, laptop, ben]) {
        const isLeave = ({ changes = [] }: PresenceEvent): boolean =>
          changes.some(({ type, member: { user } }) => type === "leave" && user === "ada");
        while (!isLeave((await client.nextEvent("presence")) as PresenceEvent));
      }
      await world.running.publish("r", "after");
      expect(await ben.nextEvent("message")).to.deep.include({ data: "after" });
      const refused = (await phone.ask("publish", { room: "r", data: 1 })) as { error: { code: string } };
      expect(refused.error.code).to.equal("not_joined");
      expect(
        phone.frames.left.filter((frame) => "event" in frame && frame.event === "message"),
      ).to.deep.equal([]);
      expect((await world.running.members("r")).members.map(({ user }) => user)).to.deep.equal(["ben"]);
      // They may come again, unless the application's rules say otherwise.
      expect(await call(phone, "join", { room: "r" })).to.deep.include({ ok: true });
      expect(await world.running.kick({ user: "nobody", room: "r" })).to.equal(0);
    });

    it("closes the connections of a user, of a device, of a room or one alone", async () => {
      const ended = async (...clients: Awaited<ReturnType<typeof member>>[]): Promise<void> => {
        for (const { frames } of clients) await frames.nextOf(({ type }) => type === "disconnect", "the end");
      };
      const open = async (): Promise<number> => (await world.running.connections()).connections.length;
      const [phone, laptop] = [await member("ada", "phone"), await member("ada", "laptop")];
      const [ben, cyd, dan] = [
        await member("ben", "phone"),
        await member("cyd", "phone", "other"),
        await member("dan", "phone", "third"),
      ];
      const { running } = world;
      expect(await running.disconnect({ user: "ada", device: "phone" })).to.equal(1);
      await ended(phone);
      expect(await running.disconnect({ user: "ada" })).to.equal(1);
      await ended(laptop);
      expect(await running.disconnect({ room: "other" })).to.equal(1);
      await ended(cyd);
      expect(await running.disconnect({ sid: ben.self?.sid ?? "" })).to.equal(1);
      await ended(ben);
      expect(await running.disconnect({ sid: "none" })).to.equal(0);
      expect(await open()).to.equal(1);
      expect(await call(dan, "history", { room: "third" })).to.deep.include({ ok: true });
    });

    it("takes a user's tokens no more", async () => {
      const ada = await member("ada", "phone");
      await world.running.revoke({ user: "ada" });
      expect(await ada.nextEvent("session_end")).to.deep.include.keys("error");
      for (const wrong of [null, {}, { type: "nonsense" }, { user: "ada", tokenId: "t" }]) {
        const refused = await world.running.revoke(wrong as never).catch((error: unknown) => error);
        expect(refused).to.include({ code: "invalid_argument" });
      }
    });

    it("drops a room's messages, up to one or all, for whoever reads them from now on", async () => {
      const { running } = world;
      const sent = await Promise.all([1, 2, 3].map((n) => running.publish("r", n)));
      await running.clear("r", { through: sent[0]?.position.offset ?? NaN });
      expect((await running.history("r")).messages.map(({ data }) => data)).to.deep.equal([2, 3]);
      const ada = await member("ada", "phone");
      await running.clear("r");
      const { messages } = await call<{ messages: unknown[] }>(ada, "history", { room: "r" });
      expect(messages).to.deep.equal([]);
      const { position } = await running.publish("r", 4);
      expect(position).to.deep.equal({ epoch: sent[0]?.position.epoch, offset: 4 });
      await running.clear("never used");
    });
  });
}

describe("a backend that closes connections which are to come back", () => {
  it("has clients of both protocols connect again by themselves", async () => {
    const world = await new World().start();
    const options = { reconnectionDelay: 10, transports: ["websocket"], forceNew: true };
    const sockets = [
      io(world.url, options),
      crossroom(world.url, { reconnectionDelay: 10, forceNew: true, WebSocket }),
    ];
    try {
      for (const socket of sockets) {
        const connected = (): Promise<void> =>
          within(new Promise((resolve) => socket.once("connect", () => resolve())), "a connection");
        if (!socket.connected) await connected();
        const again = connected();
        expect(await world.running.disconnect({ sid: socket.id ?? "" }, { reconnect: true })).to.equal(1);
        await again;
      }
    } finally {
      for (const socket of sockets) socket.disconnect();
      await world.stop();
    }
  });
});
