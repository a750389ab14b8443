/** Binary values, both ways: what a client sends and gets is the same bytes. */
import { scenario } from "../scenario.js";
import { bytes, bytesOf } from "../support/normalise.js";

const ALL = Buffer.from(Array.from({ length: 256 }, (_, n) => n));

const SHAPES: readonly (readonly [title: string, sent: readonly unknown[], got: readonly unknown[]])[] = [
  ["one", [Buffer.from([1, 2, 3])], [bytes(1, 2, 3)]],
  ["every byte", [ALL], [bytesOf(ALL)]],
  ["empty", [Buffer.alloc(0)], [bytes()]],
  [
    "several, and others between them",
    ["a", Buffer.from([1]), null, Buffer.from([2]), 3],
    ["a", bytes(1), null, bytes(2), 3],
  ],
  [
    "nested",
    [{ list: [{ deep: Buffer.from([9]) }, Buffer.alloc(0)], text: "é" }],
    [{ list: [{ deep: bytes(9) }, bytes()], text: "é" }],
  ],
  ["large", [Buffer.alloc(300_000, 7)], [bytesOf(Buffer.alloc(300_000, 7))]],
  [
    "ten, which is as many as a packet takes",
    Array.from({ length: 10 }, (_, n) => Buffer.from([n])),
    Array.from({ length: 10 }, (_, n) => bytes(n)),
  ],
];

export const binary = [
  ...SHAPES.map(([title, sent, got]) =>
    scenario(
      `both ways: ${title}`,
      async (stage) => {
        const site = await stage.serve();
        const seen = stage.log();
        const { there, here } = await stage.pair(site);
        there.on("b", (...args: unknown[]) => seen.add("b", ...args));
        here.emit("b", ...sent);
        there.emit("b", ...sent);
        return [await seen.next(), await here.log.next()];
      },
      [
        ["b", ...got],
        ["b", ...got],
      ],
    ),
  ),

  scenario(
    "the server gets Buffers",
    async (stage) => {
      const site = await stage.serve();
      const seen = stage.log();
      const { there, here } = await stage.pair(site);
      there.on("b", (value: unknown) => seen.add("b", Buffer.isBuffer(value)));
      here.emit("b", Buffer.from([1]));
      return seen.next();
    },
    ["b", true],
  ),

  scenario(
    "in acks, both ways",
    async (stage) => {
      const site = await stage.serve();
      const { there, here } = await stage.pair(site);
      there.on("ask", (value: Buffer, ack: (...values: unknown[]) => void) => {
        ack(Buffer.concat([value, value]), { b: Buffer.alloc(0) });
      });
      here.answer("ask", (reply, value) => reply([value, Buffer.from([5])]));
      const answer = await here.ask("ask", Buffer.from([1, 2]));
      const other: unknown = await there.emitWithAck("ask", Buffer.from([3]));
      return { answer, other, told: await here.log.next() };
    },
    {
      answer: [bytes(1, 2, 1, 2), { b: bytes() }],
      other: [bytes(3), bytes(5)],
      told: ["ask", bytes(3)],
    },
  ),

  scenario(
    "in broadcasts, to namespaces, and in order with text",
    async (stage) => {
      const site = await stage.serve();
      const one = await stage.pair(site, "/bin");
      const two = await stage.pair(site, "/bin");
      const nsp = site.io.of("/bin");
      await one.there.join("r");
      nsp.emit("all", Buffer.from([1]));
      nsp.to("r").emit("room", [Buffer.from([2]), Buffer.from([3])]);
      nsp.emit("text", "t");
      nsp.emit("all", Buffer.from([1]));
      return [await one.here.log.take(4), await two.here.log.take(3)];
    },
    [
      [
        ["all", bytes(1)],
        ["room", [bytes(2), bytes(3)]],
        ["text", "t"],
        ["all", bytes(1)],
      ],
      [
        ["all", bytes(1)],
        ["text", "t"],
        ["all", bytes(1)],
      ],
    ],
  ),

  scenario(
    "views of a larger buffer: only their part",
    async (stage) => {
      const site = await stage.serve();
      const { there, here } = await stage.pair(site);
      const whole = new Uint8Array([1, 2, 3, 4, 5, 6]);
      there.emit("b", whole.subarray(1, 3), new DataView(whole.buffer, 4, 2), whole.buffer.slice(0, 1));
      return here.log.next();
    },
    ["b", bytes(2, 3), bytes(5, 6), bytes(1)],
  ),

  scenario(
    "broadcast with acks, binary in both directions",
    async (stage) => {
      const site = await stage.serve();
      const { here } = await stage.pair(site);
      here.answer("ask", (reply, value) => reply({ got: value }));
      const answers: unknown = await site.io.timeout(2_000).emitWithAck("ask", Buffer.from([8]));
      return { answers, told: await here.log.next() };
    },
    { answers: [{ got: bytes(8) }], told: ["ask", bytes(8)] },
  ),

  scenario(
    "eleven are refused, and cost a client of the bridge nothing else (PROTOCOL.md, 5.3)",
    async (stage) => {
      const site = await stage.serve();
      const seen = stage.log();
      const { there, here } = await stage.pair(site);
      there.onAny((name: string, ...args: unknown[]) => seen.add(name, args.length));
      try {
        here.emit("eleven", ...Array.from({ length: 11 }, (_, n) => Buffer.from([n])));
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // a client may know the limit, and refuse by itself
      }
      there.on("after", (ack: (answer: string) => void) => ack("still here"));
      const answer = await here.ask("after");
      here.log.rest(); // each client has its own way to tell of the error
      return [answer, await seen.take(1), there.connected];
    },
    [["still here"], [["after", 1]], true],
    { only: "bridge" },
  ),
];
