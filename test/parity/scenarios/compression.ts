/** With compression (RFC 7692) agreed on by both sides, all is as without. */
import { scenario } from "../scenario.js";
import { bytes } from "../support/normalise.js";
import type { SiteOptions } from "../support/stage.js";

const COMPRESSED: SiteOptions = {
  perMessageDeflate: { threshold: 0 },
  bridge: { perMessageDeflate: { threshold: 0 } },
};

export const compression = [
  scenario(
    "is agreed on, and events of all sizes keep their order, both ways",
    async (stage) => {
      const site = await stage.serve(COMPRESSED);
      const seen = stage.log();
      const { there, here, client } = await stage.pair(site);
      there.onAny((name: string, n: number, text: string) => seen.add(name, n, text.length));
      const sizes = [1, 100_000, 2, 50_000, 3];
      sizes.forEach((size, n) => {
        here.emit("x", n, "é".repeat(size));
        there.compress(n % 2 === 0).emit("x", n, "é".repeat(size));
      });
      const told = (await here.log.take(5)).map(([name, n, text]) => [name, n, (text as string).length]);
      return [
        String(client.answerHeaders["sec-websocket-extensions"]).split(";")[0],
        await seen.take(5),
        told,
      ];
    },
    [
      "permessage-deflate",
      [1, 100_000, 2, 50_000, 3].map((size, n) => ["x", n, size]),
      [1, 100_000, 2, 50_000, 3].map((size, n) => ["x", n, size]),
    ],
    { notOver: ["sse", "polling"] },
  ),

  scenario(
    "broadcasts, binary and acks",
    async (stage) => {
      const site = await stage.serve(COMPRESSED);
      const one = await stage.pair(site);
      const two = await stage.pair(site);
      one.here.answer("ask", (reply, value) => reply(value));
      site.io.emit("all", Buffer.from([1, 2]), "text");
      const answer: unknown = await one.there.emitWithAck("ask", [Buffer.from([3])]);
      return [await one.here.log.take(2), await two.here.log.take(1), answer];
    },
    [
      [
        ["all", bytes(1, 2), "text"],
        ["ask", [bytes(3)]],
      ],
      [["all", bytes(1, 2), "text"]],
      [bytes(3)],
    ],
  ),

  scenario(
    "volatile: of two in one tick the first arrives, and again after drain",
    async (stage) => {
      const site = await stage.serve(COMPRESSED);
      const { there, here } = await stage.pair(site);
      here.answer("settle", (reply) => reply());
      const told = [];
      for (const n of [1, 3]) {
        await there.emitWithAck("settle");
        await here.log.expect("settle");
        there.volatile.emit("v", n);
        there.volatile.emit("v", n + 1);
        there.emit("end");
        told.push(await here.log.until("end"));
      }
      return told;
    },
    [[["v", 1]], [["v", 3]]],
    // Between two polls nothing that may be dropped can be sent.
    { notOver: ["polling"] },
  ),

  scenario(
    "socket.conn's drain event",
    async (stage) => {
      const site = await stage.serve(COMPRESSED);
      const seen = stage.log();
      const { there, here } = await stage.pair(site);
      there.conn.once("drain", () => seen.add("drain"));
      there.emit("x", "y".repeat(2_000));
      await here.log.expect("x");
      return seen.next();
    },
    ["drain"],
  ),

  scenario(
    "what was emitted before a disconnect arrives before it",
    async (stage) => {
      const site = await stage.serve(COMPRESSED);
      const { there, here } = await stage.pair(site);
      there.emit("last words", "x".repeat(10_000));
      there.disconnect(true);
      return (await here.log.take(2)).map(([what]) => what);
    },
    ["last words", "disconnect"],
  ),
];
