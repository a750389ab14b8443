/** Awkward moments: things that happen while others are under way. */
import type { EventEmitter } from "node:events";
import { scenario } from "../scenario.js";

type Ack = (...values: unknown[]) => void;

export const moments = [
  scenario(
    "disconnected in its own connection handler: the welcome arrives, then the end",
    async (stage) => {
      const site = await stage.serve();
      site.io.on("connection", (socket) => {
        socket.emit("welcome");
        socket.disconnect(true);
      });
      const here = stage.client(site).socket().connect();
      const told = await here.log.take(3);
      // socket.io-client may hand over what came early before it tells of its connect.
      return told.map(([what]) => what).sort();
    },
    ["connect", "disconnect", "welcome"],
  ),

  scenario(
    "one namespace is ended by the server, the other goes on",
    async (stage) => {
      const site = await stage.serve();
      const main = await stage.pair(site);
      const chat = await stage.join(site, main.client, "/chat");
      main.there.disconnect();
      chat.there.emit("still here");
      return [
        await main.here.log.next(),
        await chat.here.log.next(),
        chat.there.connected,
        main.there.connected,
      ];
    },
    [["disconnect", "io server disconnect"], ["still here"], true, false],
  ),

  scenario(
    "the client goes while a middleware is thinking: there is no connection event",
    async (stage) => {
      const site = await stage.serve();
      const seen = stage.log();
      const proceed = new Promise<() => void>((resolve) => {
        site.io.use((socket, next) => {
          socket.conn.on("close", () => seen.add("close"));
          resolve(next);
        });
      });
      site.io.on("connection", () => seen.add("connection"));
      const client = stage.client(site);
      client.socket().connect();
      const next = await proceed;
      client.cut();
      const [closed] = await seen.next();
      next();
      await stage.pair(site, "/later"); // time enough for what must not happen
      return [closed, seen.rest(), site.io.of("/").sockets.size];
    },
    ["close", [], 0],
  ),

  scenario(
    "io.engine's connection handler closes at once: counted and forgotten",
    async (stage) => {
      const site = await stage.serve();
      const seen = stage.log();
      site.io.engine.once("connection", (conn: EventEmitter & { close(): void }) => {
        conn.on("close", (reason) => seen.add("close", reason));
        conn.close();
      });
      stage.client(site).socket().connect();
      const closed = await seen.next();
      return [closed, site.io.engine.clientsCount, await stage.client(site).socket().connect().log.next()];
    },
    [["close", "forced close"], 0, ["connect"]],
  ),

  scenario(
    "an ack that the server sends after the client left is lost, and hurts nobody",
    async (stage) => {
      const site = await stage.serve();
      const { there, here } = await stage.pair(site);
      const asked = new Promise<Ack>((resolve) => there.on("ask", resolve));
      here.askWithin(20, "ask").catch(() => undefined); // it is not to be answered in time
      const ack = await asked;
      const gone = new Promise((resolve) => there.once("disconnect", resolve));
      here.disconnect();
      await gone;
      ack("too late");
      const told = here.log.rest();
      const { there: again } = await stage.pair(site);
      return [told, again.connected];
    },
    [[["disconnect", "io client disconnect"]], true],
  ),

  scenario(
    "ack ids begin anew after a reconnect: old answers do not reach new questions",
    async (stage) => {
      const site = await stage.serve();
      const { there, here, client } = await stage.pair(site);
      const replies: Ack[] = [];
      here.answer("ask", (reply) => replies.push(reply));
      const first = there
        .timeout(50)
        .emitWithAck("ask", 1)
        .catch((error: unknown) => error);
      await here.log.expect("ask");
      client.cut();
      await here.log.expect("disconnect");
      const timedOut: unknown = await first;
      const second = await stage.join(site, client);
      const answer = second.there.timeout(2_000).emitWithAck("ask", 2);
      await second.here.log.expect("ask");
      replies[1]?.("new");
      return [timedOut, (await answer) as unknown];
    },
    ["error operation has timed out", "new"],
  ),

  scenario(
    "a handler that disconnects in the middle of a batch: what follows is not handled",
    async (stage) => {
      const site = await stage.serve();
      const seen = stage.log();
      const { there, here } = await stage.pair(site);
      there.on("n", (n: number) => {
        seen.add("n", n);
        if (n === 1) there.disconnect();
      });
      for (let n = 0; n < 4; n++) here.emit("n", n);
      await here.log.until("disconnect");
      return [seen.rest(), there.connected];
    },
    [
      [
        ["n", 0],
        ["n", 1],
      ],
      false,
    ],
  ),

  scenario(
    "values that JSON has no word for, from the server: dates, undefined, NaN, maps, toJSON",
    async (stage) => {
      const site = await stage.serve();
      const { there, here } = await stage.pair(site);
      const money = { toJSON: () => ({ amount: 1 }) };
      there.emit("x", new Date(0), undefined, NaN, Infinity, new Map([[1, 2]]), { a: undefined }, money);
      return here.log.next();
    },
    ["x", "1970-01-01T00:00:00.000Z", null, null, null, {}, {}, { amount: 1 }],
  ),
];
