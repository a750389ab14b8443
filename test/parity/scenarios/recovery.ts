/** Connection state recovery, where the application has it on: passed through, not made by the bridge. */
import type { Socket } from "socket.io";
import { scenario } from "../scenario.js";
import type { Entry } from "../support/log.js";
import { bytes } from "../support/normalise.js";
import type { Pair, Stage } from "../support/stage.js";

const ON = { connectionStateRecovery: { maxDisconnectionDuration: 10_000 } };

/**
 * What a client was told, but for its `connect` (socket.io-client hands over missed events right before it tells of
 * it), and without the offset, which socket.io-client leaves at the end of an event's arguments. The bridge must not.
 */
function events(stage: Stage, told: Entry[], sent: number): unknown[] {
  return told
    .filter(([what]) => what !== "connect")
    .map((entry) => (stage.driver.transport === "websocket" ? entry.slice(0, sent + 1) : entry));
}

/** Cuts the client's connection, has `meanwhile` happen, and lets it come back; returns the server's new socket. */
async function drop({ there, here, client }: Pair, meanwhile: () => void): Promise<Socket> {
  const gone = new Promise((resolve) => there.once("disconnect", resolve));
  client.cut();
  await gone;
  await here.log.expect("disconnect");
  meanwhile();
  const back = new Promise<Socket>((resolve) => there.nsp.once("connection", resolve));
  here.connect();
  return back;
}

export const recovery = [
  scenario(
    "missed events are delivered; id, rooms and data are there again",
    async (stage) => {
      const site = await stage.serve(ON);
      const pair = await stage.pair(site);
      pair.there.data = { name: "n" };
      await pair.there.join("r");
      site.io.emit("first", 1);
      const before = await pair.here.log.take(1);
      const { id } = pair.there;
      const back = await drop(pair, () => {
        site.io.to("r").emit("missed", "a string of its own");
        site.io.except("r").emit("missed", "not for it");
        site.io.emit("missed", { n: 2 });
        site.io.volatile.emit("missed", "volatile");
      });
      site.io.to("r").emit("live", 3);
      const after = await pair.here.log.take(4);
      return {
        told: [...events(stage, before, 1), ...events(stage, after, 1)],
        id: back.id === id && pair.here.id === id,
        recovered: [back.recovered, pair.here.recovered],
        rooms: [...back.rooms].includes("r"),
        data: back.data as unknown,
      };
    },
    {
      told: [
        ["first", 1],
        ["missed", "a string of its own"],
        ["missed", { n: 2 }],
        ["live", 3],
      ],
      id: true,
      recovered: [true, true],
      rooms: true,
      data: { name: "n" },
    },
  ),

  scenario(
    "in a namespace, with binary, and twice in a row",
    async (stage) => {
      const site = await stage.serve(ON);
      const first = await stage.pair(site, "/ns");
      site.io.of("/ns").emit("x", Buffer.from([1]));
      const told: unknown[] = events(stage, await first.here.log.take(1), 1);
      const there = await drop(first, () => site.io.of("/ns").emit("x", Buffer.from([2])));
      told.push(...events(stage, await first.here.log.take(2), 1));
      const again = await drop({ ...first, there }, () => site.io.of("/ns").emit("x", Buffer.from([3])));
      told.push(...events(stage, await first.here.log.take(2), 1));
      return { told, recovered: [there.recovered, again.recovered, first.here.recovered] };
    },
    {
      told: [
        ["x", bytes(1)],
        ["x", bytes(2)],
        ["x", bytes(3)],
      ],
      recovered: [true, true, true],
    },
  ),

  scenario(
    "events keep their arguments: direct, volatile, acked, broadcast, without any",
    async (stage) => {
      const site = await stage.serve(ON);
      const { there, here } = await stage.pair(site);
      here.answer("acked", (reply, ...args) => reply(...args));
      there.emit("direct", "own string");
      await there.emitWithAck("acked", "own string");
      await site.io.timeout(2_000).emitWithAck("acked", "own string");
      site.io.emit("broadcast", "own string");
      const one = await here.log.take(4);
      await there.emitWithAck("acked", "settle");
      await here.log.next();
      there.volatile.emit("volatile", "own string");
      const two = await here.log.take(1);
      site.io.emit("nothing");
      there.emit("nothing");
      const none = await here.log.take(2);
      site.io.emit("object", { last: "string" });
      const three = await here.log.take(1);
      return [...events(stage, [...one, ...two, ...three], 1), ...events(stage, none, 0)];
    },
    [
      ["direct", "own string"],
      ["acked", "own string"],
      ["acked", "own string"],
      ["broadcast", "own string"],
      ["volatile", "own string"],
      ["object", { last: "string" }],
      ["nothing"],
      ["nothing"],
    ],
    { notOver: ["polling"] },
  ),

  scenario(
    "a client that left on purpose is a new one when it comes back",
    async (stage) => {
      const site = await stage.serve(ON);
      const { there, here } = await stage.pair(site);
      there.data = { name: "n" };
      there.emit("x", 1);
      const told = events(stage, await here.log.take(1), 1);
      const gone = new Promise((resolve) => there.once("disconnect", resolve));
      here.disconnect();
      const reason = await gone;
      await here.log.expect("disconnect");
      site.io.emit("not for it");
      const back = new Promise<Socket>((resolve) => site.io.once("connection", resolve));
      await here.connected();
      const socket = await back;
      return { told, reason, recovered: [socket.recovered, here.recovered], data: socket.data as unknown };
    },
    { told: [["x", 1]], reason: "client namespace disconnect", recovered: [false, false], data: {} },
  ),

  scenario(
    "middlewares are skipped for a recovered session, unless the server says otherwise",
    async (stage) => {
      const runs: number[] = [];
      for (const skipMiddlewares of [true, false]) {
        const site = await stage.serve({
          connectionStateRecovery: { maxDisconnectionDuration: 10_000, skipMiddlewares },
        });
        let count = 0;
        site.io.use((_socket, next) => {
          count++;
          next();
        });
        const pair = await stage.pair(site);
        site.io.emit("x");
        await pair.here.log.next();
        await drop(pair, () => undefined);
        await pair.here.log.expect("connect");
        runs.push(count);
      }
      return runs;
    },
    [1, 2],
  ),
];
