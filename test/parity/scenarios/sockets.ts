/** The server's socket: data, rooms, timeouts, and the connection below it. */
import type { EventEmitter } from "node:events";
import { scenario } from "../scenario.js";

export const sockets = [
  scenario(
    "socket.data, socket.rooms and socket.id",
    async (stage) => {
      const site = await stage.serve();
      const { there, here } = await stage.pair(site);
      there.data = { user: "u" };
      await there.join(["a", "b"]);
      await there.leave("a");
      const rooms = [...there.rooms];
      const { sockets, adapter } = site.io.of("/");
      return {
        own: rooms[0] === here.id && there.id === here.id,
        rooms: rooms.slice(1),
        data: there.data as unknown,
        known: sockets.get(there.id) === there,
        inRoom: adapter.rooms.get("b")?.has(there.id),
        connected: there.connected,
        recovered: there.recovered,
      };
    },
    {
      own: true,
      rooms: ["b"],
      data: { user: "u" },
      known: true,
      inRoom: true,
      connected: true,
      recovered: false,
    },
  ),

  scenario(
    "socket.conn: readyState, remoteAddress, request, protocol, transport.name",
    async (stage) => {
      const site = await stage.serve();
      const { there, client, here } = await stage.pair(site);
      const { conn } = there;
      const closed = new Promise((resolve) => conn.once("close", resolve));
      const before = {
        readyState: conn.readyState,
        remoteAddress: conn.remoteAddress,
        request: conn.request === there.request,
        protocol: conn.protocol,
        // The one declared difference: each has a transport of its own.
        transport: conn.transport.name === stage.driver.transport,
      };
      client.close();
      await closed;
      await here.log.expect("disconnect");
      return { before, after: conn.readyState };
    },
    {
      before: {
        readyState: "open",
        remoteAddress: "127.0.0.1",
        request: true,
        protocol: 4,
        transport: true,
      },
      after: "closed",
    },
  ),

  scenario(
    "socket.conn events: packet, packetCreate, drain, close",
    async (stage) => {
      const site = await stage.serve();
      const seen = stage.log();
      const drained = stage.log("drain events");
      const { there, here, client } = await stage.pair(site);
      const { conn } = there;
      conn.on("packet", (packet: { type: string; data?: unknown }) =>
        seen.add("packet", packet.type, packet.data),
      );
      conn.on("packetCreate", (packet: { type: string; data?: unknown }) =>
        seen.add("packetCreate", packet.type, packet.data),
      );
      conn.on("drain", () => drained.add("drain"));
      conn.on("close", (reason: string) => seen.add("close", reason));
      here.emit("in", 1);
      const incoming = await seen.next();
      there.emit("out", 2);
      const outgoing = await seen.next();
      await here.log.expect("out");
      const [drain] = await drained.next();
      client.close();
      await here.log.expect("disconnect");
      return { incoming, outgoing, drain, closed: await seen.next() };
    },
    {
      incoming: ["packet", "message", '2["in",1]'],
      outgoing: ["packetCreate", "message", '2["out",2]'],
      drain: "drain",
      closed: ["close", "transport close"],
    },
  ),

  scenario(
    "socket.conn: the heartbeat's packets",
    async (stage) => {
      const site = await stage.serve({ pingInterval: 60, pingTimeout: 1_000 });
      const seen = stage.log();
      site.io.engine.on("connection", (conn: EventEmitter) => {
        conn.on("packetCreate", ({ type }: { type: string }) => type === "ping" && seen.add("ping"));
        conn.on("packet", ({ type }: { type: string }) => type === "pong" && seen.add("pong"));
        conn.on("heartbeat", () => seen.add("heartbeat"));
      });
      const { client, here } = await stage.pair(site);
      const beats = await seen.take(6);
      client.cut();
      await here.log.expect("disconnect");
      seen.rest();
      return beats.map(([name]) => name);
    },
    ["ping", "pong", "heartbeat", "ping", "pong", "heartbeat"],
    // A poll is a sign of life itself.
    { notOver: ["polling"] },
  ),

  scenario(
    "socket.conn.close ends every namespace with transport close at the client",
    async (stage) => {
      const site = await stage.serve();
      const seen = stage.log();
      const main = await stage.pair(site);
      const chat = await stage.join(site, main.client, "/chat");
      main.there.on("disconnect", (reason) => seen.add("/", reason));
      chat.there.on("disconnect", (reason) => seen.add("/chat", reason));
      main.there.conn.close();
      return [await seen.take(2), await main.here.log.next(), await chat.here.log.next()];
    },
    [
      [
        ["/", "forced close"],
        ["/chat", "forced close"],
      ],
      ["disconnect", "transport close"],
      ["disconnect", "transport close"],
    ],
  ),

  scenario(
    "an event emitted after the end is lost, and throws nothing",
    async (stage) => {
      const site = await stage.serve();
      const { there, here } = await stage.pair(site);
      here.disconnect();
      const reason = await new Promise((resolve) => there.once("disconnect", resolve));
      there.emit("lost");
      there.disconnect(true);
      return [reason, there.connected, await here.log.next()];
    },
    ["client namespace disconnect", false, ["disconnect", "io client disconnect"]],
  ),
];
