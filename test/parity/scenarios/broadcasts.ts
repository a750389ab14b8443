/** Rooms and broadcasts: who gets what, and how often. */
import { scenario } from "../scenario.js";
import type { Pair, Site, Stage } from "../support/stage.js";
import { GatheringWebSocketServer, RoomAdapter } from "../../../bridge/index.js";
import type { Scenario } from "../scenario.js";

/** Sockets a (in x), b (in x and y), c (in y). */
async function three(stage: Stage, site: Site): Promise<{ a: Pair; b: Pair; c: Pair }> {
  const [a, b, c] = [await stage.pair(site), await stage.pair(site), await stage.pair(site)];
  await a.there.join("x");
  await b.there.join(["x", "y"]);
  await c.there.join("y");
  return { a, b, c };
}

/** What each was told, up to a fence that everyone gets. */
async function told(site: Site, pairs: Record<string, Pair>): Promise<Record<string, unknown>> {
  site.io.emit("fence");
  const entries: [string, unknown][] = [];
  for (const [name, { here }] of Object.entries(pairs)) {
    entries.push([name, (await here.log.until("fence")).map(([event]) => event)]);
  }
  return Object.fromEntries(entries);
}

/** Everything that a broadcast can be narrowed by, on an adapter. */
function onAdapter(title: string, options: Parameters<Stage["serve"]>[0]): Scenario[] {
  return [
    scenario(
      `${title}: io.emit, to, in, several rooms (each once), except, broadcast, local`,
      async (stage) => {
        const site = await stage.serve(options);
        const { io } = site;
        const { a, b, c } = await three(stage, site);
        io.emit("all");
        io.to("x").emit("x");
        io.in("y").emit("y");
        io.to("x").to("y").emit("x or y");
        io.to(["x", "y"]).except("y").emit("x but not y");
        io.except("x").emit("not x");
        io.local.emit("local");
        io.to("nobody").emit("nobody");
        io.to(a.there.id).emit("a alone");
        a.there.broadcast.emit("all but a");
        a.there.to("x").emit("x but a");
        b.there.to(["x", "y"]).emit("x or y but b");
        b.there.except("y").emit("not y, not b");
        b.there.local.emit("local but b");
        return told(site, { a, b, c });
      },
      {
        a: [
          "all",
          "x",
          "x or y",
          "x but not y",
          "local",
          "a alone",
          "x or y but b",
          "not y, not b",
          "local but b",
        ],
        b: ["all", "x", "y", "x or y", "local", "all but a", "x but a"],
        c: ["all", "y", "x or y", "not x", "local", "all but a", "x or y but b", "local but b"],
      },
    ),

    scenario(
      `${title}: volatile and compress broadcasts, in their order with the others`,
      async (stage) => {
        const site = await stage.serve(options);
        const { a, b, c } = await three(stage, site);
        site.io.to("x").emit("ordinary");
        site.io.to("x").volatile.emit("dropped: a write is under way");
        site.io.to("y").compress(false).emit("uncompressed");
        return told(site, { a, b, c });
      },
      { a: ["ordinary"], b: ["ordinary", "uncompressed"], c: ["uncompressed"] },
    ),

    scenario(
      `${title}: rooms joined and left between two broadcasts of one tick`,
      async (stage) => {
        const site = await stage.serve(options);
        const { a, b, c } = await three(stage, site);
        site.io.to("x").emit("first");
        void c.there.join("x");
        void a.there.leave("x");
        site.io.to("x").emit("second");
        return told(site, { a, b, c });
      },
      { a: ["first"], b: ["first", "second"], c: ["second"] },
    ),

    scenario(
      `${title}: fetchSockets, socketsJoin, socketsLeave, disconnectSockets`,
      async (stage) => {
        const site = await stage.serve(options);
        const { a, b, c } = await three(stage, site);
        b.there.data = { name: "b" };
        const found = await site.io.in("y").fetchSockets();
        const ids = found.map(({ id }) => id).sort();
        const data: unknown = found.find(({ id }) => id === b.there.id)?.data;
        const rooms = [...(found.find(({ id }) => id === b.there.id)?.rooms ?? [])].filter(
          (r) => r !== b.there.id,
        );
        site.io.in("x").socketsJoin(["z", "w"]);
        site.io.in("y").socketsLeave("z");
        site.io.to("z").emit("z");
        site.io.to("w").emit("w");
        site.io.in("y").disconnectSockets();
        const ends = [await b.here.log.until("disconnect"), await c.here.log.until("disconnect")];
        return {
          ids: ids.join() === [b.there.id, c.there.id].sort().join(),
          data,
          rooms,
          ends,
          left: await told(site, { a }),
        };
      },
      { ids: true, data: { name: "b" }, rooms: ["x", "y"], ends: [[["w"]], []], left: { a: ["z", "w"] } },
    ),
  ];
}

export const broadcasts = [
  ...onAdapter("in-memory adapter", {}),
  ...onAdapter("RoomAdapter", { adapter: RoomAdapter }),
  ...onAdapter("RoomAdapter and GatheringWebSocketServer", {
    adapter: RoomAdapter,
    wsEngine: GatheringWebSocketServer,
  }),

  scenario(
    "a remote socket of fetchSockets: emit, emitWithAck, join, disconnect",
    async (stage) => {
      const site = await stage.serve();
      const { there, here } = await stage.pair(site);
      here.answer("ask", (reply) => reply("answer"));
      const [remote] = await site.io.fetchSockets();
      if (remote === undefined) throw new Error("fetchSockets found nobody");
      remote.emit("direct", 1);
      const answer: unknown = await remote.timeout(2_000).emitWithAck("ask");
      remote.join("somewhere");
      const rooms = there.rooms.has("somewhere");
      const { address } = remote.handshake;
      remote.disconnect(true);
      return { answer, rooms, address, told: await here.log.take(3) };
    },
    {
      answer: "answer",
      rooms: true,
      address: "127.0.0.1",
      told: [["direct", 1], ["ask"], ["disconnect", "io server disconnect"]],
    },
  ),

  scenario(
    "broadcasts to several namespaces on one connection",
    async (stage) => {
      const site = await stage.serve();
      const main = await stage.pair(site);
      const chat = await stage.join(site, main.client, "/chat");
      site.io.emit("x", "/");
      site.io.of("/chat").emit("x", "/chat");
      await chat.there.join("r");
      site.io.of("/chat").to("r").emit("x", "r");
      return [await main.here.log.next(), await chat.here.log.take(2)];
    },
    [
      ["x", "/"],
      [
        ["x", "/chat"],
        ["x", "r"],
      ],
    ],
  ),

  scenario(
    "a client that is being let in gets no broadcast before its connect",
    async (stage) => {
      const site = await stage.serve();
      site.io.on("connection", () => site.io.emit("someone came"));
      const here = stage.client(site).socket().connect();
      return here.log.take(2);
    },
    [["connect"], ["someone came"]],
  ),
];
