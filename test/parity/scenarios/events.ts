/** Events, both ways: arguments of every kind, order, volatile, compress, catch-all listeners. */
import { scenario } from "../scenario.js";
import { bytes } from "../support/normalise.js";
import type { Log } from "../support/log.js";
import type { Socket } from "socket.io";

/** Arguments that are easily damaged on the way. */
const ARGUMENTS: readonly (readonly [title: string, args: readonly unknown[]])[] = [
  ["none", []],
  ["null", [null]],
  ["many", Array.from({ length: 40 }, (_, n) => n)],
  ["booleans and empty values", [true, false, "", [], {}, [[]], [null]]],
  ["numbers", [0, -1, 1.5, -0.25, 1e21, 5e-324, 2 ** 53 - 1, -(2 ** 53) + 1, 1.7976931348623157e308]],
  [
    "unicode",
    ["é", "日本語", "🎉👩‍👩‍👧", "\u2028\u2029", "\u0000\u001f", "\ud800", '"\\/\b\f\n\r\t', "</script>"],
  ],
  ["nested", [{ a: [{ b: { c: [1, [2, [3, { d: null }]]] } }], "": 0, ключ: { "a.b": 1 } }]],
  [
    "what looks like a packet",
    ['2["x"]', "51-[]", "/ns,1[]", '{"type":"event"}', { type: "event", args: [1] }],
  ],
  ["what looks like binary", [{ _placeholder: false, num: 0 }, { $binary: 1 }, { $binary: "AA==", more: 1 }]],
  ["a long text", ["x".repeat(70_000)]],
];

function listen(there: Socket, seen: Log): void {
  there.onAny((name: string, ...args: unknown[]) => seen.add(name, ...args));
}

