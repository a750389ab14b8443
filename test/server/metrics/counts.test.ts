/** What the metrics say after a known sequence of calls, over both protocols. */
import { expect } from "chai";
import { Manager } from "socket.io-client";
import { until, within } from "../../support/deadline.js";
import { PROTOCOLS } from "../support/clients.js";
import { startRooms, type Running } from "../support/server.js";
import { countedIn, seriesOf, untilCounted } from "./support/series.js";

describe("the metrics of a server", () => {
  let server: Running;
  afterEach(() => server.close());

  const counted = async (): Promise<Record<string, number>> => countedIn(await server.metrics());

  /** Waits until a server has as many connections in its namespace. */
  async function connections(count: number): Promise<void> {
    await until(() => server.io.of("/").sockets.size === count, `${count} connections`);
  }

  for (const [transport, { title, open }] of Object.entries(PROTOCOLS)) {
    describe(`over ${title}`, () => {
      beforeEach(async () => {
        server = await startRooms();
      });

      it("has who is there, in which rooms, and with which inboxes", async () => {
        const [ada, ben] = [open(server.url), open(server.url)];
        await ada.enter("Ada", { device: "phone" });
        await ben.enter("Ben");
        await ada.join("lobby");
        await ben.join("lobby");
        await ben.join("hall");
        await ada.ask("inbox", {});
        expect(await counted()).to.include({
          [`connections{transport="${transport}"}`]: 2,
          [`connects_total{transport="${transport}",result="ok"}`]: 2,
          rooms_live: 2,
          users_present: 2,
          inboxes_open: 1,
        });
        ada.close();
        ben.cut();
        await connections(0);
        const isEmpty = (now: Record<string, number>): boolean =>
          !("rooms_live" in now || "users_present" in now);
        const now = await untilCounted(server, isEmpty, "nobody is counted any more");
        expect(now).not.to.have.any.keys("rooms_live", "users_present", "inboxes_open");
        expect(now).not.to.have.property(`connections{transport="${transport}"}`);
        const ended = Object.entries(now).filter(([series]) => series.startsWith("disconnects_total"));
        expect(ended.reduce((sum, [, value]) => sum + value, 0)).to.equal(2);
      });

      it("has each call with its result, and how long it took", async () => {
        const client = open(server.url);
        await client.enter("Ada");
        await client.ask("join", { room: "lobby" });
        await client.ask("publish", { room: "lobby", data: 1 });
        await client.ask("publish", { room: "lobby", data: 2 });
        await client.ask("publish", { room: "hall", data: 3 });
        await client.ask("publish", { room: "lobby" });
        await client.ask("refresh", { token: "x" });
        await client.ask("dance");
        const calls = Object.entries(await counted()).filter(([series]) => /^calls?_/.test(series));
        expect(Object.fromEntries(calls)).to.deep.equal({
          'calls_total{call="join",result="ok"}': 1,
          'calls_total{call="publish",result="ok"}': 2,
          'calls_total{call="publish",result="not_joined"}': 1,
          'calls_total{call="publish",result="invalid_argument"}': 1,
          'calls_total{call="refresh",result="unauthorized"}': 1,
          'calls_total{call="unknown",result="unknown_event"}': 1,
          'call_seconds_count{call="join"}': 1,
          'call_seconds_count{call="publish"}': 4,
          'call_seconds_count{call="refresh"}': 1,
        });
        const all = seriesOf(await server.metrics());
        expect(all.get('crossroom_call_seconds_bucket{call="publish",le="+Inf"}')).to.equal(4);
        expect(all.get('crossroom_call_seconds_sum{call="publish"}')).to.be.greaterThan(0);
        client.close();
      });

      it("has what was delivered, once for each connection", async () => {
        const [ada, ben] = [open(server.url), open(server.url)];
        await ada.enter("Ada", { device: "phone" });
        await ben.enter("Ben");
        await ada.join("lobby");
        await ben.join("lobby");
        await ada.ask("inbox", {});
        await ada.ask("publish", { room: "lobby", data: "to two" });
        await ada.ask("signal", { room: "lobby", data: "to one" });
        await ben.ask("send", { to: ada.self?.user, data: "to one" });
        await ada.nextEvent("inbox");
        expect((await counted())["messages_delivered_total"]).to.equal(4);
        ada.close();
        ben.close();
      });

      it("has who was not let in, and why", async () => {
        const client = open(server.url);
        client.send({ type: "connect", auth: { token: "x" } });
        expect(await client.frames.next()).to.include({ type: "connect_error" });
        expect(await counted()).to.deep.equal({
          [`connects_total{transport="${transport}",result="unauthorized"}`]: 1,
        });
        client.close();
      });

      it("has whether those who come back got what they had missed", async () => {
        const client = open(server.url);
        await client.enter("Ada");
        const joined = await client.ask("join", { room: "lobby" });
        const { position } = joined as unknown as { position: { epoch: string; offset: number } };
        await client.ask("join", { room: "lobby", since: position });
        await client.ask("join", { room: "lobby", since: { epoch: "another", offset: 7 } });
        expect(await counted()).to.include({
          'recoveries_total{result="recovered"}': 1,
          'recoveries_total{result="lost"}': 1,
        });
        client.close();
      });

      it("has which limit has refused something", async () => {
        await server.close();
        const rates = { readsOfUser: { perSecond: 0.001, burst: 1 } };
        server = await startRooms({ limits: { roomsPerDevice: 1, messageBytes: 10, rates } });
        const client = open(server.url);
        await client.enter("Ada");
        await client.ask("join", { room: "lobby" });
        await client.ask("join", { room: "hall" });
        await client.ask("publish", { room: "lobby", data: "x".repeat(10) });
        await client.ask("history", { room: "lobby" });
        await client.ask("history", { room: "lobby" });
        const refusals = Object.entries(await counted()).filter(([series]) =>
          series.startsWith("refusals_total"),
        );
        expect(Object.fromEntries(refusals)).to.deep.equal({
          'refusals_total{limit="roomsPerDevice"}': 1,
          'refusals_total{limit="messageBytes"}': 1,
          'refusals_total{limit="readsOfUser"}': 1,
        });
        client.close();
      });
    });
  }

  it("count connections that the limits of the transports refuse", async () => {
    server = await startRooms({ bridge: { maxConnectionsPerAddress: 1 } });
    const [first, second] = [PROTOCOLS.bridge.open(server.url), PROTOCOLS.websocket.open(server.url, false)];
    await first.enter("Ada");
    second.send({ type: "connect" });
    expect(await second.frames.next()).to.include({ type: "connect_error" });
    expect(await counted()).to.include({ 'refusals_total{limit="maxConnectionsPerAddress"}': 1 });
    first.close();
    second.close();
  });

  it("have a connection of Socket.IO by its new transport after an upgrade, and no more once it has left", async () => {
    server = await startRooms();
    server.io.of("/other");
    for (const isLeaving of [false, true]) {
      // From here, as Socket.IO's client says nothing between the question for an upgrade and its end.
      if (isLeaving) server.io.once("connection", (socket) => socket.disconnect());
      const manager = new Manager(server.url, { transports: ["polling", "websocket"], forceNew: true });
      const [ours, other] = [manager.socket("/"), manager.socket("/other")];
      const connected = new Promise<void>((resolve) => ours.once("connect", resolve));
      const upgraded = new Promise<void>((resolve) => {
        server.io.engine.once("connection", (conn: { once(event: string, listener: () => void): void }) =>
          conn.once("upgrade", resolve),
        );
      });
      other.connect();
      await within(connected, "the connection");
      await within(upgraded, "the upgrade");
      const [polling, websocket] = ['connections{transport="polling"}', 'connections{transport="websocket"}'];
      const isSo = (now: Record<string, number>): boolean =>
        !(polling in now) && websocket in now !== isLeaving;
      await untilCounted(server, isSo, "the upgrade is counted");
      ours.disconnect();
      other.disconnect();
      await untilCounted(server, (now) => !(websocket in now), "it has gone");
      expect(await counted()).not.to.have.any.keys(polling, websocket);
    }
  });

  it("count the connections of the bridge that were closed for too many messages", async () => {
    server = await startRooms({ bridge: { maxMessagesPerSecond: 5 } });
    const client = PROTOCOLS.bridge.open(server.url);
    await client.enter("Ada");
    for (let n = 0; n < 20; n++) client.send({ type: "event", event: "dance" });
    const limit = 'refusals_total{limit="maxMessagesPerSecond"}';
    const now = await untilCounted(server, (counted) => limit in counted, "the close is counted");
    expect(now).to.include({
      [limit]: 1,
      'disconnects_total{transport="bridge",cause="transport_error"}': 1,
    });
  });

  it("are those of one server, where a process has two", async () => {
    server = await startRooms();
    const other = await startRooms();
    const client = PROTOCOLS.bridge.open(other.url);
    try {
      await client.enter("Ada");
      expect(await counted()).to.deep.equal({});
      expect(countedIn(await other.metrics())).to.include({ users_present: 1 });
      for (const text of [await server.metrics(), await other.metrics()]) {
        expect(text)
          .to.match(/^process_cpu_seconds_total \d/m)
          .and.to.match(/^nodejs_eventloop_lag_p99_seconds /m);
      }
    } finally {
      client.close();
      await other.close();
    }
  });

  it("are as many series with 10,000 rooms and users' inboxes as with 10", async function () {
    this.timeout(60_000);
    const plenty = { perSecond: 1e6, burst: 1e6 };
    const names = ["joinsOfUser", "joinsOfAddress", "messagesOfUser", "messagesOfAddress"] as const;
    server = await startRooms({
      limits: {
        roomsPerDevice: 20_000,
        rates: Object.fromEntries(names.map((name) => [name, plenty])),
      },
      bridge: { maxMessagesPerSecond: 1e6 },
    });
    const client = PROTOCOLS.bridge.open(server.url, false);
    await client.enter("Ada");
    const grow = async (from: number, to: number): Promise<number> => {
      for (let n = from; n < to; n += 100) {
        const some = Array.from({ length: Math.min(100, to - n) }, (_, i) => n + i);
        for (const i of some) {
          client.send({ type: "event", event: "join", args: [{ room: `room-${i}` }] });
          client.send({ type: "event", event: "send", args: [{ to: `user-${i}`, data: i }] });
        }
        expect(await client.ask("leave", { room: "no such room" })).to.have.property("ok", false);
      }
      const series = seriesOf(await server.metrics());
      expect(series.get("crossroom_rooms_live")).to.equal(to);
      expect(series.get('crossroom_calls_total{call="send",result="ok"}')).to.equal(to);
      return [...series.keys()].filter((name) => name.startsWith("crossroom_")).length;
    };
    const few = await grow(0, 10);
    expect(await grow(10, 10_000)).to.equal(few);
    client.close();
  });
});
