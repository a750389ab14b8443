/** Two servers in worker processes of node:cluster, joined by @socket.io/cluster-adapter. */
import { setupPrimary } from "@socket.io/cluster-adapter";
import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Answer, Hello, Order } from "./cluster-worker.js";
import { eventually, introduced, type FleetNode } from "./fleet.js";
import { within } from "./log.js";

/** Workers take their time to start: they serve scenario after scenario. */
let fleet: Promise<[FleetNode, FleetNode]> | undefined;
const workers: Worker[] = [];

/** The messages of a worker that are for us: the adapters of the workers talk through the same channel. */
function message<T extends Hello | Answer>(worker: Worker, is: (value: object) => value is T): Promise<T> {
  return new Promise((resolve) => {
    const listener = (value: unknown): void => {
      if (typeof value !== "object" || value === null || !is(value)) return;
      worker.off("message", listener);
      resolve(value);
    };
    worker.on("message", listener);
  });
}

function isHello(value: object): value is Hello {
  return "port" in value;
}

async function startNode(name: string): Promise<FleetNode> {
  const worker = cluster.fork({ NODE_NAME: name });
  workers.push(worker);
  const { port } = await within(`the start of worker ${name}`, message(worker, isHello), 10_000);
  let orders = 0;
  return {
    target: { url: `http://127.0.0.1:${port}`, bridgePath: "/bridge" },
    perform: async (command) => {
      const order: Order = { order: ++orders, command };
      const isAnswer = (value: object): value is Answer =>
        "answerTo" in value && value.answerTo === order.order;
      const answer = message(worker, isAnswer);
      worker.send(order);
      return (await within(`the answer to ${command.do}`, answer)).value;
    },
  };
}

async function startFleet(): Promise<[FleetNode, FleetNode]> {
  cluster.setupPrimary({ exec: fileURLToPath(new URL("cluster-worker.js", import.meta.url)), args: [] });
  // Listens to all workers that there will be, for as long as this process lives.
  setupPrimary();
  const nodes = await Promise.all([startNode("one"), startNode("two")]);
  await introduced(nodes);
  return nodes;
}

/** The nodes, with no client left of the scenario before. */
export async function clusterFleet(): Promise<[FleetNode, FleetNode]> {
  const nodes = await (fleet ??= startFleet());
  for (const node of nodes) await eventually(node, { do: "clientsCount" }, (count) => count === 0);
  return nodes;
}

/** Ends the workers. */
export async function endClusterFleet(): Promise<void> {
  for (const worker of workers.splice(0)) {
    const exit = once(worker, "exit");
    worker.kill("SIGKILL");
    await exit;
  }
}
