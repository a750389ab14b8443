/** Two servers in this process, joined by a Redis server of their own. */
import { createAdapter } from "@socket.io/redis-adapter";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "redis";
import { redisServerPath } from "../../support/machine.js";
import { introduced, perform, prepare, type FleetNode } from "./fleet.js";
import { within } from "./log.js";
import type { Stage } from "./stage.js";

/** Starts a Redis server that listens on a Unix socket in a folder of its own, and on no port; returns the socket. */
async function startRedis(stage: Stage): Promise<string> {
  const program = redisServerPath();
  if (program === undefined) throw new Error("there is no redis-server");
  const folder = await mkdtemp(join(tmpdir(), "crossroom-redis-"));
  stage.onEnd(() => rm(folder, { recursive: true }));
  const path = join(folder, "redis.sock");
  const options = { port: 0, unixsocket: path, dir: folder, save: "", appendonly: "no" };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const redis = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  stage.onEnd(async () => {
    const exit = once(redis, "exit");
    redis.kill();
    await exit;
  });
  const ready = new Promise<void>((resolve) => {
    let output = "";
    redis.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes("ready to accept connections")) resolve();
    });
  });
  await within("the start of redis-server", ready, 10_000);
  return path;
}

export async function redisFleet(stage: Stage): Promise<[FleetNode, FleetNode]> {
  const path = await startRedis(stage);
  const node = async (name: string): Promise<FleetNode> => {
    const publisher = createClient({ socket: { path, tls: false } });
    const subscriber = publisher.duplicate();
    await Promise.all([publisher.connect(), subscriber.connect()]);
    stage.onEnd(() => {
      publisher.destroy();
      subscriber.destroy();
    });
    const { io, target } = await stage.serve({ adapter: createAdapter(publisher, subscriber) });
    prepare(io, name);
    return { target, perform: (command) => perform(io, command) };
  };
  const nodes: [FleetNode, FleetNode] = [await node("one"), await node("two")];
  await introduced(nodes);
  return nodes;
}
