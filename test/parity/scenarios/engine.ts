/** The engine below: `io.engine`, its events, hooks and counts. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { scenario } from "../scenario.js";

type Headers = Record<string, string>;
type Next = (error?: Error) => void;

export const engine = [
  scenario(
    "io.engine's connection event, before the namespaces'",
    async (stage) => {
      const site = await stage.serve();
      const seen = stage.log();
      site.io.engine.on("connection", (conn: { readyState: string; transport: { name: string } }) => {
        seen.add("engine", conn.readyState, conn.transport.name === stage.driver.transport);
      });
      site.io.on("connection", () => seen.add("namespace"));
      await stage.pair(site);
      return seen.take(2);
    },
    [["engine", "open", true], ["namespace"]],
  ),

  scenario(
    "io.engine.clientsCount goes up and down",
    async (stage) => {
      const site = await stage.serve();
      const { engine } = site.io;
      const counts = [engine.clientsCount];
      const one = await stage.pair(site);
      counts.push(engine.clientsCount);
      const two = await stage.pair(site);
      counts.push(engine.clientsCount);
      for (const { there, client, here } of [one, two]) {
        const closed = new Promise((resolve) => there.conn.once("close", resolve));
        client.close();
        await closed;
        await here.log.expect("disconnect");
        counts.push(engine.clientsCount);
      }
      return counts;
    },
    [0, 1, 2, 1, 0],
  ),

  scenario(
    "initial_headers and headers: they see the request, and add to the answer",
    async (stage) => {
      const site = await stage.serve();
      const seen = stage.log();
      for (const event of ["initial_headers", "headers"]) {
        site.io.engine.on(event, (headers: Headers, request: IncomingMessage) => {
          headers[`x-${event}`] = "added";
          seen.add(event, request.headers["x-n"]);
        });
      }
      const client = stage.client(site, { headers: { "x-n": "7" } });
      await client.socket().connected();
      const { answerHeaders } = client;
      return [await seen.take(2), answerHeaders["x-initial_headers"], answerHeaders["x-headers"]];
    },
    [
      [
        ["initial_headers", "7"],
        ["headers", "7"],
      ],
      "added",
      "added",
    ],
  ),

  scenario(
    "io.engine.use: a middleware may change the request, set a header, and wait",
    async (stage) => {
      const site = await stage.serve();
      site.io.engine.use(
        (request: IncomingMessage & { user?: string }, response: ServerResponse, next: Next) => {
          response.setHeader("x-from", "middleware");
          request.user = String(request.headers["x-user"]);
          setImmediate(() => next());
        },
      );
      const client = stage.client(site, { headers: { "x-user": "me" } });
      const { there } = await stage.join(site, client);
      return [(there.request as { user?: string }).user, client.answerHeaders["x-from"]];
    },
    ["me", "middleware"],
  ),

  scenario(
    "io.engine.use: an error refuses the connection",
    async (stage) => {
      const site = await stage.serve();
      const seen = stage.log();
      site.io.engine.use((_request: unknown, _response: unknown, next: Next) => next(new Error("no")));
      site.io.engine.on("connection", () => seen.add("connection"));
      const here = stage.client(site).socket().connect();
      return [await here.log.next(), site.io.engine.clientsCount];
    },
    [["refused"], 0],
  ),

  scenario(
    "the cors option: lets in whatever the origin, and middlewares after it are asked; a function that fails refuses",
    async (stage) => {
      const headers = { origin: "http://elsewhere.test" };
      const open = await stage.serve({ cors: { origin: "http://here.test", credentials: true } });
      const asked = stage.log();
      open.io.engine.use((_request: unknown, _response: unknown, next: Next) => {
        asked.add("asked");
        next();
      });
      await stage.join(open, stage.client(open, { headers }));
      const failing = await stage.serve({ cors: { origin: (_origin, done) => done(new Error("no")) } });
      const here = stage.client(failing, { headers }).socket().connect();
      return [await asked.next(), await here.log.next(), failing.io.engine.clientsCount];
    },
    [["asked"], ["refused"], 0],
  ),

  scenario(
    "allowRequest: refuses, and lets in",
    async (stage) => {
      const site = await stage.serve({
        allowRequest: (request, done) => {
          setImmediate(() => done("not you", request.headers["x-key"] === "good"));
        },
      });
      const refused = stage
        .client(site, { headers: { "x-key": "bad" } })
        .socket()
        .connect();
      const good = stage
        .client(site, { headers: { "x-key": "good" } })
        .socket()
        .connect();
      return [await refused.log.next(), await good.log.next(), site.io.engine.clientsCount];
    },
    [["refused"], ["connect"], 1],
  ),

  scenario(
    "connection_error tells the application of a refused request",
    async (stage) => {
      const site = await stage.serve({ allowRequest: (_request, done) => done("not you", false) });
      const seen = stage.log();
      site.io.engine.on("connection_error", ({ req, code }: { req: IncomingMessage; code: number }) => {
        seen.add("connection_error", req.headers["x-n"], code);
      });
      const here = stage
        .client(site, { headers: { "x-n": "1" } })
        .socket()
        .connect();
      return [await here.log.next(), await seen.next()];
    },
    [["refused"], ["connection_error", "1", 4]],
  ),

  scenario(
    "generateId, plain and async, makes the connection's id",
    async (stage) => {
      const ids: unknown[] = [];
      for (const answer of [(id: string) => id, (id: string) => Promise.resolve(id)]) {
        const site = await stage.serve();
        site.io.engine.generateId = (request: IncomingMessage) =>
          answer(`id-${String(request.headers["x-n"])}`);
        site.io.engine.on("connection", (conn: { id: string }) => ids.push(conn.id));
        await stage
          .client(site, { headers: { "x-n": "9" } })
          .socket()
          .connected();
        ids.push(Object.keys((site.io.engine as unknown as { clients: object }).clients));
      }
      return ids;
    },
    ["id-9", ["id-9"], "id-9", ["id-9"]],
  ),

  scenario(
    "the request can be dropped to save memory, as Socket.IO's documentation says",
    async (stage) => {
      const site = await stage.serve();
      site.io.on("connection", ({ conn }) => {
        Object.assign(conn, { request: undefined });
      });
      const { there, here } = await stage.pair(site);
      there.emit("still", "works");
      return [await here.log.next(), there.request as unknown, there.handshake.address];
    },
    [["still", "works"], undefined, "127.0.0.1"],
  ),
];
