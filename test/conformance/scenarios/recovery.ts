/** What was missed comes, once and in order; and what cannot come is said. */
import { expect } from "chai";
import { DEFAULT_ROOM } from "../../../server/index.js";
import { until } from "../../support/deadline.js";
import type { Client } from "../client.js";
import type { Theme } from "../scenario.js";
import type { Lobby } from "../stage/lobby.js";

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

const QUICK = {
  limits: { messagesPerSecond: 100_000, pendingCalls: 10_000 },
  bridge: { maxMessagesPerSecond: 100_000 },
};
const HEARTBEAT = { pingInterval: 300, pingTimeout: 400 };

/** Publishes 0, 1, ... and looks at what comes back to the writer. */
async function publish(writer: Client, numbers: readonly unknown[]): Promise<void> {
  await Promise.all(numbers.map((data) => writer.do("publish", { room: "r", data })));
  await writer.messages(numbers.length);
}

/** Whether what is cut, dropped or stalled shows in what a client gets: all of it, once and in order. */
async function gets(client: Client, data: readonly unknown[]): Promise<void> {
  expect(await client.messages(data.length)).to.deep.equal(data);
}

/** While the client is away, `task` is done. */
async function away(lobby: Lobby, client: Client, task: () => Promise<void>): Promise<void> {
  await client.do("background");
  await client.next("disconnect");
  await task();
  client.forget("joined");
  await client.do("foreground");
  expect(lobby.connections ?? 1).to.be.at.most(2);
}

