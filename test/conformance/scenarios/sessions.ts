/** Who one is: tokens, guests, and the end of a session. */
import { expect } from "chai";
import { failureOf } from "../client.js";
import type { Theme } from "../scenario.js";
import type { Client } from "../client.js";

/** The next question for a token; its key. */
async function asked(client: Client): Promise<unknown> {
  return (await client.next("ask"))["key"];
}

interface Ended {
  code: string;
}

async function endOf(client: Client): Promise<string> {
  return ((await client.next("end"))["error"] as Ended).code;
}

export const sessions: Theme = {
  title: "Sessions",
  scenarios: [
    {
      title: "asks for its token at every connect",
      async play(stage) {
        const lobby = await stage.lobby();
        const ada = await lobby.client({ token: "ask" });
        for (const round of [1, 2, 3]) {
          await ada.do("give", {
            key: await asked(ada),
            value: await lobby.world.token("ada", { id: `t${round}` }),
          });
          const self = (await ada.next("connect"))["self"] as { user: string; guest: boolean };
          expect(self).to.include({ user: "ada", guest: false });
          if (round < 3) lobby.cut();
        }
      },
    },
    {
      title: "goes on with a new token before the old one runs out, on the same connection",
      async play(stage) {
        const lobby = await stage.lobby();
        const ada = await lobby.client({ token: "ask" });
        await ada.do("give", {
          key: await asked(ada),
          value: await lobby.world.token("ada", { seconds: 30, id: "old" }),
        });
        const { sid } = await ada.do("ready");
        await ada.do("give", {
          key: await asked(ada),
          value: await lobby.world.token("ada", { seconds: 3_600, id: "new" }),
        });
        await ada.do("join", { room: "r" });
        // The old token is of no account any more.
        await lobby.world.running.revoke({ type: "token", id: "old" });
        await ada.do("publish", { room: "r", data: 1 });
        await ada.message();
        expect((await ada.do("ready")).sid).to.equal(sid);
        expect(ada.take("disconnect")).to.deep.equal([]);
      },
    },
    {
      title: "comes back with another token after one that has expired",
      async play(stage) {
        const lobby = await stage.lobby({ tokens: { clockTolerance: 0 } });
        const ada = await lobby.client({ token: "ask" });
        await ada.do("give", {
          key: await asked(ada),
          value: await lobby.world.token("ada", { seconds: -60 }),
        });
        await ada.do("give", { key: await asked(ada), value: await lobby.world.token("ada") });
        expect((await ada.do("ready")).user).to.equal("ada");
      },
    },
    {
      title: "ends where two new tokens in a row are expired already",
      async play(stage) {
        const lobby = await stage.lobby({ tokens: { clockTolerance: 0 } });
        const ada = await lobby.client({ token: "ask" });
        for (const id of ["one", "two"]) {
          await ada.do("give", {
            key: await asked(ada),
            value: await lobby.world.token("ada", { seconds: -60, id }),
          });
        }
        expect(await endOf(ada)).to.equal("token_expired");
      },
    },
    {
      title: "ends where its token is revoked, and does not come back",
      async play(stage) {
        const lobby = await stage.lobby();
        const ada = await lobby.join("r", { token: await lobby.world.token("ada", { id: "stolen" }) });
        await lobby.world.running.revoke({ type: "token", id: "stolen" });
        expect(await endOf(ada)).to.equal("token_revoked");
        expect((await ada.failure("publish", { room: "r", data: 1 })).code).to.equal("token_revoked");
        // Time enough to come back, if it would: another one is cut off, and comes back.
        const ben = await lobby.enter();
        for (let round = 0; round < 3; round++) {
          lobby.cut();
          await ben.next("connect");
        }
        expect(lobby.connections ?? 1).to.equal(1);
      },
    },
    {
      title: "ends where its token is no good, and says so to who waits",
      async play(stage) {
        const lobby = await stage.lobby();
        const ada = await lobby.client({ token: "no.such.token" });
        const ready = ada.begin("ready");
        expect((await failureOf(ready.answer, "ready")).code).to.equal("unauthorized");
        expect(await endOf(ada)).to.equal("unauthorized");
      },
    },
    {
      title: "ends where there will be no token any more",
      async play(stage) {
        const lobby = await stage.lobby();
        const ada = await lobby.client({ token: "ask" });
        const error = { message: "signed out", final: true };
        await ada.do("give", { key: await asked(ada), error });
        expect(await endOf(ada)).to.equal("unauthorized");
      },
    },
    {
      title: "asks again for a token that it could not get",
      async play(stage) {
        const lobby = await stage.lobby();
        const ada = await lobby.client({ token: "ask" });
        await ada.do("give", { key: await asked(ada), error: { message: "no network", final: false } });
        await ada.do("give", { key: await asked(ada), value: await lobby.world.token("ada") });
        expect((await ada.do("ready")).user).to.equal("ada");
      },
    },
    {
      title: "ends where guests are not let in",
      async play(stage) {
        const lobby = await stage.lobby({ tokens: { guests: false } });
        const ada = await lobby.client({ name: "Ada" });
        expect(await endOf(ada)).to.equal("unauthorized");
      },
    },
    {
      title:
        "as a guest it stays the same one, over cuts and restarts, and in a new process with its storage",
      async play(stage) {
        const lobby = await stage.lobby();
        const storage = `guest ${lobby.url}`;
        const ada = await lobby.enter({ name: "Ada", storage });
        const { user } = await ada.do("ready");
        lobby.cut();
        expect((await ada.next("connect"))["self"]).to.include({ user });
        await lobby.world.restart();
        expect((await ada.next("connect"))["self"]).to.include({ user, name: "Ada" });
        await ada.do("close");
        expect((await (await lobby.enter({ name: "Ada", storage })).do("ready")).user).to.equal(user);
        expect((await (await lobby.enter({ name: "Ada" })).do("ready")).user).to.not.equal(user);
      },
    },
    {
      title: "comes as a new guest where nobody knows the old one any more",
      async play(stage) {
        const lobby = await stage.lobby();
        const storage = `forgotten ${lobby.url}`;
        const ada = await lobby.enter({ name: "Ada", storage });
        const { user } = await ada.do("ready");
        await ada.do("close");
        const other = await stage.lobby();
        const again = await other.enter({ name: "Ada", storage });
        expect((await again.do("ready")).user).to.not.equal(user);
      },
    },
    {
      title: "ends where a guest's upgrade is refused with 401, after a try as a new guest",
      not: { "socket.io-client": "Socket.IO's transports do not tell a refusal from a failure" },
      async play(stage) {
        let isOpen = true;
        const lobby = await stage.lobby({ bridge: { authenticate: () => isOpen || { status: 401 } } });
        const ada = await lobby.enter({ name: "Ada" });
        isOpen = false;
        lobby.cut();
        expect(await endOf(ada)).to.equal("unauthorized");
      },
    },
    {
      title: "the server's drain is no end: it comes back to the next one",
      async play(stage) {
        const lobby = await stage.lobby();
        const ada = await lobby.join("r");
        ada.forget("connect");
        await lobby.world.restart();
        await ada.next("disconnect");
        await ada.next("connect");
        await ada.do("publish", { room: "r", data: "after" });
        await ada.message();
      },
    },
  ],
};
