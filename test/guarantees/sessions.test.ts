import { expect } from "chai";
import { io } from "socket.io-client";
import { WebSocket } from "ws";
import { CLOSE_CODES } from "../../bridge/index.js";
import type { Self } from "../../server/index.js";
import { PROTOCOLS, type Protocol, type TestClient } from "../server/support/clients.js";
import { call, joinRoom, refusalOf, World } from "./world.js";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

for (const protocol of Object.keys(PROTOCOLS) as Protocol[]) {
  const { title, open } = PROTOCOLS[protocol];

  describe(`guarantees of sessions, over ${title}`, () => {
    let world: World;
    const start = async (options: ConstructorParameters<typeof World>[0] = {}): Promise<void> => {
      world = await new World(options).start();
    };
    afterEach(() => world.stop());

    /** The code with which a client is refused. */
    const refusedWith = async (auth: object): Promise<unknown> => {
      const client = open(world.url);
      client.send({ type: "connect", auth });
      const frame = await client.frames.next("a refusal");
      client.close();
      return frame.type === "connect_error" ? (frame.data as { code: string }).code : frame.type;
    };

    const endOf = async (client: TestClient): Promise<unknown> =>
      ((await client.nextEvent("session_end")) as { error: { code: string } }).error.code;

    describe("authentication runs again on every reconnect", () => {
      it("a token that was good then is refused when it has run out", async () => {
        await start();
        const token = await world.token("ada", { seconds: 600 });
        const ada = await world.enter(protocol, { token });
        expect(ada.self).to.include({ user: "ada", guest: false });
        ada.close();
        world.advance(11 * MINUTE);
        expect(await refusedWith({ token })).to.equal("token_expired");
      });

      it("one that was revoked meanwhile is refused, after a restart too", async () => {
        await start();
        const token = await world.token("ada", { id: "stolen" });
        (await world.enter(protocol, { token })).close();
        await world.running.revoke({ type: "token", id: "stolen" });
        expect(await refusedWith({ token })).to.equal("token_revoked");
        await world.restart();
        expect(await refusedWith({ token })).to.equal("token_revoked");
        const other = await world.token("ada", { id: "other" });
        expect((await world.enter(protocol, { token: other })).self).to.include({ user: "ada" });
      });

      it("and what was never good is refused", async () => {
        await start({ tokens: { guests: false } });
        expect(await refusedWith({})).to.equal("unauthorized");
        expect(await refusedWith({ token: "x.y.z" })).to.equal("unauthorized");
        expect(await refusedWith({ token: 7 })).to.equal("unauthorized");
      });
    });

    describe("an expired token ends the session with a code that says so", () => {
      it("after a warning", async () => {
        await start();
        const token = await world.token("ada", { seconds: 2 });
        const ada = await world.enter(protocol, { token });
        const { expiresAt } = ada.self!;
        expect(await ada.nextEvent("token_expiring")).to.deep.equal({ expiresAt });
        expect(await endOf(ada)).to.equal("token_expired");
        expect(world.now()).to.be.at.least(expiresAt!);
      });

      it("unless it was refreshed", async () => {
        await start();
        const ada = await world.enter(protocol, { token: await world.token("ada", { seconds: 2 }) });
        await ada.nextEvent("token_expiring");
        const token = await world.token("ada", { seconds: 600 });
        const { expiresAt } = await call<Self>(ada, "refresh", { token });
        expect(expiresAt).to.be.greaterThan(world.now() + 500_000);
        const impatient = await world.enter(protocol, { token: await world.token("eve", { seconds: 2 }) });
        expect(await endOf(impatient)).to.equal("token_expired");
        await joinRoom(ada, "r");
      });

      it("a refresh with another user's token, or a bad one, changes nothing", async () => {
        await start();
        const ada = await world.enter(protocol, { token: await world.token("ada") });
        expect(await refusalOf(ada, "refresh", { token: await world.token("eve") })).to.equal("forbidden");
        expect(await refusalOf(ada, "refresh", { token: "no token" })).to.equal("unauthorized");
        await joinRoom(ada, "r");
      });
    });

    describe("a revoked token ends the session with a code that says so", () => {
      it("by its id, and no other session", async () => {
        await start();
        const [stolen, good] = [
          await world.enter(protocol, { token: await world.token("ada", { id: "stolen" }) }),
          await world.enter(protocol, { token: await world.token("ada", { id: "good" }) }),
        ];
        await world.running.revoke({ type: "token", id: "stolen" });
        expect(await endOf(stolen)).to.equal("token_revoked");
        await joinRoom(good, "r");
      });

      it("by its user", async () => {
        await start();
        const ada = await world.enter(protocol, { token: await world.token("ada") });
        const ben = await world.enter(protocol, { token: await world.token("ben") });
        await world.running.revoke({ type: "user", user: "ada", issuedBefore: world.now() + 1000 });
        expect(await endOf(ada)).to.equal("token_revoked");
        await joinRoom(ben, "r");
      });
    });

    describe("of a guest's tokens the newest that was shown counts", () => {
      const tokenOf = (client: TestClient): string => client.self!.token!;
      const renewed = async (client: TestClient): Promise<string> =>
        ((await client.nextEvent("token_renewed")) as { token: string }).token;

      it("and the guest's other connections are told who came with it, on whatever device", async () => {
        await start();
        const owner = await world.enter(protocol, { device: "own" });
        const thief = await world.enter(protocol, { token: tokenOf(owner), device: "another" });
        expect(await owner.nextEvent("token_renewed")).to.deep.equal({
          token: tokenOf(thief),
          sid: thief.self?.sid,
          device: "another",
        });
        const nameless = await world.enter(protocol, { token: tokenOf(thief) });
        const { sid } = nameless.self!;
        for (const client of [owner, thief]) {
          expect(await client.nextEvent("token_renewed")).to.include({ sid, device: sid });
        }
      });

      it("and the guest's other connections are given each newer one", async () => {
        await start();
        const first = await world.enter(protocol);
        const second = await world.enter(protocol, { token: tokenOf(first) });
        expect(await renewed(first)).to.equal(tokenOf(second));
        const third = await world.enter(protocol, { token: tokenOf(second) });
        expect(await renewed(first)).to.equal(tokenOf(third));
        expect(await renewed(second)).to.equal(tokenOf(third));
        first.close();
        const back = await world.enter(protocol, { token: tokenOf(third) });
        expect(back.self?.user).to.equal(first.self?.user);
      });

      it("and an older one that comes back ends the guest, on both sides, with a message that says so", async () => {
        await start();
        const owner = await world.enter(protocol);
        const copied = tokenOf(owner);
        const other = await world.enter(protocol);
        const again = await world.enter(protocol, { token: copied });
        const newest = await world.enter(protocol, { token: tokenOf(again) });
        expect(await refusedWith({ token: copied })).to.equal("token_revoked");
        const end = await newest.nextEvent("session_end");
        expect(end).to.have.nested.property("error.code", "token_revoked");
        expect(end).to.have.nested.property("error.message").that.includes("somebody has a copy of it");
        expect(await endOf(owner)).to.equal("token_revoked");
        for (const token of [copied, tokenOf(again), tokenOf(newest)]) {
          expect(await refusedWith({ token })).to.equal("token_revoked");
        }
        await world.restart();
        expect(await refusedWith({ token: tokenOf(newest) })).to.equal("token_revoked");
        await world.enter(protocol, { token: tokenOf(other) });
      });

      it("and none does once the guest is revoked, whatever the clock was when they were given", async () => {
        await start();
        world.set(DAY);
        const guest = await world.enter(protocol);
        world.set(0);
        await world.running.revoke({
          type: "user",
          user: guest.self!.user,
          issuedBefore: world.now() + 1000,
        });
        expect(await endOf(guest)).to.equal("token_revoked");
        expect(await refusedWith({ token: tokenOf(guest) })).to.equal("token_revoked");
      });
    });

    describe("a clock that is set takes no guest's identity", () => {
      for (const [how, wrong] of [
        ["forward by two months", 60 * DAY],
        ["back by two months", -60 * DAY],
      ] as const) {
        it(`${how}, and set right again`, async () => {
          await start();
          const first = await world.enter(protocol);
          world.set(wrong);
          const second = await world.enter(protocol, { token: first.self!.token! });
          world.set(0);
          const third = await world.enter(protocol, { token: second.self!.token! });
          expect([second, third].map(({ self }) => self?.user)).to.deep.equal([
            first.self?.user,
            first.self?.user,
          ]);
        });
      }

      it("which one loses who did not come for a month", async () => {
        await start();
        const { self } = await world.enter(protocol);
        world.advance(31 * DAY);
        expect(await refusedWith({ token: self!.token! })).to.equal("token_expired");
      });
    });

    describe("a clock that is set leaves no ghosts", () => {
      it("of those whose connection is lost", async () => {
        await start({ presenceGrace: 100 });
        const { client: ada } = await world.join(protocol, "r", { name: "Ada" });
        const { client: ben } = await world.join(protocol, "r", { name: "Ben" });
        expect(await ada.nextChange()).to.include({ type: "join" });
        world.set(-60 * DAY);
        ben.cut();
        expect(await ada.nextChange()).to.include({ type: "leave" });
      });
    });

    describe("rights are those of the token that is shown last", () => {
      it("a room that a new token does not open is left", async () => {
        await start({
          policy: {
            rights: ({ claims }, room) => {
              const may = claims["team"] === room;
              return { join: may, publish: may, presence: may, history: may };
            },
            maySend: () => true,
          },
        });
        const inTeam = await world.token("ada", { claims: { team: "red" } });
        const ada = await world.enter(protocol, { token: inTeam });
        expect(await refusalOf(ada, "join", { room: "blue" })).to.equal("forbidden");
        await joinRoom(ada, "red");
        await call(ada, "refresh", { token: await world.token("ada", { claims: { team: "blue" } }) });
        const member = { user: "ada", name: ada.self?.name, devices: [] };
        expect(await ada.nextEvent("presence")).to.deep.equal({
          room: "red",
          count: 0,
          changes: [{ type: "leave", member }],
        });
        expect(await refusalOf(ada, "publish", { room: "red", data: 1 })).to.equal("not_joined");
        await joinRoom(ada, "blue");
      });
    });
  });
}

