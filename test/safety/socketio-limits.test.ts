/** The limits of connections and messages, for the clients of Socket.IO's own transports beside those of the bridge. */
import { expect } from "chai";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { io as connectSocketIO, type Socket } from "socket.io-client";
import { addressGroup } from "../../bridge/addresses.js";
import { until, within } from "../support/deadline.js";
import { exchange } from "../support/raw-websocket.js";
import { BridgeServer, stopServers } from "./support/bridge-server.js";

/** What a client's socket says with an event that comes. */
function heard(socket: Socket, event: string): Promise<unknown[]> {
  return within(new Promise((resolve) => socket.once(event, (...args: unknown[]) => resolve(args))), event);
}

describe("limits of Socket.IO's own clients", () => {
  const sockets: Socket[] = [];
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.disconnect();
    await stopServers();
  });

  function client(server: BridgeServer, transports?: string[]): Socket {
    const options = { forceNew: true, reconnection: false, ...(transports ? { transports } : {}) };
    const socket = connectSocketIO(`http://127.0.0.1:${server.port}`, options);
    sockets.push(socket);
    return socket;
  }

  const polling = (server: BridgeServer, headers = ""): ReturnType<typeof exchange> =>
    exchange(
      server.port,
      `GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`,
    );

  for (const transports of [["websocket"], ["polling"], ["polling", "websocket"]]) {
    it(`count a session over ${transports.join(", then ")} once, by the counter of the bridge`, async () => {
      const server = await BridgeServer.start({ maxConnectionsPerAddress: 2 });
      const first = client(server, transports);
      await heard(first, "connect");
      if (transports.length > 1)
        await until(() => first.io.engine.transport.name === "websocket", "the upgrade");
      const { ws } = await server.connect();
      const third = client(server, transports);
      const [error] = (await heard(third, "connect_error")) as [Error];
      expect(error.message).to.match(/^(websocket|xhr poll) error$/);
      const refused = await polling(server);
      expect(refused).to.deep.include({ status: 429 });
      expect(refused.headers).to.include({ "retry-after": "5" });
      expect(JSON.parse(refused.body)).to.deep.nested.include({
        code: 4,
        "error.code": "too_many_connections_from_address",
        "error.retryAfter": 5_000,
      });
      expect((await server.refusal()).status).to.equal(429);
      first.disconnect();
      await until(() => server.io.engine.clientsCount === 1, "the first to be gone");
      const fourth = client(server, transports);
      await heard(fourth, "connect");
      await ws.leave();
    });
  }

  it("refuse an upgrade with 503 where there are too many in all, and say when to come back", async () => {
    const server = await BridgeServer.start({ maxConnections: 1 });
    await server.connect();
    const refused = await exchange(
      server.port,
      "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    );
    expect(refused.status).to.equal(503);
    expect(refused.headers).to.include({ "retry-after": "5" });
    expect(JSON.parse(refused.body)).to.have.nested.property("error.code", "too_many_connections");
  });

  it("give the place of a handshake back that comes to nothing", async () => {
    const server = await BridgeServer.start({ maxConnections: 1 });
    for (let times = 0; times < 3; times++) {
      // The protocol of version 3, which is refused after everybody was asked.
      const answer = await exchange(
        server.port,
        "GET /socket.io/?EIO=3&transport=polling HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
      );
      expect(answer.status).to.equal(400);
    }
    await heard(client(server), "connect");
  });

  it("handle what came before the message that is one too many, and close", async () => {
    const server = await BridgeServer.start({ maxMessagesPerSecond: 5 });
    const told: unknown[] = [];
    server.io.on("connection", (socket) => {
      socket.on("n", (n) => told.push(n));
      socket.on("disconnect", () => told.push("end"));
    });
    const socket = client(server, ["websocket"]);
    await heard(socket, "connect");
    for (let n = 0; n < 30; n++) socket.emit("n", n);
    await until(() => told.includes("end"), "the end");
    expect(told.length).to.be.within(9, 15);
    expect(told.slice(0, -1)).to.deep.equal(Array.from({ length: told.length - 1 }, (_, n) => n));
  });

  it("do not count the attachments of a message", async () => {
    const server = await BridgeServer.start({ maxMessagesPerSecond: 5 });
    const socket = client(server, ["websocket"]);
    server.io.on("connection", (one) => one.on("n", (_bytes, ack: () => void) => ack()));
    await heard(socket, "connect");
    const bytes = Array.from({ length: 10 }, () => Buffer.alloc(1));
    for (let n = 0; n < 5; n++) await socket.timeout(5_000).emitWithAck("n", bytes);
  });

  it("hold for nobody but the bridge's clients where the application says so", async () => {
    const server = await BridgeServer.start({ maxConnections: 1, limitSocketIO: false });
    await server.connect();
    await heard(client(server, ["websocket"]), "connect");
    expect((await server.refusal()).status).to.equal(503);
  });

  it("ask the application's allowRequest first, once for each protocol", async () => {
    const asked: string[] = [];
    const allowRequest = (
      { url = "" }: { url?: string | undefined },
      done: (message: string | null, success: boolean) => void,
    ): void => {
      asked.push(url.slice(0, 7));
      done("not today", false);
    };
    const server = await BridgeServer.start({}, { allowRequest });
    const refused = await polling(server);
    expect(refused.status).to.equal(403);
    expect(refused.body).to.contain('{"code":4,"message":"not today"}');
    expect(await server.refusal()).to.include({ status: 403, message: "not today" });
    expect(asked).to.deep.equal(["/socket", "/bridge"]);
  });

  it("take the address that the application knows, for the handshake too", async () => {
    const addressOf = ({ headers }: IncomingMessage): string => headers["x-client"] as string;
    const server = await BridgeServer.start({ addressOf, maxConnectionsPerAddress: 1 });
    const came = once(server.io.engine, "connection") as Promise<[{ remoteAddress: string }]>;
    expect((await polling(server, "X-Client: 2001:db8:0:1::1\r\n")).status).to.equal(200);
    expect((await came)[0].remoteAddress).to.equal("2001:db8:0:1::1");
    expect((await polling(server, "X-Client: 2001:db8:0:1:ffff::2\r\n")).status).to.equal(429);
    expect((await polling(server, "X-Client: 2001:db8:0:2::1\r\n")).status).to.equal(200);
  });
});

describe("what an address counts as", () => {
  const groups: Record<string, string> = {
    "192.0.2.1": "192.0.2.1",
    "::ffff:192.0.2.1": "192.0.2.1",
    "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
    "2001:DB8:1:2::": "2001:db8:1:2::/64",
    "2001:db8::1": "2001:db8:0:0::/64",
    "::1": "0:0:0:0::/64",
    "fe80::1%eth0": "fe80:0:0:0::/64",
    "a name of the application's: 7": "a name of the application's: 7",
    "": "",
  };
  for (const [address, group] of Object.entries(groups)) {
    it(`${address || "nothing"} is ${group || "nothing"}`, () => {
      expect(addressGroup(address)).to.equal(group);
    });
  }
});
