import { expect } from "chai";
import type { Published, RoomMessage } from "../../server/index.js";
import { PROTOCOLS, type Protocol } from "../server/support/clients.js";
import { call, joinRoom, World } from "./world.js";

const MINUTE = 60_000;

for (const protocol of Object.keys(PROTOCOLS) as Protocol[]) {
  describe(`guarantees of publishing, over ${PROTOCOLS[protocol].title}`, () => {
    let world: World;
    beforeEach(async () => {
      world = await new World().start();
    });
    afterEach(() => world.stop());

    describe("a publish that was acked is in the log", () => {
      it("at once, at the position of the ack", async () => {
        const { client } = await world.join(protocol, "r");
        const { id, position } = await call<Published>(client, "publish", { room: "r", data: { n: 1 } });
        const { messages } = await call<{ messages: RoomMessage[] }>(client, "history", { room: "r" });
        expect(messages).to.have.length(1);
        expect(messages[0]).to.deep.include({ id, position, data: { n: 1 } });
      });

      it("whoever is connected, and though the publisher has gone", async () => {
        const { client } = await world.join(protocol, "r");
        const sent: string[] = [];
        for (let n = 0; n < 20; n++) {
          sent.push((await call<Published>(client, "publish", { room: "r", data: n })).id);
        }
        client.close();
        await world.restart();
        const { client: other } = await world.join(protocol, "r");
        const { messages } = await call<{ messages: RoomMessage[] }>(other, "history", { room: "r" });
        expect(messages.map(({ id }) => id)).to.deep.equal(sent);
      });
    });

    describe("publishing again with the same id returns the first result and delivers nothing twice", () => {
      const again = async (between: (token: string) => Promise<string>): Promise<void> => {
        const { client: witness } = await world.join(protocol, "r");
        const { client } = await world.join(protocol, "r");
        const token = client.self?.token ?? "";
        const first = await call<Published>(client, "publish", { room: "r", data: "first", id: "once" });
        expect(first).to.include({ id: "once", duplicate: false });
        const returned = await between(token);
        const { client: back } = await world.join(protocol, "r", { token: returned });
        expect(back.self?.user).to.equal(client.self?.user);
        const second = await call<Published>(back, "publish", { room: "r", data: "second", id: "once" });
        expect(second).to.deep.include({
          id: "once",
          position: first.position,
          at: first.at,
          duplicate: true,
        });
        const reader = (await world.join(protocol, "r")).client;
        const { messages } = await call<{ messages: RoomMessage[] }>(reader, "history", { room: "r" });
        expect(messages.map(({ data }) => data)).to.deep.equal(["first"]);
        expect(await witness.nextEvent("message")).to.include({ data: "first" });
        const left = witness.frames.left.filter(
          (frame) => frame.type === "event" && frame.event === "message",
        );
        expect(left).to.deep.equal([]);
      };

      it("on the same connection, many times at once", async () => {
        const { client } = await world.join(protocol, "r");
        const answers = await Promise.all(
          Array.from({ length: 10 }, (_, n) =>
            call<Published>(client, "publish", { room: "r", data: n, id: "x" }),
          ),
        );
        expect(new Set(answers.map(({ position }) => position.offset))).to.deep.equal(new Set([1]));
        expect(answers.filter(({ duplicate }) => !duplicate)).to.have.length(1);
      });

      it("after a reconnect", () => again((token) => Promise.resolve(token)));

      it("after a restart", () =>
        again(async (token) => {
          await world.restart();
          return token;
        }));

      it("after five minutes", () =>
        again((token) => {
          world.advance(5 * MINUTE);
          return Promise.resolve(token);
        }));

      it("but the same id of another user is another message", async () => {
        const ada = (await world.join(protocol, "r")).client;
        const ben = (await world.join(protocol, "r")).client;
        const first = await call<Published>(ada, "publish", { room: "r", data: 1, id: "1" });
        const second = await call<Published>(ben, "publish", { room: "r", data: 2, id: "1" });
        expect([first.duplicate, second.duplicate]).to.deep.equal([false, false]);
        expect(second.position.offset).to.equal(first.position.offset + 1);
      });

      it("and in another room it is another message", async () => {
        const { client } = await world.join(protocol, "r");
        await joinRoom(client, "other");
        await call<Published>(client, "publish", { room: "r", data: 1, id: "1" });
        const { duplicate } = await call<Published>(client, "publish", { room: "other", data: 1, id: "1" });
        expect(duplicate).to.equal(false);
      });
    });
  });
}
