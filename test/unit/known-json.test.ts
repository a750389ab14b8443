/** An emit whose JSON is known: what clients get, and what an application can see of it. */
import { expect } from "chai";
import { Adapter } from "socket.io-adapter";
import { io as connect, type Socket as ClientSocket } from "socket.io-client";
import type { ServerOptions, Socket } from "socket.io";
import { emitKnown, RoomAdapter } from "../../bridge/index.js";
import { BridgeServer, stopServers } from "../safety/support/bridge-server.js";
import { within } from "../support/deadline.js";

/** The argument, and a text that shows whether it was used. */
const VALUE = { n: 1 };
const JSON_TEXT = '{"n":"known"}';
const KNOWN = { n: "known" };

describe("an event whose JSON is known", () => {
  const clients: ClientSocket[] = [];
  afterEach(async () => {
    for (const client of clients.splice(0)) client.disconnect();
    await stopServers();
  });

  /** A server with a plain client and one of Socket.IO's in the room `r`. */
  async function stage(options: Partial<ServerOptions> = { adapter: RoomAdapter }) {
    const server = await BridgeServer.start({}, options);
    const plain = await server.connect();
    const came = new Promise<Socket>((resolve) => server.io.once("connection", resolve));
    const client = connect(`http://127.0.0.1:${server.port}`, { transports: ["websocket"], forceNew: true });
    clients.push(client);
    const heard: unknown[] = [];
    const last = new Promise<void>((resolve) => client.once("last", resolve));
    client.on("e", (...args) => heard.push(args));
    const other = await within(came, "the socket");
    for (const { id } of [plain.socket, other]) server.io.in(id).socketsJoin("r");
    return {
      server,
      sockets: [plain.socket, other],
      /** What both were sent as `e`; they must have been sent the same. */
      sent: async (): Promise<unknown[]> => {
        server.io.emit("last");
        const frames: unknown[] = [];
        for (;;) {
          const frame = (await plain.ws.json()) as { event: string; args: unknown[] };
          if (frame.event === "last") break;
          frames.push(frame.args);
        }
        await within(last, "the last event");
        expect(heard).to.deep.equal(frames);
        return frames;
      },
    };
  }

  it("reaches clients of both protocols as that JSON, in order with other events", async () => {
    const { server, sent } = await stage();
    server.io.to("r").emit("e", "before");
    emitKnown(VALUE, JSON_TEXT, () => server.io.to("r").emit("e", VALUE));
    server.io.to("r").emit("e", VALUE);
    expect(await sent()).to.deep.equal([["before"], [KNOWN], [VALUE]]);
  });

  it("is in a namespace of its own the same", async () => {
    const server = await BridgeServer.start({}, { adapter: RoomAdapter });
    const came = new Promise<Socket>((resolve) => server.io.of("/x").once("connection", resolve));
    const ws = await server.open();
    ws.send({ type: "connect", ns: "/x" });
    await ws.json("connected");
    await (await within(came, "the socket")).join("r");
    emitKnown(VALUE, JSON_TEXT, () => server.io.of("/x").to("r").emit("e", VALUE));
    expect(await ws.json()).to.deep.equal({ type: "event", ns: "/x", event: "e", args: [KNOWN] });
  });

  it("is known only for that argument alone", async () => {
    const { server, sent } = await stage();
    const { io } = server;
    emitKnown(VALUE, JSON_TEXT, () => io.to("r").emit("e", VALUE, VALUE));
    emitKnown(VALUE, JSON_TEXT, () => io.to("r").emit("e", { ...VALUE }));
    emitKnown(VALUE, JSON_TEXT, () => io.to("r").emit("e", [VALUE]));
    expect(await sent()).to.deep.equal([[VALUE, VALUE], [VALUE], [[VALUE]]]);
  });

  it("is known no longer than the emit, whatever is thrown", async () => {
    const { server, sent } = await stage();
    expect(() =>
      emitKnown(VALUE, JSON_TEXT, () => {
        throw new Error("thrown");
      }),
    ).to.throw("thrown");
    server.io.to("r").emit("e", VALUE);
    expect(await sent()).to.deep.equal([[VALUE]]);
  });

  it("shows listeners of what is sent the argument itself; what they change of it and emit is sent as it is then", async () => {
    const { server, sockets, sent } = await stage();
    const value = { n: 1 };
    const seen: unknown[] = [];
    sockets[0]?.onAnyOutgoing((event, argument: { n: number }) => {
      if (event !== "e") return;
      seen.push(argument === value, argument.n);
      if (argument.n > 1) return;
      argument.n = 2;
      server.io.to("r").emit("e", argument);
    });
    emitKnown(value, '{"n":1}', () => server.io.to("r").emit("e", value));
    expect((await sent()).flat()).to.have.deep.members([{ n: 1 }, { n: 2 }]);
    expect(seen).to.deep.equal([true, 1, true, 2]);
  });

  it("shows who listens for written packets what any other emit shows", async () => {
    const { server, sockets, sent } = await stage();
    const packets: unknown[] = [];
    for (const { conn } of sockets)
      conn.on("packetCreate", ({ data }: { data: unknown }) => packets.push(data));
    server.io.to("r").emit("e", VALUE);
    emitKnown(VALUE, JSON.stringify(VALUE), () => server.io.to("r").emit("e", VALUE));
    await sent();
    const [first, second, third, fourth] = packets;
    expect([third, fourth]).to.deep.equal([first, second]);
  });

  for (const [title, options] of Object.entries({
    "another adapter": { adapter: Adapter },
    "an adapter that is made of it, and changes packets": {
      adapter: class extends RoomAdapter {
        override broadcast(...[packet, more]: Parameters<RoomAdapter["broadcast"]>): void {
          const { data } = packet as { data: unknown[] };
          super.broadcast({ ...packet, data: data.map((item) => item) }, more);
        }
      },
    },
  })) {
    it(`is sent over ${title}`, async () => {
      const { server, sent } = await stage(options);
      emitKnown(VALUE, JSON.stringify(VALUE), () => server.io.to("r").emit("e", VALUE));
      expect(await sent()).to.deep.equal([[VALUE]]);
    });
  }

  it("is made anew where somebody is left out, or it may be dropped", async () => {
    const { server, sent } = await stage();
    emitKnown(VALUE, JSON_TEXT, () => server.io.to("r").except("nobody").emit("e", VALUE));
    expect(await sent()).to.deep.equal([[VALUE]]);
  });
});
