/** Acks: both ways, with timeouts, and of broadcasts. */
import { scenario } from "../scenario.js";

type Ack = (...values: unknown[]) => void;

/** What a promise comes to, as a value. */
async function settled(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    if (!(error instanceof Error)) return { thrown: String(error) };
    return { message: error.message, ...("responses" in error && { responses: error.responses }) };
  }
}

export const acks = [
  scenario(
    "the server answers an event, with any values",
    async (stage) => {
      const site = await stage.serve();
      const { there, here } = await stage.pair(site);
      there.on("echo", (...args: unknown[]) => (args.pop() as Ack)(...args));
      there.on("later", (n: number, ack: Ack) => void setImmediate(() => ack(n + 1)));
      return [
        await here.ask("echo"),
        await here.ask("echo", 1, null, "ü🎉", [{}]),
        await Promise.all([here.ask("later", 1), here.ask("later", 2), here.ask("echo", "now")]),
      ];
    },
    [[], [1, null, "ü🎉", [{}]], [[2], [3], ["now"]]],
  ),

  scenario(
    "the client answers an event: callback and emitWithAck",
    async (stage) => {
      const site = await stage.serve();
      const { there, here } = await stage.pair(site);
      here.answer("ask", (reply, ...args) => reply(...args, "answer"));
      const callback = new Promise((resolve) =>
        there.emit("ask", 1, { a: 1 }, (...v: unknown[]) => resolve(v)),
      );
      const first: unknown = await there.emitWithAck("ask", 2);
      return { callback: await callback, first, told: await here.log.take(2) };
    },
    {
      callback: [1, { a: 1 }, "answer"],
      first: 2,
      told: [
        ["ask", 1, { a: 1 }],
        ["ask", 2],
      ],
    },
  ),

  scenario(
    "server's timeout: an answer in time, none in time, and a late one that is ignored",
    async (stage) => {
      const site = await stage.serve();
      const { there, here } = await stage.pair(site);
      const late: (() => void)[] = [];
      here.answer("quick", (reply) => reply("in time"));
      here.answer("slow", (reply) => late.push(() => reply("too late")));
      const calls: unknown[] = [];
      const inTime: unknown = await there.timeout(1_000).emitWithAck("quick");
      await new Promise<void>((resolve) => {
        there.timeout(40).emit("slow", (...args: unknown[]) => {
          calls.push(args);
          resolve();
        });
      });
      const rejected = await settled(there.timeout(40).emitWithAck("slow"));
      for (const reply of late) reply();
      // Answered after the late ones: had they counted, it would show by now.
      await there.emitWithAck("quick");
      return { inTime, calls, rejected, told: await here.log.take(4) };
    },
    {
      inTime: "in time",
      calls: [["error operation has timed out"]],
      rejected: { message: "operation has timed out" },
      told: [["quick"], ["slow"], ["slow"], ["quick"]],
    },
  ),

  scenario(
    "client's timeout: an answer in time, none in time, and a late one that is ignored",
    async (stage) => {
      const site = await stage.serve();
      const { there, here } = await stage.pair(site);
      const late: Ack[] = [];
      there.on("quick", (ack: Ack) => ack("in time"));
      there.on("slow", (ack: Ack) => late.push(ack));
      const inTime = await here.askWithin(1_000, "quick");
      const rejected = await settled(here.askWithin(40, "slow"));
      late[0]?.("too late");
      return { inTime, rejected, after: await here.ask("quick") };
    },
    { inTime: ["in time"], rejected: { message: "operation has timed out" }, after: ["in time"] },
  ),

  scenario(
    "a second ack is ignored, whoever sends it",
    async (stage) => {
      const site = await stage.serve();
      const { there, here } = await stage.pair(site);
      const answers: unknown[] = [];
      here.answer("twice", (reply) => {
        reply(1);
        reply(2);
      });
      here.answer("last", (reply) => reply());
      there.on("twice", (ack: Ack) => {
        ack("a");
        ack("b");
      });
      there.emit("twice", (...values: unknown[]) => answers.push(values));
      await there.emitWithAck("last");
      const ofServer = await here.ask("twice");
      return { answers, ofServer, told: await here.log.take(2), open: there.conn.readyState };
    },
    { answers: [[1]], ofServer: ["a"], told: [["twice"], ["last"]], open: "open" },
  ),

  scenario(
    "acks in several namespaces do not mix, though their ids do",
    async (stage) => {
      const site = await stage.serve();
      const one = await stage.pair(site, "/one");
      const two = await stage.join(site, one.client, "/two");
      for (const { there, here } of [one, two]) {
        there.on("who", (ack: Ack) => ack(there.nsp.name));
        here.answer("who", (reply) => reply(there.nsp.name));
      }
      const toServer = await Promise.all([one.here.ask("who"), two.here.ask("who")]);
      const toClient: unknown[] = await Promise.all([
        one.there.emitWithAck("who"),
        two.there.emitWithAck("who"),
      ]);
      return { toServer, toClient, told: [await one.here.log.next(), await two.here.log.next()] };
    },
    { toServer: [["/one"], ["/two"]], toClient: ["/one", "/two"], told: [["who"], ["who"]] },
  ),

  scenario(
    "the server's wait for the ack of a client that is gone ends with its timeout",
    async (stage) => {
      const site = await stage.serve();
      const { there, here, client } = await stage.pair(site);
      const waiting = settled(there.timeout(60).emitWithAck("never answered"));
      await here.log.expect("never answered");
      client.cut();
      await here.log.expect("disconnect");
      return waiting;
    },
    { message: "operation has timed out" },
  ),

  scenario(
    "broadcast with acks: io.timeout().emitWithAck gathers the answers of all",
    async (stage) => {
      const site = await stage.serve();
      const pairs = [await stage.pair(site), await stage.pair(site), await stage.pair(site)];
      pairs.forEach(({ here }, n) => here.answer("ask", (reply, arg) => reply([n, arg])));
      const answers = (await site.io.timeout(2_000).emitWithAck("ask", "x")) as unknown[][];
      const none: unknown = await site.io.to("empty room").timeout(2_000).emitWithAck("ask");
      const told = await Promise.all(pairs.map(({ here }) => here.log.next()));
      return { answers: answers.sort(), none, told };
    },
    {
      answers: [
        [0, "x"],
        [1, "x"],
        [2, "x"],
      ],
      none: [],
      told: [
        ["ask", "x"],
        ["ask", "x"],
        ["ask", "x"],
      ],
    },
  ),

  scenario(
    "broadcast with acks: one that does not answer is a timeout, with the answers of the others",
    async (stage) => {
      const site = await stage.serve();
      const good = await stage.pair(site);
      const mute = await stage.pair(site);
      good.here.answer("ask", (reply) => reply("here"));
      const seen = stage.log();
      site.io.timeout(500).emit("ask", (error: Error | null, answers: unknown) => {
        seen.add("answers", error?.message, answers);
      });
      const callback = await seen.next();
      const promise = await settled(site.io.timeout(500).emitWithAck("ask"));
      return { callback, promise, told: [await good.here.log.take(2), await mute.here.log.take(2)] };
    },
    {
      callback: ["answers", "operation has timed out", ["here"]],
      promise: { message: "operation has timed out", responses: ["here"] },
      told: [
        [["ask"], ["ask"]],
        [["ask"], ["ask"]],
      ],
    },
  ),

  scenario(
    "socket.broadcast with acks leaves the sender out",
    async (stage) => {
      const site = await stage.serve();
      const sender = await stage.pair(site);
      const other = await stage.pair(site);
      other.here.answer("ask", (reply) => reply("other"));
      const answers: unknown = await sender.there.broadcast.timeout(2_000).emitWithAck("ask");
      return { answers, told: await other.here.log.next() };
    },
    { answers: ["other"], told: ["ask"] },
  ),
];
