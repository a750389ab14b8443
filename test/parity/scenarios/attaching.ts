/** Where a bridge can be attached, and what it leaves alone. */
import express from "express";
import fastify from "fastify";
import { createServer } from "node:http";
import { Server } from "socket.io";
import { WebSocket, WebSocketServer } from "ws";
import { attachBridge } from "../../../bridge/index.js";
import { scenario } from "../scenario.js";
import type { Site, Stage } from "../support/stage.js";

/** Whether a client gets through to the server and back. */
async function works(stage: Stage, site: Pick<Site, "io" | "target">): Promise<unknown> {
  site.io.once("connection", (socket) =>
    socket.on("ping me", (ack: (answer: string) => void) => ack("pong")),
  );
  const here = await stage.client(site).socket().connected();
  return here.ask("ping me");
}

/** What an HTTP GET says. */
async function get(url: string): Promise<string> {
  const response = await fetch(url, { headers: { connection: "close" } });
  return `${response.status} ${await response.text()}`;
}

/** How a WebSocket at that path ends or what it is told first. */
function webSocket(url: string): Promise<string> {
  return new Promise((resolve) => {
    const ws = new WebSocket(url.replace("http", "ws"));
    ws.on("message", (data: Buffer) => {
      resolve(data.toString());
      ws.terminate();
    });
    ws.on("error", () => resolve("refused"));
  });
}

export const attaching = [
  scenario(
    "beside Express 5",
    async (stage) => {
      const app = express();
      app.get("/hello", (_request, response) => void response.send("from express"));
      const web = createServer(app);
      const io = new Server(web);
      attachBridge(io, web);
      stage.onEnd(() => io.close());
      const target = await stage.listen(web);
      return [await works(stage, { io, target }), await get(`${target.url}/hello`)];
    },
    [["pong"], "200 from express"],
  ),

  scenario(
    "beside Fastify 5",
    async (stage) => {
      const app = fastify();
      app.get("/hello", () => "from fastify");
      await app.ready();
      const io = new Server(app.server);
      attachBridge(io, app.server);
      stage.onEnd(() => app.close());
      stage.onEnd(() => io.close());
      const target = await stage.listen(app.server);
      return [await works(stage, { io, target }), await get(`${target.url}/hello`)];
    },
    [["pong"], "200 from fastify"],
  ),

  scenario(
    "beside another WebSocket server on the same HTTP server; unknown paths are still ended by Engine.IO",
    async (stage) => {
      const site = await stage.serve({ destroyUpgradeTimeout: 80 });
      const other = new WebSocketServer({ noServer: true });
      stage.onEnd(() => other.close());
      site.web.on("upgrade", (request, socket, head) => {
        if (request.url !== "/other") return;
        other.handleUpgrade(request, socket, head, (ws) => ws.send("hello from the other"));
      });
      return [
        await works(stage, site),
        await webSocket(`${site.target.url}/other`),
        await webSocket(`${site.target.url}/nowhere`),
        await works(stage, site),
      ];
    },
    [["pong"], "hello from the other", "refused", ["pong"]],
  ),

  scenario(
    "a slow hook is not cut short by Engine.IO, however short its patience",
    async (stage) => {
      const site = await stage.serve({
        destroyUpgradeTimeout: 50,
        allowRequest: (_request, done) => {
          setTimeout(() => done(null, true), 200);
        },
      });
      return works(stage, site);
    },
    ["pong"],
  ),

  scenario(
    "an authenticate hook that takes 1.5 s is not cut short by Engine.IO's second",
    async (stage) => {
      const authenticate = () => new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 1_500));
      return works(stage, await stage.serve({ bridge: { authenticate } }));
    },
    ["pong"],
  ),

  scenario(
    "before io.attach",
    async (stage) => {
      const web = createServer();
      const io = new Server();
      attachBridge(io, web);
      io.attach(web);
      stage.onEnd(() => io.close());
      return works(stage, { io, target: await stage.listen(web) });
    },
    ["pong"],
  ),

  scenario(
    "after io.attach",
    async (stage) => {
      const web = createServer();
      const io = new Server();
      io.attach(web);
      attachBridge(io, web);
      stage.onEnd(() => io.close());
      return works(stage, { io, target: await stage.listen(web) });
    },
    ["pong"],
  ),

  scenario(
    "with io.attach never called",
    async (stage) => {
      const web = createServer();
      const io = new Server();
      const bridge = attachBridge(io, web);
      stage.onEnd(() => web.close());
      stage.onEnd(() => io.close());
      const result = await works(stage, { io, target: await stage.listen(web) });
      return [result, bridge.clientsCount, io.engine.clientsCount];
    },
    [["pong"], 1, 1],
    { only: "bridge" },
  ),

  scenario(
    "several bridges on different paths: one server, the same rooms",
    async (stage) => {
      const site = await stage.serve();
      attachBridge(site.io, site.web, { path: "/second/bridge" });
      const one = await stage.pair(site);
      const second = stage.client(site, { bridgePath: "/second/bridge" });
      const two = await stage.join(site, second);
      site.io.socketsJoin("r");
      one.there.to("r").emit("from one");
      two.there.to("r").emit("from two");
      return [await one.here.log.next(), await two.here.log.next(), site.io.engine.clientsCount];
    },
    [["from two"], ["from one"], 2],
  ),

  scenario(
    "a path below Socket.IO's own is refused at once",
    () => {
      try {
        attachBridge(new Server(), createServer(), { path: "/socket.io/bridge" });
        return Promise.resolve("attached");
      } catch (error) {
        return Promise.resolve(error instanceof TypeError && error.message.slice(0, 75));
      }
    },
    "attachBridge: the path /socket.io/bridge lies below Socket.IO's path /socke",
  ),
];
