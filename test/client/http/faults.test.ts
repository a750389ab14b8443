/** A session of the client over real HTTP, of which parts are lost. */
import { expect } from "chai";
import { io, type Options, type Socket } from "../../../clients/typescript/src/index.js";
import { until, within } from "../../support/deadline.js";
import { FakeBridge, refuse } from "./support/fake-bridge.js";

describe("client over HTTP: a session on a bad network", () => {
  let bridge: FakeBridge;
  let socket: Socket;
  /** What the application was told of connections. */
  let told: unknown[][];
  let heard: unknown[];

  beforeEach(async () => {
    bridge = await FakeBridge.start();
  });

  afterEach(async () => {
    socket.disconnect();
    await bridge.stop();
  });

  async function connect(options: Options = {}): Promise<void> {
    const quick = {
      transports: ["sse", "polling"],
      forceNew: true,
      reconnectionDelay: 10,
      reconnectionDelayMax: 20,
    };
    socket = io(bridge.url, { ...quick, ...options });
    told = [];
    heard = [];
    for (const event of ["connect", "disconnect"]) {
      socket.on(event, (reason?: string, details?: { code?: number }) => {
        told.push([event, ...(reason === undefined ? [] : [reason, details?.code])]);
      });
    }
    socket.io.on("transport", (name) => told.push([name]));
    socket.on("news", (n) => heard.push(n));
    await until(() => socket.connected, "the connection");
    told.splice(0);
  }

  const news = (n: number): void => bridge.say({ type: "event", event: "news", args: [n] });
  const untilHeard = (count: number): Promise<void> => until(() => heard.length >= count, `${count} events`);

  it("loses nothing and doubles nothing where answers to POSTs are lost", async () => {
    await connect();
    let [posts, lost] = [0, 0];
    bridge.after = (request, response) => {
      if (request.method !== "POST" || ++posts % 3 !== 1) return false;
      lost++;
      response.destroy();
      return true;
    };
    for (let n = 0; n < 20; n++) {
      expect(await within(socket.emitWithAck("n", n), `ack ${n}`)).to.equal(n);
    }
    expect(bridge.events).to.deep.equal(Array.from({ length: 20 }, (_, n) => ["n", n]));
    expect([lost > 5, told]).to.deep.equal([true, []]);
  });

  for (const how of ["ended", "reset"] as const) {
    it(`reads on where the stream was ${how}, and nobody hears of it`, async () => {
      await connect();
      news(1);
      await untilHeard(1);
      bridge.cut(how);
      news(2);
      news(3);
      await untilHeard(3);
      expect([heard, told]).to.deep.equal([[1, 2, 3], []]);
    });
  }

  it("reads again what an answer broke off in", async () => {
    await connect();
    const text = JSON.stringify({ type: "event", event: "news", args: [1] });
    bridge.write(`data: ${text.slice(0, 20)}`);
    bridge.cut("reset");
    news(1);
    await untilHeard(1);
    expect([heard, told]).to.deep.equal([[1], []]);
  });

  it("reads by polls within the session where the stream is held up", async () => {
    bridge.after = ({ headers }) => headers.accept === "text/event-stream"; // as a proxy that waits for more
    await connect();
    expect(socket.io.transport).to.equal("polling");
    expect(bridge.openings).to.have.length(1);
    // And remembers it.
    bridge.forget();
    await until(() => told.length === 3, "another session");
    expect(told).to.deep.equal([["disconnect", "transport close", 1006], ["polling"], ["connect"]]);
    expect(bridge.log.filter((entry) => entry === "GET text/event-stream")).to.have.length(1);
  }).timeout(10_000);

  it("opens another session where the server does not know it any more", async () => {
    await connect();
    bridge.forget();
    await until(() => told.length === 3, "another session");
    expect(told).to.deep.equal([["disconnect", "transport close", 1006], ["sse"], ["connect"]]);
    expect(bridge.openings).to.have.length(2);
  });

  it("obeys the code of a session that was closed", async () => {
    await connect();
    bridge.before = (_request, response) => {
      refuse(response, 410, "closed", { close: { code: 4403, reason: "token_revoked" } });
      return true;
    };
    bridge.cut("ended");
    await until(() => told.length === 1, "the end");
    expect(told).to.deep.equal([["disconnect", "transport close", 4403]]);
    expect(socket.active).to.equal(false);
  });

  it("obeys the code of close on the stream, after what came before it", async () => {
    await connect();
    news(1);
    bridge.write('event: close\ndata: {"code":4400,"reason":"malformed_frames"}\n\n');
    await until(() => told.length === 1, "the end");
    expect([heard, told, socket.active]).to.deep.equal([
      [1],
      [["disconnect", "transport close", 4400]],
      false,
    ]);
  });

  it("gives up where something on the way refuses its requests", async () => {
    await connect();
    bridge.before = (_request, response) => {
      response.writeHead(403).end();
      return true;
    };
    bridge.cut("ended");
    await until(() => told.length === 1, "the end");
    expect(told).to.deep.equal([["disconnect", "transport error", undefined]]);
    expect(socket.active).to.equal(false);
  });

  it("leaves with DELETE, after what was emitted", async () => {
    await connect();
    for (let n = 0; n < 3; n++) socket.emit("n", n);
    socket.disconnect();
    await until(() => bridge.left === 1, "the DELETE");
    expect(bridge.events).to.deep.equal([
      ["n", 0],
      ["n", 1],
      ["n", 2],
    ]);
  });

  it("sends what is emitted at once in few requests", async () => {
    await connect();
    bridge.log.splice(0);
    for (let n = 0; n < 500; n++) socket.emit("n", n);
    await until(() => bridge.events.length === 500, "500 events");
    expect(bridge.log.length).to.be.below(5);
  });
});