export const recovery: Theme = {
  title: "Recovery",
  scenarios: [
    {
      title: "after a cut it gets what it missed, in order and once",
      async play(stage) {
        const lobby = await stage.lobby(QUICK);
        const writer = await lobby.writer("r");
        const ada = await lobby.join("r");
        for (const round of upTo(5)) {
          const numbers = upTo(20).map((n) => round * 20 + n);
          const published = publish(writer, numbers);
          lobby.cut();
          await published;
          await gets(ada, numbers);
        }
      },
    },
    {
      title: "away in the background it misses nothing",
      async play(stage) {
        const lobby = await stage.lobby(QUICK);
        const writer = await lobby.writer("r");
        const ada = await lobby.join("r");
        await away(lobby, ada, () => publish(writer, upTo(30)));
        await gets(ada, upTo(30));
        expect((await ada.next("joined"))["recovered"]).to.equal(true);
      },
    },
    {
      title: "is recovering while it is away, and while a join is answered with nonsense; then it is joined",
      async play(stage) {
        const lobby = await stage.lobby(QUICK);
        const writer = await lobby.writer("r");
        const wire = await stage.wire(lobby.directUrl);
        const ada = await lobby.join("r", { url: wire.url });
        const state = () => ada.do("state", { room: "r" });
        await ada.do("background");
        await ada.next("disconnect");
        expect(await state()).to.equal("recovering");
        await publish(writer, ["missed"]);
        let nonsense = 0;
        wire.down = (text) => {
          if (!text.includes('"members"')) return [text];
          nonsense++;
          return [text.replaceAll('"position"', '"nonsense"')];
        };
        await ada.do("foreground");
        await until(() => nonsense === 2, "it has asked again");
        expect(await state()).to.equal("recovering");
        wire.down = (text) => [text];
        await gets(ada, ["missed"]);
        expect((await ada.next("joined"))["recovered"]).to.equal(true);
        expect(await state()).to.equal("joined");
      },
    },
    {
      title: "a connection that has fallen silent costs no message",
      async play(stage) {
        const lobby = await stage.lobby({ ...QUICK, heartbeat: HEARTBEAT });
        const writer = await lobby.writer("r");
        const ada = await lobby.join("r");
        for (const link of lobby.proxy.links) link.stall("down");
        await publish(writer, upTo(10));
        await gets(ada, upTo(10));
        for (const link of lobby.proxy.links) link.stall("up");
        await publish(writer, upTo(10));
        await gets(ada, upTo(10));
      },
    },
    {
      title: "after a restart of the server it goes on from where it was",
      async play(stage) {
        const lobby = await stage.lobby(QUICK);
        const ada = await lobby.join("r");
        const writer = await lobby.writer("r");
        await publish(writer, ["before"]);
        await gets(ada, ["before"]);
        await lobby.world.restart();
        await publish(writer, ["after"]);
        await gets(ada, ["after"]);
      },
    },
    {
      title: "joins from a position that it kept, also in another process",
      async play(stage) {
        const lobby = await stage.lobby(QUICK);
        const writer = await lobby.writer("r");
        await publish(writer, upTo(6));
        const { messages } = await writer.do("history", { room: "r" });
        const ada = await lobby.enter();
        const joined = await ada.do("join", { room: "r", since: messages[2]?.position });
        expect(joined.recovered).to.equal(true);
        await gets(ada, [3, 4, 5]);
      },
    },
    {
      title: "gets more than goes into one ack, page by page",
      async play(stage) {
        const lobby = await stage.lobby(QUICK);
        const writer = await lobby.writer("r", { maxPending: 5_000 });
        const ada = await lobby.join("r");
        await away(lobby, ada, () => publish(writer, upTo(1_300)));
        await gets(ada, upTo(1_300));
        expect((await ada.next("joined"))["recovered"]).to.equal(true);
      },
    },
    {
      title: "says so where messages are lost, and goes on behind them",
      async play(stage) {
        const settings = { ...DEFAULT_ROOM, history: { count: 5, age: 60_000 } };
        const lobby = await stage.lobby({ ...QUICK, roomSettings: () => settings });
        const writer = await lobby.writer("r");
        const ada = await lobby.join("r");
        await publish(writer, ["first"]);
        await gets(ada, ["first"]);
        await away(lobby, ada, () => publish(writer, upTo(40)));
        expect((await ada.next("joined"))["recovered"]).to.equal(false);
        await publish(writer, ["behind"]);
        await gets(ada, ["behind"]);
      },
    },
    {
      title: "takes another log's positions for no positions of its own",
      async play(stage) {
        const lobby = await stage.lobby(QUICK);
        const writer = await lobby.writer("r");
        await publish(writer, upTo(3));
        const ada = await lobby.enter();
        const joined = await ada.do("join", { room: "r", since: { epoch: "another", offset: 1 } });
        expect(joined.recovered).to.equal(false);
        expect(joined.position.offset).to.equal(3);
        await publish(writer, ["new"]);
        await gets(ada, ["new"]);
      },
    },
    {
      title: "reads from the log what a broadcast did not bring",
      async play(stage) {
        const lobby = await stage.lobby(QUICK);
        const writer = await lobby.writer("r");
        const wire = await stage.wire(lobby.directUrl);
        const ada = await lobby.join("r", { url: wire.url });
        wire.down = (text) => (/"lost \d+"/.test(text) && !text.includes('"messages"') ? [] : [text]);
        const data = ["here 1", "lost 2", "lost 3", "here 4", "here 5", "lost 6", "here 7"];
        for (const one of data) await publish(writer, [one]);
        await gets(ada, data);
      },
    },
    {
      title: "delivers once what comes twice, or out of order",
      async play(stage) {
        const lobby = await stage.lobby(QUICK);
        const writer = await lobby.writer("r");
        const wire = await stage.wire(lobby.directUrl);
        const ada = await lobby.join("r", { url: wire.url });
        let kept: string | undefined;
        wire.down = (text) => {
          if (!text.includes('"message"') || !text.includes('"room"')) return [text];
          const before = kept;
          kept = text;
          return before === undefined ? [text, text] : [text, before, text];
        };
        await publish(writer, upTo(20));
        await gets(ada, upTo(20));
      },
    },
    {
      title: "a client that does not read for a while is sent away, comes back and gets all",
      async play(stage) {
        const lobby = await stage.lobby({ ...QUICK, bridge: { ...QUICK.bridge, maxBufferedBytes: 500_000 } });
        // Past the proxy, which would take what the client does not.
        const ada = await lobby.join("r", { url: lobby.directUrl });
        const big = "x".repeat(60_000);
        // Written by the server's own hand: a client of the same agent would be frozen with it.
        const { io } = await import("socket.io-client");
        const socket = io(lobby.directUrl, { transports: ["websocket"], forceNew: true });
        stage.atEnd(() => Promise.resolve(void socket.disconnect()));
        await socket.emitWithAck("join", { room: "r" });
        stage.agent.freeze();
        try {
          for (const n of upTo(300)) await socket.emitWithAck("publish", { room: "r", data: { n, big } });
          // Of Socket.IO's clients the server looks now and then what waits for them.
          const { sockets } = lobby.world.running.io.of("/");
          await until(() => sockets.size === 1, "the server has sent it away");
        } finally {
          stage.agent.thaw();
        }
        const numbers = (await ada.messages(300)).map((data) => (data as { n: number }).n);
        expect(numbers).to.deep.equal(upTo(300));
        await ada.next("disconnect");
      },
    },
  ],
};
