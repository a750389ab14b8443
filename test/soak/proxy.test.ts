import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { expect } from "chai";
import { until, within } from "../support/deadline.js";
import { type Link, TcpProxy } from "./proxy.js";

/** A socket, what came out of it, and how it ended. */
class Peer {
  received = "";
  ended = false;
  closed: "no" | "cleanly" | "reset" = "no";

  constructor(readonly socket: Socket) {
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => (this.received += text));
    socket.on("end", () => (this.ended = true));
    socket.on("error", () => (this.closed = "reset"));
    socket.on("close", () => {
      if (this.closed === "no") this.closed = "cleanly";
    });
  }

  got(text: string): Promise<void> {
    return until(() => this.received === text, `${JSON.stringify(text)} has come`);
  }
}

describe("the soak's proxy", () => {
  let backend: Server;
  let proxy: TcpProxy;

  beforeEach(async () => {
    backend = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
    await once(backend, "listening");
    proxy = await TcpProxy.listen({ port: (backend.address() as AddressInfo).port });
  });

  afterEach(async () => {
    await proxy.close();
    await within(new Promise((resolve) => backend.close(resolve)), "every connection to the server to end");
  });

  /** A connection through the proxy: both its ends, and the link between them. */
  async function open(): Promise<{ client: Peer; server: Peer; link: Link }> {
    const accepted = once(backend, "connection");
    const client = new Peer(connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true }));
    const [socket] = (await within(accepted, "a connection")) as [Socket];
    return { client, server: new Peer(socket), link: proxy.links.at(-1)! };
  }

  it("passes bytes on, both ways, and counts them", async () => {
    const { client, server, link } = await open();
    client.socket.write("question");
    await server.got("question");
    server.socket.write("answer!");
    await client.got("answer!");
    expect(link.bytes).to.deep.equal({ up: 8, down: 7 });
  });

  it("passes the end of one direction on, and the other one stays open", async () => {
    const { client, server } = await open();
    client.socket.end("last words");
    await server.got("last words");
    await until(() => server.ended, "the server has seen the end");
    server.socket.end("good-bye");
    await client.got("good-bye");
    await until(() => client.closed !== "no" && server.closed !== "no", "both are closed");
    expect([client.closed, server.closed]).to.deep.equal(["cleanly", "cleanly"]);
    await until(() => proxy.links.length === 0, "the link is gone");
  });

  it("resets both sides when it cuts with RST", async () => {
    const { client, server, link } = await open();
    link.cut("rst");
    await until(() => client.closed !== "no" && server.closed !== "no", "both are closed");
    expect([client.closed, server.closed]).to.deep.equal(["reset", "reset"]);
    expect(proxy.links).to.be.empty;
  });

  it("ends both sides after what was sent when it cuts with FIN", async () => {
    const { client, server, link } = await open();
    client.socket.write("before");
    await server.got("before");
    link.cut("fin");
    await until(() => client.ended && server.ended, "both have seen the end");
    expect([client.closed, server.closed]).to.not.include("reset");
    client.socket.end();
    server.socket.end();
  });

  it("passes a reset on", async () => {
    const { client, server } = await open();
    client.socket.resetAndDestroy();
    await until(() => server.closed === "reset", "the server is reset");
  });

  for (const direction of ["up", "down", "both"] as const) {
    it(`lets nothing through ${direction === "both" ? "either way" : direction} while it stalls, and all of it after`, async () => {
      const { client, server, link } = await open();
      link.stall(direction);
      client.socket.write("to the server");
      server.socket.write("to the client");
      // The other direction, or else another connection, shows that time enough has passed.
      if (direction === "up") await client.got("to the client");
      else if (direction === "down") await server.got("to the server");
      else await roundTrip();
      expect(server.received).to.equal(direction === "down" ? "to the server" : "");
      expect(client.received).to.equal(direction === "up" ? "to the client" : "");
      link.resume();
      await Promise.all([server.got("to the server"), client.got("to the client")]);
    });
  }

  it("keeps a stalled connection open though one side is gone, as a dead network does", async () => {
    const { client, server, link } = await open();
    link.stall("both");
    client.socket.destroy();
    await roundTrip();
    expect([server.ended, server.closed]).to.deep.equal([false, "no"]);
    expect(proxy.links).to.include(link);
    proxy.heal();
    await until(() => server.ended || server.closed !== "no", "the server hears of the end");
    server.socket.destroy();
  });

  it("brings chunks late, and in order though the later one's delay is shorter", async () => {
    const { client, server, link } = await open();
    const delays = [80, 0];
    link.delay("up", () => delays.shift() ?? 0);
    const begun = performance.now();
    client.socket.write("first");
    await until(() => delays.length === 1, "the first chunk is under way");
    client.socket.write(", second");
    await server.got("first, second");
    expect(performance.now() - begun).to.be.at.least(79);
  });

  it("brings the end of a direction after the bytes that it delays", async () => {
    const { client, server, link } = await open();
    link.delay("up", () => 30);
    client.socket.end("late");
    await until(() => server.ended, "the server has seen the end");
    expect(server.received).to.equal("late");
    server.socket.end();
  });

  it("resets a client whose server is not there, and reaches the next target", async () => {
    const port = (backend.address() as AddressInfo).port;
    const gone = createServer().listen(0, "127.0.0.1");
    await once(gone, "listening");
    proxy.setTarget({ port: (gone.address() as AddressInfo).port });
    gone.close();
    await once(gone, "close");
    const refused = new Peer(connect(proxy.port, "127.0.0.1"));
    await until(() => refused.closed === "reset", "the client is reset");
    proxy.setTarget({ port });
    await roundTrip();
  });

  /** One byte there and back on a connection of its own. */
  async function roundTrip(): Promise<void> {
    const { client, server } = await open();
    client.socket.write("?");
    await server.got("?");
    server.socket.write("!");
    await client.got("!");
    client.socket.destroy();
    server.socket.destroy();
  }
});