export const events = [
  ...ARGUMENTS.map(([title, args]) =>
    scenario(
      `arguments both ways: ${title}`,
      async (stage) => {
        const site = await stage.serve();
        const seen = stage.log();
        const { there, here } = await stage.pair(site);
        listen(there, seen);
        here.emit("values", ...args);
        there.emit("values", ...args);
        return [await seen.next(), await here.log.next()];
      },
      [
        ["values", ...args],
        ["values", ...args],
      ],
    ),
  ),

  scenario(
    "event names of any text",
    async (stage) => {
      const site = await stage.serve();
      const seen = stage.log();
      const { there, here } = await stage.pair(site);
      listen(there, seen);
      const names = ["", "a b", 'quo"te\\', "emoji 🎉", "new\nline", "message", "error", "__proto__", "1"];
      for (const name of names) {
        here.emit(name, 1);
        if (name !== "error") there.emit(name, 1);
      }
      return [await seen.take(names.length), await here.log.take(names.length - 1)];
    },
    [
      ["", "a b", 'quo"te\\', "emoji 🎉", "new\nline", "message", "error", "__proto__", "1"].map((n) => [
        n,
        1,
      ]),
      ["", "a b", 'quo"te\\', "emoji 🎉", "new\nline", "message", "__proto__", "1"].map((n) => [n, 1]),
    ],
  ),

  scenario(
    "order is kept, both ways, over many events",
    async (stage) => {
      const site = await stage.serve();
      const seen = stage.log();
      const { there, here } = await stage.pair(site);
      listen(there, seen);
      for (let n = 0; n < 200; n++) {
        here.emit("n", n);
        there.emit("n", n);
      }
      const isSorted = (entries: unknown[][]) => entries.every(([, n], index) => n === index);
      return [isSorted(await seen.take(200)), isSorted(await here.log.take(200))];
    },
    [true, true],
  ),

  scenario(
    "socket.send and the message event, both ways",
    async (stage) => {
      const site = await stage.serve();
      const seen = stage.log();
      const { there, here } = await stage.pair(site);
      there.on("message", (...args: unknown[]) => seen.add("message", ...args));
      there.send("hi", { n: 1 });
      there.write("written");
      site.io.send("to all");
      here.emit("message", "hello", null);
      return [await here.log.take(3), await seen.next()];
    },
    [
      [
        ["message", "hi", { n: 1 }],
        ["message", "written"],
        ["message", "to all"],
      ],
      ["message", "hello", null],
    ],
  ),

  scenario(
    "socket.once, on and off",
    async (stage) => {
      const site = await stage.serve();
      const seen = stage.log();
      const { there, here } = await stage.pair(site);
      there.once("x", (n: number) => seen.add("once", n));
      const on = (n: number) => {
        seen.add("on", n);
        if (n === 2) there.off("x", on);
      };
      there.on("x", on);
      there.on("end", () => seen.add("end"));
      for (const n of [1, 2, 3]) here.emit("x", n);
      here.emit("end");
      return seen.until("end");
    },
    [
      ["once", 1],
      ["on", 1],
      ["on", 2],
    ],
  ),

  scenario(
    "onAny, prependAny and offAny: catch-all listeners for what comes in",
    async (stage) => {
      const site = await stage.serve();
      const seen = stage.log();
      const { there, here } = await stage.pair(site);
      const last = (...event: unknown[]) => seen.add("last", ...event);
      there.onAny(last);
      there.prependAny((...event: unknown[]) => seen.add("first", ...event));
      there.on("x", () => seen.add("listener"));
      here.emit("x", 1, "two");
      const both = await seen.take(3);
      there.offAny(last);
      here.emit("y");
      return { both, one: await seen.next(), left: there.listenersAny().length };
    },
    {
      both: [["first", "x", 1, "two"], ["last", "x", 1, "two"], ["listener"]],
      one: ["first", "y"],
      left: 1,
    },
  ),

  scenario(
    "onAnyOutgoing, prependAnyOutgoing and offAnyOutgoing: for what goes out, broadcasts too",
    async (stage) => {
      const site = await stage.serve();
      const seen = stage.log();
      const { there, here } = await stage.pair(site);
      const last = (...event: unknown[]) => seen.add("last", ...event);
      there.onAnyOutgoing(last);
      there.prependAnyOutgoing((...event: unknown[]) => seen.add("first", ...event));
      there.emit("direct", 1);
      site.io.emit("broadcast", 2);
      site.io.to(there.id).emit("to room", 3);
      there.offAnyOutgoing(last);
      there.emit("later");
      return [await seen.take(7), await here.log.take(4)];
    },
    [
      [
        ["first", "direct", 1],
        ["last", "direct", 1],
        ["first", "broadcast", 2],
        ["last", "broadcast", 2],
        ["first", "to room", 3],
        ["last", "to room", 3],
        ["first", "later"],
      ],
      [["direct", 1], ["broadcast", 2], ["to room", 3], ["later"]],
    ],
  ),

  scenario(
    "compress(true) and compress(false) reach the connection",
    async (stage) => {
      const site = await stage.serve();
      const seen = stage.log();
      const { there, here } = await stage.pair(site);
      there.conn.on("packetCreate", (packet: { data: string; options: { compress: boolean } }) => {
        seen.add("packet", packet.options.compress);
      });
      there.compress(true).emit("x", 1);
      there.compress(false).emit("x", 2);
      there.emit("x", 3);
      site.io.compress(false).emit("x", 4);
      return [await seen.take(4), await here.log.take(4)];
    },
    [
      [
        ["packet", true],
        ["packet", false],
        ["packet", true],
        ["packet", false],
      ],
      [
        ["x", 1],
        ["x", 2],
        ["x", 3],
        ["x", 4],
      ],
    ],
  ),

  scenario(
    "volatile: of two in one tick the first arrives, and again after drain",
    async (stage) => {
      const site = await stage.serve();
      const { there, here } = await stage.pair(site);
      // An exchange before it, so that nothing is being written any more.
      here.answer("settle", (reply) => reply());
      await there.emitWithAck("settle");
      await here.log.next();
      there.volatile.emit("v", 1);
      there.volatile.emit("v", 2);
      there.emit("ordinary");
      const first = await here.log.until("ordinary");
      await there.emitWithAck("settle");
      await here.log.next();
      there.volatile.emit("v", 3);
      there.emit("ordinary");
      return [first, await here.log.until("ordinary")];
    },
    [[["v", 1]], [["v", 3]]],
    // Between two polls nothing that may be dropped can be sent.
    { notOver: ["polling"] },
  ),

  scenario(
    "volatile: dropped while the reader does not read; what is not volatile waits",
    async (stage) => {
      const site = await stage.serve({ maxHttpBufferSize: 1e8, bridge: { maxBufferedBytes: 1e9 } });
      const { there, here, client } = await stage.pair(site);
      client.stall();
      // More than the kernel's buffers take.
      const filler = "x".repeat(8_000_000);
      there.emit("filler", filler);
      await new Promise((resolve) => setImmediate(resolve));
      for (let n = 0; n < 5; n++) {
        there.volatile.emit("v", n);
        await new Promise((resolve) => setImmediate(resolve));
      }
      there.emit("end");
      client.resume();
      const told = await here.log.until("end");
      return told.map(([name, arg]) => [name, typeof arg === "string" ? arg.length : arg]);
    },
    [["filler", 8_000_000]],
  ),

  scenario(
    "volatile with binary is one packet",
    async (stage) => {
      const site = await stage.serve();
      const { there, here } = await stage.pair(site);
      here.answer("settle", (reply) => reply());
      await there.emitWithAck("settle");
      await here.log.next();
      there.volatile.emit("v", Buffer.from([1]), Buffer.from([2]));
      there.volatile.emit("v", 2);
      there.emit("end");
      return here.log.until("end");
    },
    [["v", bytes(1), bytes(2)]],
    { notOver: ["polling"] },
  ),
];