describe("the end of a session, as each protocol says it", () => {
  let world: World;
  beforeEach(async () => {
    world = await new World().start();
  });
  afterEach(() => world.stop());

  for (const [name, close, end] of [
    ["expired", CLOSE_CODES.tokenExpired, () => Promise.resolve()],
    ["revoked", CLOSE_CODES.tokenRevoked, () => world.running.revoke({ type: "token", id: "t1" })],
  ] as const) {
    it(`closes the plain WebSocket of a token that is ${name} with ${close.code}`, async () => {
      const token = await world.token("ada", { seconds: name === "expired" ? 1 : 600 });
      const ws = new WebSocket(`${world.url.replace("http", "ws")}/bridge`);
      const closed = new Promise<[number, string]>((resolve) =>
        ws.once("close", (code, reason) => resolve([code, reason.toString()])),
      );
      await new Promise((resolve) => ws.once("open", resolve));
      const connected = new Promise((resolve) => ws.once("message", resolve));
      ws.send(JSON.stringify({ type: "connect", auth: { token } }));
      await connected;
      await end();
      expect(await closed).to.deep.equal([close.code, close.reason]);
    });

    it(`disconnects the Socket.IO client of a token that is ${name}, after a session_end`, async () => {
      const token = await world.token("ada", { seconds: name === "expired" ? 1 : 600 });
      const socket = io(world.url, { forceNew: true, auth: { token }, transports: ["websocket"] });
      const ended = new Promise((resolve) => socket.once("session_end", resolve));
      const disconnected = new Promise((resolve) => socket.once("disconnect", resolve));
      await new Promise((resolve) => socket.once("welcome", resolve));
      await end();
      expect(await ended).to.have.nested.property("error.code", `token_${name}`);
      expect(await disconnected).to.equal("io server disconnect");
    });
  }
});
