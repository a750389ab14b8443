/**
 * Several nodes that are one Socket.IO server through an adapter. What a scenario has a node do is a command, a plain
 * value: it is carried out here for a node of this process, and by a message for one in a process of its own.
 */
import type { Server, Socket } from "socket.io";
import type { Target } from "../drivers/driver.js";

export type Command =
  | { do: "emit"; to?: string[]; except?: string[]; local?: boolean; event: string; args?: unknown[] }
  /** A broadcast with acks: the answers, sorted. */
  | { do: "ask"; to?: string[]; event: string; args?: unknown[] }
  /** The names of the sockets in a room, with their rooms. */
  | { do: "fetch"; in: string }
  | { do: "join" | "leave"; in: string; rooms: string[] }
  | { do: "disconnect"; in: string; close: boolean }
  /** To the other nodes' servers: their answers. */
  | { do: "serverSideEmit"; args: unknown[] }
  | { do: "serverCount" | "clientsCount" };

export interface FleetNode {
  readonly target: Target;
  perform(command: Command): Promise<unknown>;
}

/** Milliseconds that answers from other nodes may take. */
const ANSWERS = 2_000;

/** Has a server name its sockets, put them in rooms as their `auth` says, and answer other nodes. */
export function prepare(io: Server, name: string): void {
  io.on("connection", async (socket: Socket) => {
    const { name: client, rooms } = socket.handshake.auth as { name: string; rooms: string[] };
    socket.data = { name: client };
    await socket.join(rooms);
    socket.emit("ready");
  });
  io.on("node", (...args: unknown[]) => {
    const ack = args.pop() as (answer: string) => void;
    ack(`${name} got ${JSON.stringify(args)}`);
  });
}

/** Carries out a command. */
export async function perform(io: Server, command: Command): Promise<unknown> {
  switch (command.do) {
    case "emit": {
      const { to = [], except = [], local, event, args = [] } = command;
      const all = local === true ? io.local : io.in([]);
      all
        .to(to)
        .except(except)
        .emit(event, ...args);
      return undefined;
    }
    case "ask": {
      const { to = [], event, args = [] } = command;
      const answers = (await io
        .to(to)
        .timeout(ANSWERS)
        .emitWithAck(event, ...args)) as string[];
      return answers.sort();
    }
    case "fetch": {
      const sockets = await io.in(command.in).fetchSockets();
      return sockets
        .map(({ id, data, rooms }) => {
          const { name } = data as { name: string };
          return { name, rooms: [...rooms].filter((room) => room !== id).sort() };
        })
        .sort((a, b) => a.name.localeCompare(b.name));
    }
    case "join":
      io.in(command.in).socketsJoin(command.rooms);
      return undefined;
    case "leave":
      io.in(command.in).socketsLeave(command.rooms);
      return undefined;
    case "disconnect":
      io.in(command.in).disconnectSockets(command.close);
      return undefined;
    case "serverSideEmit":
      return io.serverSideEmitWithAck("node", ...command.args);
    case "clientsCount":
      return io.engine.clientsCount;
    case "serverCount":
      return io.of("/").adapter.serverCount();
  }
}

/** Asks a node again and again until the answer is right: for what nobody is told when it has happened. */
export async function eventually(
  node: FleetNode,
  command: Command,
  isRight: (answer: unknown) => boolean,
): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!isRight(await node.perform(command))) {
    if (Date.now() > deadline) throw new Error(`${command.do}: not the right answer within 5 s`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Waits until each node knows of all. */
export async function introduced(nodes: readonly FleetNode[]): Promise<void> {
  for (const node of nodes) {
    await eventually(node, { do: "serverCount" }, (count) => count === nodes.length);
  }
}
