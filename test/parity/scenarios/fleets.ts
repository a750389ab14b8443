/** Several nodes: everything that crosses from one to another, with each adapter that can. */
import type { ClientSocket } from "../drivers/driver.js";
import { scenario, type Conditions, type Scenario } from "../scenario.js";
import { clusterFleet } from "../support/cluster-fleet.js";
import { eventually, type FleetNode } from "../support/fleet.js";
import { redisFleet } from "../support/redis-fleet.js";
import type { Stage } from "../support/stage.js";

type StartFleet = (stage: Stage) => Promise<[FleetNode, FleetNode]>;

interface Crowd {
  one: FleetNode;
  two: FleetNode;
  /** a (in x) and b (in x and y) on node one; c (in y) on node two. */
  clients: { a: ClientSocket; b: ClientSocket; c: ClientSocket };
}

async function crowd(stage: Stage, start: StartFleet): Promise<Crowd> {
  const [one, two] = await start(stage);
  const client = async (node: FleetNode, name: string, rooms: string[]): Promise<ClientSocket> => {
    const socket = await stage.client(node).socket("/", { name, rooms }).connected();
    await socket.log.expect("ready");
    return socket;
  };
  const clients = {
    a: await client(one, "a", ["x"]),
    b: await client(one, "b", ["x", "y"]),
    c: await client(two, "c", ["y"]),
  };
  return { one, two, clients };
}

function hasLength(length: number): (answer: unknown) => boolean {
  return (answer) => Array.isArray(answer) && answer.length === length;
}

/** What each was told, up to an event that everybody gets. */
async function told({ one, clients }: Crowd, names: readonly (keyof Crowd["clients"])[]): Promise<unknown> {
  await one.perform({ do: "emit", event: "fence" });
  const entries: unknown[] = [];
  for (const name of names) entries.push([name, ...(await clients[name].log.until("fence"))]);
  return entries;
}

function fleet(title: string, start: StartFleet, conditions: Conditions = {}): Scenario[] {
  return [
    scenario(
      `${title}: broadcasts, rooms, except and local`,
      async (stage) => {
        const all = await crowd(stage, start);
        const { one } = all;
        await one.perform({ do: "emit", event: "all", args: [1, "é", { n: null }] });
        await one.perform({ do: "emit", to: ["y"], event: "to y" });
        await one.perform({ do: "emit", to: ["x", "y"], event: "x or y, once" });
        await one.perform({ do: "emit", except: ["y"], event: "not y" });
        await one.perform({ do: "emit", local: true, event: "local" });
        return told(all, ["a", "b", "c"]);
      },
      [
        ["a", ["all", 1, "é", { n: null }], ["x or y, once"], ["not y"], ["local"]],
        ["b", ["all", 1, "é", { n: null }], ["to y"], ["x or y, once"], ["local"]],
        ["c", ["all", 1, "é", { n: null }], ["to y"], ["x or y, once"]],
      ],
      conditions,
    ),

    scenario(
      `${title}: fetchSockets, socketsJoin, socketsLeave`,
      async (stage) => {
        const all = await crowd(stage, start);
        const { one, two } = all;
        const before = await two.perform({ do: "fetch", in: "y" });
        await two.perform({ do: "join", in: "y", rooms: ["z"] });
        await two.perform({ do: "leave", in: "y", rooms: ["y"] });
        // An adapter may carry these to its own node the long way, and broadcasts not.
        await eventually(one, { do: "fetch", in: "z" }, hasLength(2));
        await eventually(two, { do: "fetch", in: "y" }, hasLength(0));
        await two.perform({ do: "emit", to: ["z"], event: "to z" });
        await two.perform({ do: "emit", to: ["y"], event: "nobody is in y" });
        await two.perform({ do: "emit", event: "arrived" });
        await all.clients.a.log.expect("arrived");
        return {
          before,
          after: await one.perform({ do: "fetch", in: "z" }),
          told: await told(all, ["b", "c"]),
        };
      },
      {
        before: [
          { name: "b", rooms: ["x", "y"] },
          { name: "c", rooms: ["y"] },
        ],
        after: [
          { name: "b", rooms: ["x", "z"] },
          { name: "c", rooms: ["z"] },
        ],
        told: [
          ["b", ["to z"], ["arrived"]],
          ["c", ["to z"], ["arrived"]],
        ],
      },
      conditions,
    ),

    scenario(
      `${title}: broadcasts with acks from clients of several nodes; serverSideEmit`,
      async (stage) => {
        const all = await crowd(stage, start);
        for (const [name, client] of Object.entries(all.clients)) {
          client.answer("ask", (reply, value) => reply(`${name} ${String(value)}`));
        }
        return {
          answers: await all.one.perform({ do: "ask", event: "ask", args: ["1"] }),
          ofRoom: await all.two.perform({ do: "ask", to: ["x"], event: "ask", args: ["2"] }),
          nodes: await all.one.perform({ do: "serverSideEmit", args: ["hello", { n: 1 }] }),
        };
      },
      {
        answers: ["a 1", "b 1", "c 1"],
        ofRoom: ["a 2", "b 2"],
        nodes: ['two got ["hello",{"n":1}]'],
      },
      conditions,
    ),

    scenario(
      `${title}: disconnectSockets, with and without closing the connection`,
      async (stage) => {
        const all = await crowd(stage, start);
        await all.one.perform({ do: "disconnect", in: "y", close: true });
        const ends = [await all.clients.b.log.next(), await all.clients.c.log.next()];
        await all.two.perform({ do: "disconnect", in: "x", close: false });
        ends.push(await all.clients.a.log.next());
        return ends;
      },
      [
        ["disconnect", "io server disconnect"],
        ["disconnect", "io server disconnect"],
        ["disconnect", "io server disconnect"],
      ],
      conditions,
    ),
  ];
}

export const fleets = [
  ...fleet("redis adapter", redisFleet, { needs: "redis" }),
  ...fleet("cluster adapter", clusterFleet),
];
