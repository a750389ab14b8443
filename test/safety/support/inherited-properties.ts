/**
 * Run where everything inherits properties that can be seen; says what went wrong.
 * Arguments: the clients that are tried; left out, all.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { io as socketIO } from "socket.io-client";
import { WebSocket } from "ws";
import { attachBridge, type BridgeOptions } from "../../../bridge/index.js";
import { createRooms } from "../../../clients/typescript/src/rooms/index.js";
import { io as plain } from "../../../clients/typescript/src/index.js";
// Before other parts of the server, as in a program.
import { createRoomsServer } from "../../../server/index.js";
import { parseConfigFile } from "../../../server/config/file-schema.js";
import { readConfig } from "../../../server/config/read.js";
import { within } from "../../support/deadline.js";

const problems: string[] = [];

async function attempt(title: string, work: () => unknown): Promise<void> {
  try {
    await within(Promise.resolve(work()), title);
  } catch (error) {
    problems.push(`${title}: ${String(error)}`);
  }
}

function expectOk(what: string, answer: { ok: boolean; error?: { message: string } }): void {
  if (!answer.ok) problems.push(`${what}: ${answer.error?.message ?? "failed"}`);
}

await attempt("attachBridge", () => {
  const attach = (options: BridgeOptions) => {
    const httpServer = createServer();
    attachBridge(new Server(httpServer), httpServer, options);
  };
  attach({ perMessageDeflate: { threshold: 1_024 } });
  attach(Object.create({ maxNamespaces: 2 }) as BridgeOptions);
  attach(
    new (class {
      authenticate() {
        return true;
      }
      get maxNamespaces() {
        return 2;
      }
      helper() {}
    })(),
  );
});

await attempt("a configuration file", () => {
  const rules = [{ pattern: "team-*", allow: { join: { claim: "team", equals: "a" } } }];
  const parsed = parseConfigFile(JSON.stringify({ rooms: rules }));
  if (!parsed.ok) throw new Error(parsed.problem);
});

await attempt("settings without a file", () => {
  if (!readConfig({}, {}, () => "").auth.guests) throw new Error("no guests");
});

const httpServer = createServer();
const server = createRoomsServer(httpServer, { demo: true });
httpServer.listen(0, "127.0.0.1");
await once(httpServer, "listening");
const url = `http://127.0.0.1:${(httpServer.address() as AddressInfo).port}`;
const connect = {
  "the TypeScript client": () => plain(url, { WebSocket, auth: { device: "d1" }, forceNew: true }),
  "socket.io-client": () => socketIO(url, { auth: { device: "d2" }, forceNew: true }),
};

const wanted = process.argv.slice(2);
for (const [title, open] of Object.entries(connect)) {
  if (wanted.length > 0 && !wanted.includes(title)) continue;
  await attempt(`${title}: each call`, async () => {
    const socket = open();
    const call = async (event: string, argument: object) =>
      expectOk(`${title}: ${event}`, (await socket.emitWithAck(event, argument)) as { ok: boolean });
    await call("join", { room: "lobby" });
    await call("publish", { room: "lobby", data: { bytes: Buffer.from("x") }, id: `${title} 1` });
    await call("publish", { room: "lobby", data: 2 });
    await call("signal", { room: "lobby", data: null });
    await call("history", { room: "lobby" });
    await call("presence", { room: "lobby" });
    await call("leave", { room: "lobby" });
    await call("send", { to: "ada", data: 1, id: `${title} 2` });
    await call("inbox", {});
    socket.disconnect();
  });
  await attempt(`${title}: the rooms layer`, async () => {
    const rooms = createRooms(open(), { name: "Ada" });
    const lobby = rooms.room("lobby");
    const came = new Promise((resolve) => lobby.on("message", resolve));
    await lobby.join();
    await lobby.publish({ bytes: new Uint8Array([1]) });
    await came;
    await lobby.history();
    rooms.close();
  });
}

await attempt("the backend's calls", async () => {
  const [one, two] = [await server.publish("backend", 1), await server.publish("backend", 2, { id: "own" })];
  if (one.duplicate || two.duplicate || one.id === two.id) throw new Error("taken for another's");
  const { from } = (await server.history("backend")).messages[0] ?? {};
  if (from?.user !== "server") throw new Error(`from ${String(from?.user)}`);
  await server.publishAll([{ room: "backend", data: 3 }]);
  await server.signal("backend", 4);
  const sent = [await server.send("eve", 1), await server.send("eve", 2)];
  if (sent.some(({ duplicate }) => duplicate)) throw new Error("taken for another's");
  const seen = [server.members("backend"), server.rooms(), server.room("backend"), server.inbox("eve")];
  await Promise.all([...seen, server.connections(), server.kick({ user: "eve", room: "backend" })]);
  await server.disconnect({ user: "eve" });
  await server.clear("backend");
  if ((await server.history("backend")).messages.length > 0) throw new Error("not cleared");
});

await attempt("the end", () => server.close({ http: true }));
console.log(JSON.stringify(problems));
