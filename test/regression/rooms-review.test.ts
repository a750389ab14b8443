/** What a review of the rooms server found, each as it was found. */
import { expect } from "chai";
import { io } from "socket.io-client";
import type { InboxOpened, Rights } from "../../server/index.js";
import { call, joinRoom, refusalOf, World } from "../guarantees/world.js";
import { PROTOCOLS, type Protocol } from "../server/support/clients.js";
import { within } from "../support/deadline.js";
import { TokenBucket } from "../../bridge/limits.js";

const MINUTE = 60_000;
const ALL: Rights = { join: true, publish: true, presence: true, history: true };

for (const protocol of Object.keys(PROTOCOLS) as Protocol[]) {
  describe(`the rooms server, over ${PROTOCOLS[protocol].title}`, () => {
    let world: World;
    const start = async (options: ConstructorParameters<typeof World>[0] = {}): Promise<void> => {
      world = await new World(options).start();
    };
    afterEach(() => world.stop());

    it("takes no placeholder for binary data, which would stand for another message's in a recovery", async () => {
      await start();
      const { client, joined } = await world.join(protocol, "r");
      const data = { deep: [{ _placeholder: true, num: 0 }] };
      expect(await refusalOf(client, "publish", { room: "r", data })).to.equal("invalid_argument");
      await call(client, "publish", { room: "r", data: { _placeholder: 1, num: 0 } });
      const { messages } = await joinRoom(client, "r", joined.position);
      expect(messages?.map((message) => message.data)).to.deep.equal([{ _placeholder: 1, num: 0 }]);
    });

    it("closes though a token had just run out when its client connected", async () => {
      await start();
      const client = PROTOCOLS[protocol].open(world.url);
      client.send({ type: "connect", auth: { token: await world.token("ada", { seconds: -2 }) } });
      expect(await client.nextEvent("session_end")).to.have.nested.property("error.code", "token_expired");
      client.close();
      await within(world.running.close(), "the end of the server");
    });

    it("begins and ends to tell of presence as the rights of the last token say", async () => {
      await start({
        policy: {
          rights: ({ claims }) => ({ ...ALL, presence: claims["see"] === true }),
          maySend: () => true,
        },
      });
      const token = (see: boolean): Promise<string> => world.token("ada", { claims: { see } });
      const { client: ada } = await world.join(protocol, "r", { token: await token(true) });
      await call(ada, "refresh", { token: await token(false) });
      await refusalOf(ada, "presence", { room: "r" });
      await world.join(protocol, "r");
      await call(ada, "refresh", { token: await token(true) });
      await call(ada, "presence", { room: "r" });
      const { client: ben } = await world.join(protocol, "r");
      const change = await ada.nextChange();
      expect(change.member.user).to.equal(ben.self?.user);
    });

    it("lets no more members in than there may be, however many come at once", async () => {
      await start({
        roomSettings: () => ({
          history: { count: 9, age: MINUTE },
          presence: true,
          maxMembers: 2,
          maxNames: 2,
        }),
      });
      const clients = await Promise.all(Array.from({ length: 6 }, () => world.enter(protocol)));
      const answers = await Promise.all(clients.map((client) => client.ask("join", { room: "r" })));
      expect(answers.filter(({ ok }) => ok)).to.have.length(2);
    });

    it("keeps a name that was given beside a token when the token is refreshed", async () => {
      await start();
      const auth = { token: await world.token("ada"), name: "Ada L." };
      const { client } = await world.join(protocol, "r", auth);
      await call(client, "refresh", { token: await world.token("ada") });
      await call(client, "publish", { room: "r", data: 1 });
      expect(await client.nextEvent("message")).to.have.nested.property("from.name", "Ada L.");
    });

    it("sends no second receipt when the device that had processed the item was forgotten", async () => {
      await start({ limits: { devicesPerUser: 2 } });
      const ada = await world.enter(protocol, { device: "ada", token: await world.token("ada") });
      const enterBen = async (device: string) => {
        const client = await world.enter(protocol, { device, token: await world.token("ben") });
        await call<InboxOpened>(client, "inbox", {});
        return client;
      };
      const slow = await enterBen("slow");
      const fast = await enterBen("fast");
      await call(ada, "send", { to: "ben", data: 1, receipt: true });
      const item = (await fast.nextEvent("inbox")) as { position: object };
      await call(fast, "inbox_ack", { position: item.position });
      fast.close();
      for (const device of ["new 1", "new 2"]) (await enterBen(device)).close();
      world.advance(11 * MINUTE);
      await slow.nextEvent("inbox");
      await call(slow, "inbox_ack", { position: item.position });
      expect(await call<InboxOpened>(ada, "inbox", {})).to.include({ waiting: 1 });
    });
  });
}

describe("the rooms server", () => {
  it("forgets a session whose connection goes while its token is refreshed", async () => {
    const world = await new World().start();
    const token = await world.token("ada", { seconds: 600 });
    const socket = io(world.url, { forceNew: true, transports: ["websocket"], auth: { token } });
    await new Promise((resolve) => socket.once("welcome", resolve));
    socket.emit("refresh", { token });
    socket.disconnect();
    await within(world.running.close(), "the end of the server");
    await world.stop();
  });
});

describe("a token bucket", () => {
  it("goes on when the clock is set back", () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 1 }, 1_000_000);
    expect(bucket.take(1_000_000)).to.equal(true);
    expect(bucket.take(10_000)).to.equal(false);
    expect(bucket.take(11_000)).to.equal(true);
  });
});
