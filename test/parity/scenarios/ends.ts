/** Every way to end, and the reason that each side is given. */
import type { Pair, Site, Stage } from "../support/stage.js";
import { scenario, type Scenario } from "../scenario.js";

/** What both sides are told when `act` ends a client's two namespaces, or one of them. */
async function reasons(
  stage: Stage,
  act: (main: Pair, chat: Pair, site: Site) => unknown,
  options: Parameters<Stage["serve"]>[0] = {},
): Promise<unknown> {
  const site = await stage.serve(options);
  const seen = stage.log();
  const main = await stage.pair(site);
  const chat = await stage.join(site, main.client, "/chat");
  for (const { there } of [main, chat]) {
    await there.join("room");
    there.on("disconnecting", (reason) => {
      const [, ...rooms] = there.rooms;
      seen.add("disconnecting", there.nsp.name, reason, rooms);
    });
    there.on("disconnect", (reason) => seen.add("disconnect", there.nsp.name, reason, [...there.rooms]));
  }
  await act(main, chat, site);
  const server = (await seen.take(4)).map((entry) => entry.slice(0, 3));
  return { server, main: (await main.here.log.next())[1], chat: (await chat.here.log.next())[1] };
}

/** What `reasons` gives where both namespaces end for the same reason. */
function both(server: string, client: string): unknown {
  return {
    server: ["/", "/chat"].flatMap((ns) => [
      ["disconnecting", ns, server],
      ["disconnect", ns, server],
    ]),
    main: client,
    chat: client,
  };
}

const WAYS: readonly Scenario[] = [
  scenario(
    "the client disconnects each namespace",
    (stage) =>
      reasons(stage, (main, chat) => {
        main.here.disconnect();
        chat.here.disconnect();
      }),
    both("client namespace disconnect", "io client disconnect"),
  ),
  scenario(
    "the client closes the WebSocket",
    (stage) => reasons(stage, (main) => main.client.close()),
    both("transport close", "transport close"),
  ),
  scenario(
    "the TCP connection is cut",
    (stage) => reasons(stage, (main) => main.client.cut()),
    both("transport close", "transport close"),
  ),
  scenario(
    "server: socket.disconnect() of each",
    (stage) =>
      reasons(stage, (main, chat) => {
        main.there.disconnect();
        chat.there.disconnect();
      }),
    both("server namespace disconnect", "io server disconnect"),
  ),
  scenario(
    "server: socket.disconnect(true) ends all namespaces",
    (stage) => reasons(stage, (main) => main.there.disconnect(true)),
    both("server namespace disconnect", "io server disconnect"),
  ),
  scenario(
    "server: disconnectSockets(true) ends all namespaces",
    (stage) => reasons(stage, (main) => main.there.nsp.disconnectSockets(true)),
    both("server namespace disconnect", "io server disconnect"),
  ),
  scenario(
    "server: socket.conn.close()",
    (stage) => reasons(stage, (main) => main.there.conn.close()),
    both("forced close", "transport close"),
  ),
  scenario(
    "server: io.close()",
    (stage) => reasons(stage, (_main, _chat, site) => void site.io.close()),
    both("server shutting down", "transport close"),
  ),
];

export const ends: readonly Scenario[] = [
  ...WAYS,

  scenario(
    "at disconnecting the rooms are still there, at disconnect they are gone",
    async (stage) => {
      const site = await stage.serve();
      const seen = stage.log();
      const { there, here } = await stage.pair(site);
      await there.join(["a", "b"]);
      there.on("disconnecting", () => seen.add("disconnecting", [...there.rooms].slice(1)));
      there.on("disconnect", () => seen.add("disconnect", [...there.rooms], there.connected));
      here.disconnect();
      await here.log.expect("disconnect");
      return [await seen.take(2), site.io.of("/").adapter.rooms.size, site.io.of("/").sockets.size];
    },
    [
      [
        ["disconnecting", ["a", "b"]],
        ["disconnect", [], false],
      ],
      0,
      0,
    ],
  ),

  scenario(
    "what was emitted before a disconnect arrives before it, both ways",
    async (stage) => {
      const site = await stage.serve();
      const seen = stage.log();
      const one = await stage.pair(site);
      const two = await stage.pair(site);
      one.there.onAny((name: string) => seen.add(name));
      one.there.on("disconnect", (reason) => seen.add("disconnect", reason));
      one.here.emit("last words");
      one.here.disconnect();
      two.there.emit("last words");
      two.there.disconnect(true);
      return [await seen.take(2), await one.here.log.take(1), await two.here.log.take(2)];
    },
    [
      [["last words"], ["disconnect", "client namespace disconnect"]],
      [["disconnect", "io client disconnect"]],
      [["last words"], ["disconnect", "io server disconnect"]],
    ],
  ),

  scenario(
    "a client that falls silent: ping timeout",
    async (stage) => {
      const site = await stage.serve({ pingInterval: 80, pingTimeout: 60 });
      const seen = stage.log();
      const { there, client } = await stage.pair(site);
      there.on("disconnect", (reason) => seen.add("disconnect", reason));
      there.conn.on("close", (reason: string) => seen.add("close", reason));
      client.mute();
      return [await seen.take(2), site.io.engine.clientsCount];
    },
    [
      [
        ["disconnect", "ping timeout"],
        ["close", "ping timeout"],
      ],
      0,
    ],
    // One that does not poll is missed in another way.
    { notOver: ["polling"] },
  ),

  scenario(
    "a client may come back after any end, as a new socket",
    async (stage) => {
      const site = await stage.serve();
      const { there, here, client } = await stage.pair(site);
      const ids = new Set([there.id]);
      const reasons: unknown[] = [];
      const acts = [
        () => here.disconnect(),
        () => client.cut(),
        () => client.close(),
        () => site.io.disconnectSockets(true),
        () => site.io.disconnectSockets(),
      ];
      for (const act of acts) {
        act();
        reasons.push((await here.log.expect("disconnect"))[0]);
        await here.connected();
        ids.add(String(here.id));
      }
      return { reasons, ids: ids.size };
    },
    {
      reasons: [
        "io client disconnect",
        "transport close",
        "transport close",
        "io server disconnect",
        "io server disconnect",
      ],
      ids: 6,
    },
  ),

  scenario(
    "io.close() ends everyone, counts to zero, and its promise resolves",
    async (stage) => {
      const site = await stage.serve();
      const pairs = [await stage.pair(site), await stage.pair(site, "/chat")];
      const before = site.io.engine.clientsCount;
      await site.io.close();
      const told = await Promise.all(pairs.map(({ here }) => here.log.next()));
      return { before, after: site.io.engine.clientsCount, told, listening: site.web.listening };
    },
    {
      before: 2,
      after: 0,
      told: [
        ["disconnect", "transport close"],
        ["disconnect", "transport close"],
      ],
      listening: false,
    },
  ),
];
