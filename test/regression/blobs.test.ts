import { File } from "node:buffer";
import { expect } from "chai";
import type { ServerOptions, Socket } from "socket.io";
import { io as connect, type Socket as Client } from "socket.io-client";
import msgpack from "socket.io-msgpack-parser";
import { RoomAdapter } from "../../bridge/index.js";
import { BridgeServer, stopServers } from "../safety/support/bridge-server.js";
import { within } from "../support/deadline.js";

const SERVERS: [name: string, options: Partial<ServerOptions>][] = [
  ["Socket.IO's own adapter", {}],
  ["RoomAdapter", { adapter: RoomAdapter }],
  ["connection state recovery", { connectionStateRecovery: {} }],
  ["a parser of its own", { parser: msgpack }],
];

const VALUES: [name: string, value: unknown][] = [
  ["a Blob", new Blob(["abc"])],
  ["a File", new File(["abc"], "a.txt")],
  ["a Blob among other binary values", [Buffer.from("a"), new Blob(["abc"]), Buffer.from("b")]],
  ["a Blob deep inside", { a: [1, { b: { c: new Blob(["abc"]) } }] }],
];

/** What is thrown by a call, or what its promise is rejected with. */
async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("regression: a Blob was an empty value for plain clients, without a word", () => {
  const clients: Client[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) client.disconnect();
    await stopServers();
  });

  /** A client of Socket.IO's, and its socket on the server. */
  async function join(server: BridgeServer, options: Partial<ServerOptions>) {
    const came = new Promise<Socket>((resolve) => server.io.once("connection", resolve));
    const parser = options.parser as object | undefined;
    const client = connect(`http://127.0.0.1:${server.port}`, {
      ...{ forceNew: true, transports: ["websocket"] },
      ...(parser === undefined ? {} : { parser }),
    });
    clients.push(client);
    return { client, socket: await within(came, "a client of Socket.IO's") };
  }

  for (const [name, options] of SERVERS) {
    describe(`with ${name}`, () => {
      /** A plain client between two of Socket.IO's, all in the room `r`. */
      async function start() {
        const server = await BridgeServer.start({}, options);
        const first = await join(server, options);
        const plain = await server.connect();
        const last = await join(server, options);
        for (const { socket } of [first, plain, last]) await socket.join("r");
        return { server, io: server.io, plain, others: [first, last] };
      }

      for (const [what, value] of VALUES) {
        it(`refuses ${what} at each kind of emit, and what is sent next arrives at all`, async () => {
          const { server, io, plain, others } = await start();
          const { socket } = plain;
          const ended: string[] = [];
          for (const { client } of others) client.on("disconnect", (reason) => ended.push(reason));
          const emits: Record<string, () => unknown> = {
            "socket.emit": () => socket.emit("e", value),
            "socket.emit with an ack": () => socket.emit("e", value, () => undefined),
            "socket.timeout.emitWithAck": () => socket.timeout(5_000).emitWithAck("e", value),
            "io.emit": () => io.emit("e", value),
            "io.to": () => io.to("r").emit("e", value),
            "io.to two rooms": () => io.to(["r", "other"]).emit("e", value),
            "io.to but for some": () => io.to("r").except(others[0]!.socket.id).emit("e", value),
            "io.volatile": () => io.volatile.to("r").emit("e", value),
            "io.timeout.emitWithAck": () => io.timeout(5_000).to("r").emitWithAck("e", value),
            "socket.broadcast": () => others[0]!.socket.broadcast.emit("e", value),
          };
          for (const [kind, emit] of Object.entries(emits)) {
            const error = await failureOf(emit);
            expect(error, kind).to.be.instanceOf(TypeError);
            expect((error as TypeError).message, kind).to.include("await blob.arrayBuffer()");
          }
          const got = others.map(({ client }) => new Promise((resolve) => client.once("e", resolve)));
          io.to("r").emit("e", Buffer.from("xyz"));
          expect(await plain.ws.json("event")).to.deep.include({
            event: "e",
            args: [{ $binary: Buffer.from("xyz").toString("base64") }],
          });
          const values = await within(Promise.all(got), "the others to get the next");
          expect(values.map((bytes) => Buffer.from(bytes as Buffer).toString())).to.deep.equal([
            "xyz",
            "xyz",
          ]);
          expect(ended).to.be.empty;
          expect(server.bridge.clientsCount).to.equal(1);
        });
      }

      it("refuses a Blob in an ack that the server gives", async () => {
        const { plain } = await start();
        const failure = new Promise<unknown>((resolve) => {
          plain.socket.on("ask", (ack: (value: unknown) => void) => {
            void failureOf(() => ack({ of: new Blob(["abc"]) })).then(resolve);
          });
        });
        plain.ws.send({ type: "event", event: "ask", args: [], id: 7 });
        expect(await within(failure, "the call")).to.be.instanceOf(TypeError);
        plain.socket.emit("next");
        expect(await plain.ws.json("event")).to.deep.include({ event: "next" });
      });

      it("leaves volatile events and drains as they were", async () => {
        const { plain } = await start();
        plain.socket.emit("first");
        expect(await plain.ws.json("event")).to.deep.include({ event: "first" });
        expect(() => plain.socket.volatile.emit("e", new Blob(["abc"]))).to.throw(TypeError);
        plain.socket.volatile.emit("next");
        expect(await plain.ws.json("event")).to.deep.include({ event: "next" });
      });

      it("leaves a broadcast as it is that reaches no plain client", async () => {
        const { io, plain } = await start();
        expect(() =>
          io
            .to("r")
            .except(plain.socket.id)
            .emit("e", new Blob(["abc"])),
        ).not.to.throw();
        expect(() => io.to("nobody").emit("e", new Blob(["abc"]))).not.to.throw();
      });
    });
  }
});
