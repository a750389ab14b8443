/** Connecting, refusals, credentials, and coming back. */
import { expect } from "chai";
import type { Server } from "socket.io";
import { eventually } from "../client.js";
import type { Theme } from "../scenario.js";
import type { App } from "../stage/app.js";
import type { Wire } from "../stage/wire.js";

const NO_STATUS = "Socket.IO's transports do not tell a refusal from a failure";
const NO_CODES = "Socket.IO has no close codes";

/** Quick, so that silence is found in a moment. */
const HEARTBEAT = { pingInterval: 300, pingTimeout: 400 };

/** Milliseconds: so long that it can be told that nobody waited for it. */
const FAR = { min: 60_000, max: 60_000, timeout: 3_000 };

/** Takes only who shows this. */
function door(password: string): (io: Server) => void {
  return (io) => {
    io.use((socket, next) => {
      if (socket.handshake.auth["password"] === password) return next();
      next(Object.assign(new Error("wrong password"), { data: { hint: "ask Ada", tries: 2 } }));
    });
  };
}

/**
 * Time enough for whoever would come back that should not: another client, with the same delays, is cut off and comes back
 * several times.
 */
async function longEnough(app: App): Promise<void> {
  const { client, socket } = await app.enter({ url: app.directUrl });
  let last = socket;
  for (let round = 0; round < 4; round++) {
    last.conn.close();
    last = await app.reconnected(client);
  }
  await client.do("close");
}

