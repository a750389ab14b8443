/** Namespaces: static, dynamic, several on one connection. */
import type { Namespace } from "socket.io";
import type { EventEmitter } from "node:events";
import { scenario } from "../scenario.js";

export const namespaces = [
  scenario(
    "static: events stay in their namespace",
    async (stage) => {
      const site = await stage.serve();
      const { there, here } = await stage.pair(site, "/chat");
      const other = await stage.pair(site, "/news");
      site.io.of("/chat").emit("to chat", there.nsp.name);
      site.io.of("/news").emit("to news", other.there.nsp.name);
      return [await here.log.next(), await other.here.log.next()];
    },
    [
      ["to chat", "/chat"],
      ["to news", "/news"],
    ],
  ),

  scenario(
    "unknown: refused with Invalid namespace",
    async (stage) => {
      const site = await stage.serve();
      return stage.client(site).socket("/nowhere").connect().log.next();
    },
    ["connect_error", "Invalid namespace", undefined],
  ),

  scenario(
    "dynamic by regex: made at the first connect, announced by new_namespace",
    async (stage) => {
      const site = await stage.serve();
      const seen = stage.log();
      site.io.on("new_namespace", ({ name }: Namespace) => seen.add("new_namespace", name));
      site.io
        .of(/^\/dyn-\w+$/)
        .on("connection", (socket) => seen.add("connection", socket.nsp.name, socket.handshake.auth["n"]));
      const client = stage.client(site);
      await client.socket("/dyn-a", { n: 1 }).connected();
      await stage.client(site).socket("/dyn-a", { n: 2 }).connected();
      const refused = await client.socket("/dyn-").connect().log.next();
      return { refused, seen: await seen.take(3) };
    },
    {
      refused: ["connect_error", "Invalid namespace", undefined],
      seen: [
        ["new_namespace", "/dyn-a"],
        ["connection", "/dyn-a", 1],
        ["connection", "/dyn-a", 2],
      ],
    },
  ),

  scenario(
    "dynamic by function: it sees the name and the auth payload",
    async (stage) => {
      const site = await stage.serve();
      const asked = stage.log();
      site.io.of((name, auth, next) => {
        asked.add("asked", name, auth);
        setImmediate(() => next(null, auth["key"] === "good"));
      });
      const client = stage.client(site);
      const told = [
        await client.socket("/any", { key: "good" }).connect().log.next(),
        await client.socket("/other", { key: "bad" }).connect().log.next(),
      ];
      return { told, asked: await asked.take(2) };
    },
    {
      told: [["connect"], ["connect_error", "Invalid namespace", undefined]],
      asked: [
        ["asked", "/any", { key: "good" }],
        ["asked", "/other", { key: "bad" }],
      ],
    },
  ),

  scenario(
    "a parent namespace's emit reaches all its children, made meanwhile too",
    async (stage) => {
      const site = await stage.serve();
      const parent = site.io.of(/^\/child-/);
      const here = await stage.client(site).socket("/child-1").connected();
      parent.emit("hello", 1);
      const later = await stage.client(site).socket("/child-2").connected();
      parent.emit("hello", 2);
      return [await here.log.take(2), await later.log.take(1)];
    },
    [
      [
        ["hello", 1],
        ["hello", 2],
      ],
      [["hello", 2]],
    ],
  ),

  scenario(
    "several on one connection: one socket.conn, an id and a disconnect for each",
    async (stage) => {
      const site = await stage.serve();
      const seen = stage.log();
      const main = await stage.pair(site);
      const chat = await stage.join(site, main.client, "/chat");
      const odd = await stage.join(site, main.client, "/ünïcode/ß");
      chat.there.on("disconnect", (reason) => seen.add("/chat", reason));
      main.there.on("disconnect", (reason) => seen.add("/", reason));
      const shared = [main.there.conn === chat.there.conn, main.there.conn === odd.there.conn];
      const ids = new Set([main.there.id, chat.there.id, odd.there.id]).size;
      const same = [main, chat, odd].map(({ there, here }) => there.id === here.id);
      chat.here.disconnect();
      const left = await seen.next();
      const open = main.there.conn.readyState;
      main.there.emit("still here");
      odd.there.emit("here too", odd.there.nsp.name);
      return {
        shared,
        ids,
        same,
        left,
        open,
        clients: site.io.engine.clientsCount,
        told: [await chat.here.log.next(), await main.here.log.next(), await odd.here.log.next()],
      };
    },
    {
      shared: [true, true],
      ids: 3,
      same: [true, true, true],
      left: ["/chat", "client namespace disconnect"],
      open: "open",
      clients: 1,
      told: [["disconnect", "io client disconnect"], ["still here"], ["here too", "/ünïcode/ß"]],
    },
  ),

  scenario(
    "a namespace can be left and joined again on the same connection",
    async (stage) => {
      const site = await stage.serve();
      const main = await stage.pair(site);
      const first = await stage.join(site, main.client, "/again", { n: 1 });
      const gone = new Promise<string>((resolve) => first.there.on("disconnect", resolve));
      first.here.disconnect();
      const reason = await gone;
      await first.here.log.expect("disconnect");
      const second = await stage.join(site, main.client, "/again", { n: 1 });
      return [reason, first.there.id !== second.there.id, second.there.conn === main.there.conn];
    },
    ["client namespace disconnect", true, true],
  ),

  scenario(
    "connect timeout: a client that is refused everywhere is not kept",
    async (stage) => {
      const site = await stage.serve({ connectTimeout: 60 });
      const seen = stage.log();
      site.io.engine.on("connection", (conn: EventEmitter) => {
        conn.on("close", (reason: string) => seen.add("close", reason));
      });
      // A middleware that never answers: the client has asked, and is in no namespace.
      site.io.use(() => undefined);
      const here = stage.client(site).socket().connect();
      return [await seen.next(), site.io.engine.clientsCount, here.log.rest()];
    },
    [["close", "forced close"], 0, []],
  ),
];
