/** A custom parser on the server: clients of the bridge do not notice. */
import * as msgpack from "socket.io-msgpack-parser";
import { attachBridge } from "../../../bridge/index.js";
import { Server } from "socket.io";
import { createServer } from "node:http";
import { scenario } from "../scenario.js";
import { bytes } from "../support/normalise.js";

const MSGPACK = { parser: msgpack };

type Ack = (...values: unknown[]) => void;

export const parsers = [
  scenario(
    "msgpack: events and acks, both ways, in several namespaces",
    async (stage) => {
      const site = await stage.serve(MSGPACK);
      const seen = stage.log();
      const main = await stage.pair(site, "/", { token: "t" });
      const chat = await stage.join(site, main.client, "/chat");
      for (const { there, here } of [main, chat]) {
        there.on("ask", (value: unknown, ack: Ack) => ack(there.nsp.name, value));
        there.on("in", (...args: unknown[]) => seen.add(there.nsp.name, ...args));
        here.answer("ask", (reply, value) => reply([there.nsp.name, value]));
      }
      main.here.emit("in", 1, "é🎉", { a: [null, -1.5] });
      chat.here.emit("in");
      const toServer = [await main.here.ask("ask", 1), await chat.here.ask("ask", 2)];
      const toClient: unknown[] = [
        await main.there.emitWithAck("ask", 3),
        await chat.there.emitWithAck("ask", 4),
      ];
      site.io.emit("all", { n: 2 ** 40 });
      site.io.of("/chat").emit("all");
      return {
        auth: main.there.handshake.auth,
        seen: await seen.take(2),
        toServer,
        toClient,
        told: [await main.here.log.take(2), await chat.here.log.take(2)],
      };
    },
    {
      auth: { token: "t" },
      seen: [["/", 1, "é🎉", { a: [null, -1.5] }], ["/chat"]],
      toServer: [
        ["/", 1],
        ["/chat", 2],
      ],
      toClient: [
        ["/", 3],
        ["/chat", 4],
      ],
      told: [
        [
          ["ask", 3],
          ["all", { n: 2 ** 40 }],
        ],
        [["ask", 4], ["all"]],
      ],
    },
  ),

  scenario(
    "msgpack: binary, both ways and in acks",
    async (stage) => {
      const site = await stage.serve(MSGPACK);
      const { there, here } = await stage.pair(site);
      there.on("ask", (value: unknown, ack: Ack) => ack({ back: value }));
      here.answer("ask", (reply, value) => reply(value));
      const answer = await here.ask("ask", [Buffer.from([1, 2]), Buffer.alloc(0)]);
      const other: unknown = await there.emitWithAck("ask", { b: Buffer.from([3]) });
      site.io.emit("all", Buffer.from([4]), "text");
      return { answer, other, told: await here.log.take(2) };
    },
    {
      answer: [{ back: [bytes(1, 2), bytes()] }],
      other: { b: bytes(3) },
      told: [
        ["ask", { b: bytes(3) }],
        ["all", bytes(4), "text"],
      ],
    },
  ),

  scenario(
    "msgpack: refusals, disconnects and broadcasts with acks",
    async (stage) => {
      const site = await stage.serve(MSGPACK);
      site.io
        .of("/closed")
        .use((_socket, next) => next(Object.assign(new Error("no"), { data: { code: 1 } })));
      const { there, here, client } = await stage.pair(site);
      here.answer("ask", (reply) => reply("yes"));
      const refused = await client.socket("/closed").connect().log.next();
      const unknown = await client.socket("/unknown").connect().log.next();
      const answers: unknown = await site.io.timeout(2_000).emitWithAck("ask");
      there.disconnect();
      return { refused, unknown, answers, told: await here.log.take(2) };
    },
    {
      refused: ["connect_error", "no", { code: 1 }],
      unknown: ["connect_error", "Invalid namespace", undefined],
      answers: ["yes"],
      told: [["ask"], ["disconnect", "io server disconnect"]],
    },
  ),

  scenario(
    "msgpack: connection state recovery",
    async (stage) => {
      const site = await stage.serve({
        ...MSGPACK,
        connectionStateRecovery: { maxDisconnectionDuration: 10_000 },
      });
      const { there, here, client } = await stage.pair(site);
      site.io.emit("x", 1);
      await here.log.expect("x");
      const gone = new Promise((resolve) => there.once("disconnect", resolve));
      client.cut();
      await gone;
      await here.log.expect("disconnect");
      site.io.emit("x", 2);
      here.connect();
      const told = (await here.log.take(2)).filter(([what]) => what === "x");
      // socket.io-client leaves the offset among the arguments; the bridge does not.
      return told.map((entry) => (stage.driver.transport === "websocket" ? entry.slice(0, 2) : entry));
    },
    [["x", 2]],
  ),

  scenario(
    "a parser that the bridge cannot use is refused at once",
    () => {
      class Encoder {
        encode(): never[] {
          return [];
        }
      }
      const parser = { Encoder };
      try {
        attachBridge(new Server({ parser }), createServer());
        return Promise.resolve("attached");
      } catch (error) {
        return Promise.resolve(error);
      }
    },
    "error attachBridge: the server's parser has no Encoder and Decoder classes",
  ),
];