export const connecting: Theme = {
  title: "Connecting",
  scenarios: [
    {
      title: "shows its auth and its headers, and learns its id",
      async play(stage) {
        const app = await stage.app();
        const auth = { user: { name: "Ada", tags: ["a", 1, null, true] } };
        const { client, socket } = await app.enter({ auth, headers: { "x-device": "phone 7" } });
        expect(socket.handshake.auth).to.deep.equal(auth);
        expect(socket.handshake.headers["x-device"]).to.equal("phone 7");
        await client.do("close");
        await app.count(0);
      },
    },
    {
      title: "tells why a namespace refused it, and does not ask again by itself",
      async play(stage) {
        let asked = 0;
        const app = await stage.app((io) => {
          io.use((_socket, next) => {
            asked++;
            next();
          });
          door("sesame")(io);
        });
        const client = await app.client({ auth: { password: "please" } });
        const error = await client.failure("connect");
        expect(error.code).to.equal("connect_error");
        expect(error.message).to.include("wrong password");
        expect(error.data).to.deep.equal({ hint: "ask Ada", tries: 2 });
        await longEnough(await stage.app());
        expect(asked, "connects that the server was asked for").to.equal(1);
      },
    },
    {
      title: "may connect again after a refusal, with other credentials",
      async play(stage) {
        const app = await stage.app(door("sesame"));
        const client = await app.client({ auth: "ask" });
        const first = client.begin("connect");
        await client.do("give", { key: (await client.next("ask"))["key"], value: { password: "please" } });
        await first.answer.then(
          () => expect.fail("it was let in"),
          () => undefined,
        );
        const second = client.begin("connect");
        await client.do("give", { key: (await client.next("ask"))["key"], value: { password: "sesame" } });
        await second.answer;
        await app.count(1);
      },
    },
    {
      title: "gives up where the upgrade is refused with 401 or 403",
      not: { "socket.io-client": NO_STATUS },
      async play(stage) {
        const app = await stage.app(undefined, {
          bridge: {
            authenticate: ({ headers }) => ({ status: headers["x-status"] === "403" ? 403 : 401 }),
          },
        });
        const wire = await stage.wire(app.directUrl);
        for (const status of ["401", "403"]) {
          const client = await app.client({ url: wire.url, headers: { "x-status": status } });
          expect((await client.failure("connect")).code).to.equal("refused");
        }
        await longEnough(await stage.app());
        expect(wire.attempts).to.equal(2);
      },
    },
    {
      title: "keeps trying where nobody listens yet",
      async play(stage) {
        const app = await stage.app();
        await app.stop();
        const client = await app.client();
        const { answer } = client.begin("connect");
        await app.startAgain();
        await answer;
        await app.count(1);
      },
    },
    {
      title: "comes back after a cut, and asks for its credentials anew",
      async play(stage) {
        const app = await stage.app();
        const client = await app.client({ auth: "ask" });
        const connected = client.begin("connect");
        for (const token of ["first", "second", "third"]) {
          await client.do("give", { key: (await client.next("ask"))["key"], value: { token } });
          const socket = await app.reconnected(client);
          expect(socket.handshake.auth).to.deep.equal({ token });
          if (token !== "third") app.cut(token === "first" ? "rst" : "fin");
        }
        await connected.answer;
        await app.count(1);
      },
    },
    {
      title: "asks again for credentials that it could not get",
      async play(stage) {
        const app = await stage.app();
        const client = await app.client({ auth: "ask" });
        const { answer } = client.begin("connect");
        const { key } = await client.next("ask");
        await client.do("give", { key, error: { message: "no network", final: false } });
        await client.do("give", { key: (await client.next("ask"))["key"], value: { token: "t" } });
        await answer;
        await app.count(1);
      },
    },
    {
      title: "finds out that a connection has fallen silent, and makes a new one",
      async play(stage) {
        const app = await stage.app(
          (io) => io.on("connection", (socket) => socket.on("ask", (ack: () => void) => ack())),
          { io: HEARTBEAT },
        );
        const { client } = await app.enter();
        for (const link of app.proxy.links) link.stall("both");
        // A session over HTTP goes on by other connections where its server has not ended it yet.
        if (stage.transport === "websocket") {
          expect((await client.next("disconnected"))["final"]).to.equal(false);
          await app.reconnected(client);
        }
        const isAnswered = (): Promise<boolean> =>
          client.do("call", { name: "ask", args: [], timeout: 2_000 }).then(
            () => true,
            () => false,
          );
        await eventually(isAnswered, "it is answered again", 10_000);
      },
    },
    {
      title: "stays connected where nothing is said for long but the heartbeat",
      async play(stage) {
        const app = await stage.app(undefined, { io: HEARTBEAT });
        const { client, socket } = await app.enter();
        await new Promise((resolve) =>
          setTimeout(resolve, 3 * (HEARTBEAT.pingInterval + HEARTBEAT.pingTimeout)),
        );
        expect(socket.connected).to.equal(true);
        expect(client.take("disconnected")).to.deep.equal([]);
      },
    },
    {
      title: "tries at once when the network has changed",
      async play(stage) {
        const app = await stage.app();
        const { client } = await app.enter({ reconnect: FAR });
        app.cut();
        await client.next("disconnected");
        await app.back;
        await client.do("network_changed");
        await app.reconnected(client);
      },
    },
    {
      title: "is away in the background, and back in the foreground",
      async play(stage) {
        const app = await stage.app();
        const { client } = await app.enter();
        await client.do("background");
        await app.count(0);
        await client.do("foreground");
        await app.reconnected(client);
      },
    },
    {
      title: "does not come back where the server has sent it away",
      async play(stage) {
        const app = await stage.app();
        const { client, socket } = await app.enter();
        socket.disconnect(true);
        expect((await client.next("disconnected"))["final"]).to.equal(true);
        await longEnough(app);
        await app.count(0);
      },
    },
    {
      title: "obeys each close code: some end it, after the others it comes back",
      not: { "socket.io-client": NO_CODES },
      async play(stage) {
        const app = await stage.app();
        const ended: { code: number; wire: Wire }[] = [];
        for (const code of [1000, 1008, 1009, 4400, 4403, 4409, 4444]) {
          const wire = await stage.wire(app.directUrl);
          const { client } = await app.enter({ url: wire.url });
          wire.closeWith(code);
          const report = await client.next("disconnected");
          expect(report["final"], `final after ${code}`).to.equal(true);
          expect(report["code"], "the code that is told").to.equal(code);
          ended.push({ code, wire });
        }
        const wire = await stage.wire(app.directUrl);
        const { client } = await app.enter({ url: wire.url });
        for (const code of [1001, 1011, 1012, 3000, 4500, 4501, 4503, 4507, 4999]) {
          wire.closeWith(code);
          expect((await client.next("disconnected"))["final"], `final after ${code}`).to.equal(false);
          await app.reconnected(client);
        }
        for (const { code, wire } of ended) expect(wire.attempts, `attempts, ${code} among them`).to.equal(1);
      },
    },
    {
      title: "comes back after a server that drained and started again",
      async play(stage) {
        const app = await stage.app();
        const { client } = await app.enter();
        await app.stop();
        expect((await client.next("disconnected"))["final"]).to.equal(false);
        await app.startAgain();
        await app.reconnected(client);
      },
    },
    {
      title: "closed while it connects, it is gone",
      async play(stage) {
        const app = await stage.app();
        await app.stop();
        const client = await app.client();
        const { answer } = client.begin("connect");
        await client.do("close");
        await answer.then(
          () => expect.fail("it connected"),
          () => undefined,
        );
        await app.startAgain();
        await app.enter();
        await app.count(1);
      },
    },
    {
      title: "leaves nothing running: when all is closed, its program ends by itself",
      async play(stage) {
        const app = await stage.app();
        const lobby = await stage.lobby();
        const agent = await stage.newAgent();
        const open = (options: object) => stage.open({ layer: "bridge", url: app.url, ...options }, agent);
        await (await open({})).do("connect");
        // One that nobody answers, and one that waits for its next attempt.
        (await open({ url: "http://127.0.0.1:9" })).begin("connect");
        const ada = await open({ layer: "rooms", url: lobby.url });
        await ada.do("join", { room: "r" });
        ada.begin("inbox");
        for (const link of lobby.proxy.links) link.cut("rst");
        ada.begin("publish", { room: "r", data: 1 });
        await agent.exit();
        await app.count(0);
      },
    },
  ],
};
