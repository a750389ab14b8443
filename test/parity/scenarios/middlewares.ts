/** Middlewares: of the server, of each namespace, of the socket. */
import type { ExtendedError } from "socket.io";
import { scenario } from "../scenario.js";

/** An error with data for the client. */
function refusal(message: string, data: unknown): ExtendedError {
  return Object.assign(new Error(message), { data });
}

export const middlewares = [
  scenario(
    "io.use: run in order, see the auth payload, and may wait",
    async (stage) => {
      const site = await stage.serve();
      const order: unknown[] = [];
      site.io.use((socket, next) => {
        order.push(["first", socket.handshake.auth]);
        socket.data = { from: "first" };
        setImmediate(() => next());
      });
      site.io.use((socket, next) => {
        order.push(["second", socket.data]);
        next();
      });
      const { there } = await stage.pair(site, "/", { token: "t", roles: ["a", null] });
      return { order, data: there.data as unknown };
    },
    {
      order: [
        ["first", { token: "t", roles: ["a", null] }],
        ["second", { from: "first" }],
      ],
      data: { from: "first" },
    },
  ),

  scenario(
    "io.use: a refusal is connect_error, with message and data",
    async (stage) => {
      const site = await stage.serve();
      site.io.use((_socket, next) => next(refusal("not authorized", { code: 7, hint: ["é", null] })));
      const here = stage.client(site).socket().connect();
      return [await here.log.next(), site.io.of("/").sockets.size];
    },
    [["connect_error", "not authorized", { code: 7, hint: ["é", null] }], 0],
  ),

  scenario(
    "io.use: a refusal without data",
    async (stage) => {
      const site = await stage.serve();
      site.io.use((_socket, next) => next(new Error("no")));
      const here = stage.client(site).socket().connect();
      return here.log.next();
    },
    ["connect_error", "no", undefined],
  ),

  scenario(
    "io.use: after a refusal the client may try again with other credentials",
    async (stage) => {
      const site = await stage.serve();
      let tries = 0;
      site.io.use((_socket, next) => (++tries === 1 ? next(new Error("try again")) : next()));
      const client = stage.client(site);
      const here = client.socket().connect();
      const first = await here.log.next();
      here.connect();
      return [first, await here.log.next(), tries];
    },
    [["connect_error", "try again", undefined], ["connect"], 2],
  ),

  scenario(
    "namespace.use: each namespace has its own",
    async (stage) => {
      const site = await stage.serve();
      const ran: string[] = [];
      site.io.use((_socket, next) => {
        ran.push("/");
        next();
      });
      site.io.of("/admin").use((socket, next) => {
        ran.push("/admin");
        next(socket.handshake.auth["admin"] === true ? undefined : refusal("admins only", { status: 403 }));
      });
      const client = stage.client(site);
      const main = await client.socket().connected();
      const refused = client.socket("/admin", { admin: false }).connect();
      const told = await refused.log.next();
      const other = await stage.pair(site, "/admin", { admin: true });
      return [told, ran, main.log.rest(), other.there.nsp.name];
    },
    [["connect_error", "admins only", { status: 403 }], ["/", "/admin", "/admin"], [], "/admin"],
  ),

  scenario(
    "a dynamic namespace's middlewares are those of its parent",
    async (stage) => {
      const site = await stage.serve();
      const parent = site.io.of(/^\/room-\d+$/);
      parent.use((socket, next) => next(socket.nsp.name === "/room-13" ? new Error("unlucky") : undefined));
      const seen = stage.log();
      parent.on("connection", (socket) => seen.add("connection", socket.nsp.name));
      const client = stage.client(site);
      const told = [
        await client.socket("/room-7").connect().log.next(),
        await client.socket("/room-13").connect().log.next(),
      ];
      return { told, seen: await seen.next() };
    },
    { told: [["connect"], ["connect_error", "unlucky", undefined]], seen: ["connection", "/room-7"] },
  ),

  scenario(
    "events sent to a client in a middleware reach it once it is connected, before others",
    async (stage) => {
      const site = await stage.serve();
      site.io.use((socket, next) => {
        socket.emit("early", 1);
        setImmediate(() => {
          socket.emit("early", 2);
          next();
        });
      });
      site.io.on("connection", (socket) => socket.emit("welcome"));
      const here = stage.client(site).socket().connect();
      const told = await here.log.take(4);
      // socket.io-client hands over early events right before it tells of its connect.
      return told.filter(([what]) => what !== "connect");
    },
    [["early", 1], ["early", 2], ["welcome"]],
  ),

  scenario(
    "socket.use: sees every event, may change and stop it",
    async (stage) => {
      const site = await stage.serve();
      const seen = stage.log();
      const { there, here } = await stage.pair(site);
      there.use((event, next) => {
        const [name, ...args] = event as [string, ...unknown[]];
        seen.add("use", name, args.length);
        if (name === "stopped") return; // never handed on
        event[1] = "changed";
        next();
      });
      for (const name of ["stopped", "passed"])
        there.on(name, (arg: unknown) => seen.add("event", name, arg));
      here.emit("stopped", 1);
      here.emit("passed", 2);
      return seen.take(3);
    },
    [
      ["use", "stopped", 1],
      ["use", "passed", 1],
      ["event", "passed", "changed"],
    ],
  ),

  scenario(
    "socket.use: its errors are told to the server's socket, not to the client",
    async (stage) => {
      const site = await stage.serve();
      const seen = stage.log();
      const { there, here } = await stage.pair(site);
      there.use(([name], next) => next(name === "bad" ? refusal("bad event", 1) : undefined));
      there.on("error", (error) => seen.add("error", error.message, (error as ExtendedError).data));
      for (const name of ["bad", "good"]) there.on(name, () => seen.add("event", name));
      here.emit("bad");
      here.emit("good");
      return [await seen.take(2), here.log.rest(), there.connected];
    },
    [
      [
        ["error", "bad event", 1],
        ["event", "good"],
      ],
      [],
      true,
    ],
  ),
];
