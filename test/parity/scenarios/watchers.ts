/** Those who look at the packets on their way in, from whenever they begin: the bridge's short ways must not pass them by. */
import type { Socket } from "socket.io";
import * as parser from "socket.io-parser";
import { scenario } from "../scenario.js";
import type { Stage } from "../support/stage.js";
import type { Log } from "../support/log.js";

type Chunk = (chunk: unknown) => void;

/** What an application reaches that knows Socket.IO's insides. */
interface Client {
  readonly decoder: {
    add: Chunk;
    on(event: "decoded", listener: Chunk): void;
    off(event: "decoded", listener: Chunk): void;
  };
}

function clientOf(socket: Socket): Client {
  return socket.client as unknown as Client;
}

/**
 * Plays an event before `watch`, one after it with an answer to a question of the server's, and one after the watch is ended.
 * Returns what the watcher saw, and what the application was told meanwhile.
 */
async function watched(
  stage: Stage,
  watch: (socket: Socket, seen: Log) => () => void,
): Promise<{ seen: unknown; told: unknown; answer: unknown }> {
  const site = await stage.serve();
  const told = stage.log("events");
  const seen = stage.log("what was watched");
  const { there, here } = await stage.pair(site);
  here.answer("question", (reply) => reply("yes"));
  there.onAny((...event: unknown[]) => told.add("told", ...event));
  here.emit("in", "before");
  const before = await told.next();
  const unwatch = watch(there, seen);
  here.emit("in", "meanwhile");
  const meanwhile = await told.next();
  const answer: unknown = await there.emitWithAck("question");
  await here.log.expect("question");
  unwatch();
  here.emit("in", "after");
  return { seen: seen.rest(), told: [before, meanwhile, await told.next()], answer };
}

const told = ["before", "meanwhile", "after"].map((word) => ["told", "in", word]);
const answer = "yes";

export const watchers = [
  ...(["data", "message"] as const).map((event) =>
    scenario(
      `socket.conn.on("${event}"), added late and taken off again`,
      (stage) =>
        watched(stage, ({ conn }, seen) => {
          const listener: Chunk = (chunk) => seen.add(event, chunk);
          conn.on(event, listener);
          return () => conn.off(event, listener);
        }),
      {
        seen: [
          [event, '2["in","meanwhile"]'],
          [event, '30["yes"]'],
        ],
        told,
        answer,
      },
    ),
  ),

  scenario(
    'socket.conn.on("packet"), added late and taken off again',
    (stage) =>
      watched(stage, ({ conn }, seen) => {
        const listener = ({ type, data }: { type: string; data?: unknown }): void =>
          seen.add("packet", type, data);
        conn.on("packet", listener);
        return () => conn.off("packet", listener);
      }),
    {
      seen: [
        ["packet", "message", '2["in","meanwhile"]'],
        ["packet", "message", '30["yes"]'],
      ],
      told,
      answer,
    },
  ),

  scenario(
    "a listener for data in the place of Socket.IO's own may change what comes in",
    (stage) =>
      watched(stage, ({ conn }, seen) => {
        const [own] = conn.listeners("data") as Chunk[];
        conn.removeAllListeners("data").on("data", (chunk: unknown) => {
          seen.add("data", chunk);
          own?.(String(chunk).replace("meanwhile", "changed"));
        });
        return () => conn.removeAllListeners("data").on("data", own!);
      }),
    {
      seen: [
        ["data", '2["in","meanwhile"]'],
        ["data", '30["yes"]'],
      ],
      told: [told[0], ["told", "in", "changed"], told[2]],
      answer,
    },
  ),

  scenario(
    "socket.conn.emit that is wrapped",
    (stage) =>
      watched(stage, ({ conn }, seen) => {
        const own = conn.emit.bind(conn);
        conn.emit = (event: string, ...args: unknown[]) => {
          if (event === "data") seen.add(event, ...args);
          return own(event, ...args);
        };
        return () => void Reflect.deleteProperty(conn, "emit");
      }),
    {
      seen: [
        ["data", '2["in","meanwhile"]'],
        ["data", '30["yes"]'],
      ],
      told,
      answer,
    },
  ),

  scenario(
    "the connection's decoder: one that is wrapped, and a listener for what it decodes",
    async (stage) => ({
      wrapped: await watched(stage, (socket, seen) => {
        const { decoder } = clientOf(socket);
        const own = decoder.add;
        decoder.add = (chunk) => {
          seen.add("add", chunk);
          own.call(decoder, chunk);
        };
        return () => void Reflect.deleteProperty(decoder, "add");
      }),
      heard: await watched(stage, (socket, seen) => {
        const { decoder } = clientOf(socket);
        const listener: Chunk = (packet) => seen.add("decoded", packet);
        decoder.on("decoded", listener);
        return () => decoder.off("decoded", listener);
      }),
    }),
    {
      wrapped: {
        seen: [
          ["add", '2["in","meanwhile"]'],
          ["add", '30["yes"]'],
        ],
        told,
        answer,
      },
      heard: {
        seen: [
          ["decoded", { type: 2, nsp: "/", data: ["in", "meanwhile"] }],
          ["decoded", { type: 3, nsp: "/", id: 0, data: ["yes"] }],
        ],
        told,
        answer,
      },
    },
  ),

  scenario(
    "socket.onevent in the application's hands: it has the packet as the decoder makes it",
    async (stage) => {
      const site = await stage.serve();
      const { there, here } = await stage.pair(site);
      const seen: unknown[] = [];
      const insides = there as unknown as { onevent: (packet: { data: unknown[] }) => void };
      const own = insides.onevent;
      insides.onevent = function (packet) {
        seen.push({ ...packet, data: [...packet.data] });
        own.call(this, packet);
      };
      there.on("ask", (_value: unknown, reply: (value: unknown) => void) => reply("answer"));
      const answers = await here.ask("ask", { __proto__: null, n: -1.5 });
      return { seen, answers };
    },
    { seen: [{ type: 2, nsp: "/", id: 0, data: ["ask", { n: -1.5 }] }], answers: ["answer"] },
  ),

  scenario(
    "a parser that extends Socket.IO's own, and makes other values",
    async (stage) => {
      class Decoder extends parser.Decoder {
        constructor() {
          super((_key, value: unknown) => (value === "2026-11-01" ? new Date(value) : value));
        }
      }
      const site = await stage.serve({ parser: { ...parser, Decoder } });
      const { there, here } = await stage.pair(site);
      there.on("when", (value: unknown, reply: (word: boolean) => void) => reply(value instanceof Date));
      return here.ask("when", "2026-11-01");
    },
    [true],
  ),
];
