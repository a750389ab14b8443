/** Events, acks both ways, namespaces. */
import { expect } from "chai";
import type { Server } from "socket.io";
import type { Client } from "../client.js";
import type { Theme } from "../scenario.js";

const UNBOUNDED = "its buffer has no bound, as an application of Socket.IO's expects";
const OWN_LIMIT = "Socket.IO's client does not know the server's limit";

type Reply = (...args: unknown[]) => void;

function lastOf(args: unknown[]): Reply {
  return args.at(-1) as Reply;
}

/** Acks `echo` with its arguments, `silent` never, and `slow` when told so. */
function helpers(io: Server, slow: (() => void)[] = []): void {
  io.on("connection", (socket) => {
    socket.on("echo", (...args: unknown[]) => lastOf(args)(...args.slice(0, -1)));
    socket.on("silent", () => undefined);
    socket.on("slow", (...args: unknown[]) => void slow.push(() => lastOf(args)("late")));
  });
}

/** Numbers that an event `number` brought, in the order in which they came. */
async function numbers(client: Client, count: number): Promise<unknown[]> {
  const all: unknown[] = [];
  while (all.length < count) {
    all.push(((await client.next("event", { name: "number" }))["args"] as unknown[])[0]);
  }
  return all;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

export const events: Theme = {
  title: "Events and acks",
  scenarios: [
    {
      title: "sends and gets events in order, many at a time",
      async play(stage) {
        const got: unknown[] = [];
        const app = await stage.app(
          (io) => io.on("connection", (socket) => socket.on("number", (n) => got.push(n))),
          { bridge: { maxMessagesPerSecond: 100_000 } },
        );
        const { client, socket } = await app.enter();
        for (const n of upTo(1_000)) socket.emit("number", n);
        expect(await numbers(client, 1_000)).to.deep.equal(upTo(1_000));
        await Promise.all(upTo(500).map((n) => client.do("emit", { name: "number", args: [n] })));
        await client.do("emit", { name: "number", args: ["end"] });
        await new Promise<void>((resolve) => {
          if (got.at(-1) === "end") resolve();
          else socket.on("number", (n) => n === "end" && resolve());
        });
        expect(got).to.deep.equal([...upTo(500), "end"]);
      },
    },
    {
      title: "gets the ack of each call, however they are mixed",
      async play(stage) {
        const slow: (() => void)[] = [];
        const app = await stage.app((io) => helpers(io, slow));
        const { client } = await app.enter();
        const late = client.begin("call", { name: "slow", args: [], timeout: 10_000 });
        const calls = upTo(50).map((n) =>
          client.do("call", { name: "echo", args: [n, { n }], timeout: 10_000 }),
        );
        expect(await Promise.all(calls)).to.deep.equal(upTo(50).map((n) => [n, { n }]));
        slow.forEach((answer) => answer());
        expect(await late.answer).to.deep.equal(["late"]);
        expect(await client.do("call", { name: "echo", args: [], timeout: 10_000 })).to.deep.equal([]);
      },
    },
    {
      title: "gives a call up after its time, and takes no late ack for another one's",
      async play(stage) {
        const slow: (() => void)[] = [];
        const app = await stage.app((io) => helpers(io, slow));
        const { client } = await app.enter();
        const error = await client.failure("call", { name: "slow", args: [], timeout: 100 });
        expect(error.code).to.equal("timeout");
        const next = client.begin("call", { name: "slow", args: [], timeout: 10_000 });
        expect(await client.do("call", { name: "echo", args: ["between"], timeout: 10_000 })).to.deep.equal([
          "between",
        ]);
        slow[0]?.();
        expect(await client.do("call", { name: "echo", args: ["after"], timeout: 10_000 })).to.deep.equal([
          "after",
        ]);
        slow[1]?.();
        expect(await next.answer).to.deep.equal(["late"]);
      },
    },
    {
      title: "fails the calls that were under way when the connection was cut",
      async play(stage) {
        const app = await stage.app(helpers);
        const { client } = await app.enter();
        const { answer } = client.begin("call", { name: "silent", args: [], timeout: 15_000 });
        await client.do("call", { name: "echo", args: [], timeout: 10_000 });
        app.cut();
        const error = await answer.then(
          () => expect.fail("it was answered"),
          (thrown: unknown) => thrown as { code: string },
        );
        expect(error.code).to.equal("disconnected");
        await app.reconnected(client);
        expect(await client.do("call", { name: "echo", args: [1], timeout: 10_000 })).to.deep.equal([1]);
      },
    },
    {
      title: "keeps what is sent while it is away, in order, until it is back",
      async play(stage) {
        const got: unknown[] = [];
        const app = await stage.app((io) => {
          helpers(io);
          io.on("connection", (socket) => socket.on("number", (n) => got.push(n)));
        });
        const { client } = await app.enter();
        await app.stop();
        await client.next("disconnected");
        await Promise.all(upTo(20).map((n) => client.do("emit", { name: "number", args: [n] })));
        const { answer } = client.begin("call", { name: "echo", args: ["last"], timeout: 15_000 });
        await app.startAgain();
        expect(await answer).to.deep.equal(["last"]);
        expect(got).to.deep.equal(upTo(20));
      },
    },
    {
      title: "refuses what its buffer has no place for, to its caller",
      not: { "socket.io-client": UNBOUNDED, typescript: UNBOUNDED },
      async play(stage) {
        const app = await stage.app(helpers);
        const { client } = await app.enter({ maxBuffered: 3 });
        await app.stop();
        await client.next("disconnected");
        for (const n of upTo(3)) await client.do("emit", { name: "number", args: [n] });
        expect((await client.failure("emit", { name: "number", args: [3] })).code).to.equal("buffer_full");
      },
    },
    {
      title: "refuses an event that the server would close the connection for, to its caller",
      not: { "socket.io-client": OWN_LIMIT },
      async play(stage) {
        const app = await stage.app(helpers, { bridge: { maxPayload: 10_000 } });
        const { client } = await app.enter();
        const error = await client.failure("call", {
          name: "echo",
          args: ["x".repeat(20_000)],
          timeout: 5_000,
        });
        expect(error.code).to.equal("payload_too_large");
        expect(await client.do("call", { name: "echo", args: [1], timeout: 10_000 })).to.deep.equal([1]);
        expect(client.take("disconnected")).to.deep.equal([]);
      },
    },
    {
      title: "answers the server's events, once each",
      async play(stage) {
        const app = await stage.app();
        const { client, socket } = await app.enter();
        const answers = upTo(10).map(
          (n) => socket.timeout(5_000).emitWithAck("question", n) as Promise<unknown>,
        );
        for (const n of upTo(10)) {
          const { key } = await client.next("event", { name: "question", args: [n] });
          await client.do("answer", { key, args: [{ n }] });
          await client.do("answer", { key, args: ["again"] }).catch(() => undefined);
        }
        expect(await Promise.all(answers)).to.deep.equal(upTo(10).map((n) => ({ n })));
      },
    },
    {
      title: "an answer that comes too late for the server does no harm",
      async play(stage) {
        const app = await stage.app(helpers);
        const { client, socket } = await app.enter();
        const answer = socket.timeout(50).emitWithAck("question") as Promise<unknown>;
        const { key } = await client.next("event", { name: "question" });
        await answer.then(
          () => expect.fail("it was answered"),
          () => undefined,
        );
        await client.do("answer", { key, args: ["late"] });
        expect(await client.do("call", { name: "echo", args: [1], timeout: 5_000 })).to.deep.equal([1]);
      },
    },
    {
      title: "has several namespaces on one connection, and keeps them apart",
      async play(stage) {
        const app = await stage.app((io) => {
          for (const ns of ["/a", "/b"]) {
            io.of(ns).on("connection", (socket) => {
              socket.on("where", (reply: Reply) => reply(ns));
            });
          }
        });
        const { client, socket } = await app.enter({}, "/a");
        const other = await app.connect(client, "/b");
        await app.connect(client);
        expect(app.connections).to.equal(1);
        const ask = { name: "where", args: [], timeout: 5_000 };
        expect(await client.do("call", { ns: "/a", ...ask })).to.deep.equal(["/a"]);
        expect(await client.do("call", { ns: "/b", ...ask })).to.deep.equal(["/b"]);
        other.emit("news", "b");
        socket.emit("news", "a");
        await client.next("event", { ns: "/b", args: ["b"] });
        await client.next("event", { ns: "/a", args: ["a"] });
        await client.do("disconnect", { ns: "/a" });
        await app.count(0, "/a");
        expect(await client.do("call", { ns: "/b", ...ask })).to.deep.equal(["/b"]);
      },
    },
    {
      title: "comes back to all its namespaces but those that the server has ended",
      async play(stage) {
        const app = await stage.app((io) => ["/a", "/b"].forEach((ns) => io.of(ns)));
        const { client, socket } = await app.enter({}, "/a");
        await app.connect(client, "/b");
        socket.disconnect();
        expect((await client.next("disconnected", { ns: "/a" }))["final"]).to.equal(true);
        app.cut();
        await client.next("disconnected", { ns: "/b" });
        await app.reconnected(client, "/b");
        await app.count(0, "/a");
      },
    },
    {
      title: "a namespace that is refused leaves the others alone",
      async play(stage) {
        const app = await stage.app((io) => {
          helpers(io);
          io.of("/closed").use((_socket, next) => next(new Error("closed today")));
        });
        const { client } = await app.enter();
        expect((await client.failure("connect", { ns: "/closed" })).message).to.include("closed today");
        expect(await client.do("call", { name: "echo", args: [1], timeout: 5_000 })).to.deep.equal([1]);
      },
    },
  ],
};
