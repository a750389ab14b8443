/** Hostile and unlucky input, on either side: nothing is lost without a word, and what cannot be fails alone. */
import { expect } from "chai";
import type { Server } from "socket.io";
import { until } from "../../support/deadline.js";
import type { Client, Message } from "../client.js";
import type { Theme } from "../scenario.js";

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

/** One byte of binary data, as agents have it. */
const BYTE = { $binary: "AA==" };

const NO_READER = "its messages are given to a function: there is no reader to be slow";
const NOT_THE_BRIDGE = "it speaks no frames of the bridge";

/** Publishes these, one after the other, and takes what comes back to the writer. */
async function publish(writer: Client, data: readonly unknown[]): Promise<void> {
  for (const one of data) await writer.do("publish", { room: "r", data: one });
  await writer.messages(data.length);
}

/** Publishes, each right behind the one before, and without waiting for any. */
function publishAll(writer: Client, data: readonly unknown[]): Promise<unknown>[] {
  return data.map((one) => writer.begin("publish", { room: "r", data: one }).answer);
}

/** The offsets of messages. */
const offsets = (messages: readonly Message[]): number[] => messages.map(({ position }) => position.offset);

export const strain: Theme = {
  title: "Under strain",
  scenarios: [
    {
      title: "recovers messages that hold more binary values together than one packet of Socket.IO",
      async play(stage) {
        const lobby = await stage.lobby();
        const writer = await lobby.writer("r");
        const data = [...upTo(11).map((n) => [n, BYTE]), Array.from({ length: 10 }, () => BYTE), [BYTE]];
        await publish(writer, data);
        const { messages } = await writer.do("history", { room: "r" });
        const [first] = messages;
        const ada = await lobby.enter();
        const epoch = first?.position.epoch ?? "";
        expect((await ada.do("join", { room: "r", since: { epoch, offset: 0 } })).recovered).to.equal(true);
        expect(await ada.messages(data.length)).to.deep.equal(data);
      },
    },
    {
      title: "refuses at once and alone what cannot be sent, and goes on with what is behind it",
      async play(stage) {
        const lobby = await stage.lobby();
        const ada = await lobby.join("r");
        const [large, many, placeholder, good] = publishAll(ada, [
          "x".repeat(100_000),
          Array.from({ length: 11 }, () => BYTE),
          [{ _placeholder: true, num: 0 }, BYTE],
          "good",
        ]);
        const codeOf = (answer: Promise<unknown> | undefined): Promise<unknown> =>
          answer?.then(
            () => "published",
            (error: unknown) => (error as { code?: unknown }).code,
          ) ?? Promise.resolve("none");
        expect(await codeOf(large)).to.equal("message_too_large");
        expect(await codeOf(many)).to.equal("invalid_argument");
        expect(await codeOf(placeholder)).to.equal("invalid_argument");
        await good;
        expect(await ada.messages(1)).to.deep.equal(["good"]);
      },
    },
    {
      title: "gives up a message that something on the way does not take, and the session lives",
      async play(stage) {
        const lobby = await stage.lobby();
        const wire = await stage.wire(lobby.directUrl);
        const ada = await lobby.join("r", { url: wire.url });
        wire.up = (text) => {
          if (text.length <= 20_000) return [text];
          wire.closeWith(1009);
          return [];
        };
        const large = ada.begin("publish", { room: "r", data: "x".repeat(30_000) }).answer;
        const small = ada.begin("publish", { room: "r", data: "behind it" }).answer;
        const error = await large.then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect((error as { code?: unknown } | undefined)?.code).to.equal("message_too_large");
        await small;
        expect(await ada.messages(1)).to.deep.equal(["behind it"]);
      },
    },
    {
      title: "paces a backlog that is larger than the server takes at once",
      not: { "socket.io-client": "its protocol tells no pace" },
      async play(stage) {
        const got: unknown[] = [];
        const count = (io: Server): void => {
          io.on("connection", (socket) => socket.on("n", (n: unknown) => got.push(n)));
        };
        const app = await stage.app(count, { bridge: { maxMessagesPerSecond: 100 } });
        const client = await app.client();
        const connecting = client.begin("connect").answer;
        for (const n of upTo(400)) await client.do("emit", { name: "n", args: [n] });
        await connecting;
        await until(() => got.length === 400, "all have come");
        expect(got).to.deep.equal(upTo(400));
        expect(client.take("disconnected")).to.deep.equal([]);
      },
    },
    {
      title: "what it emits before it disconnects is handled",
      not: {
        "socket.io-client": "Socket.IO ignores what arrives in one read with the packet that disconnects",
      },
      async play(stage) {
        const got: unknown[] = [];
        const app = await stage.app((io) => {
          io.on("connection", (socket) => socket.on("n", (n: unknown) => got.push(n)));
        });
        const { client } = await app.enter();
        for (const n of upTo(10)) await client.do("emit", { name: "n", args: [n] });
        await client.do("disconnect");
        await until(() => got.length === 10, "all have come");
        expect(got).to.deep.equal(upTo(10));
      },
    },
    {
      title: "has a room's newest messages with the join, with no gap and none twice to what comes live",
      async play(stage) {
        const lobby = await stage.lobby();
        const writer = await lobby.writer("r");
        await publish(writer, upTo(20));
        const publishing = publishAll(writer, upTo(40));
        const ada = await lobby.enter();
        const { history, position } = await ada.do("join", { room: "r", history: 5 });
        expect(history?.more).to.equal(true);
        const end = position.offset;
        expect(offsets(history?.messages ?? [])).to.deep.equal(upTo(5).map((n) => end - 4 + n));
        await Promise.all(publishing);
        await writer.messages(40);
        const live: number[] = [];
        while (live.length < 60 - end) live.push((await ada.message()).position.offset);
        expect(live).to.deep.equal(upTo(60 - end).map((n) => end + 1 + n));
      },
    },
    {
      title: "hears that another connection has taken its device, and has its inbox again when that one goes",
      async play(stage) {
        const lobby = await stage.lobby();
        const token = await lobby.world.token("ada");
        const ben = await lobby.enter({ token: await lobby.world.token("ben") });
        const first = await lobby.join("r", { token, device: "tab" });
        await first.do("inbox");
        const second = await lobby.join("r", { token, device: "tab" });
        expect(await first.next("device")).to.include({ taken: true });
        await second.do("inbox");
        await ben.do("send", { to: "ada", data: "one" });
        expect((await second.next("item"))["item"]).to.include({ data: "one" });
        await first.do("publish", { room: "r", data: "both hear it" });
        for (const client of [first, second])
          expect(await client.messages(1)).to.deep.equal(["both hear it"]);
        await second.do("close");
        expect(await first.next("device")).to.include({ taken: false });
        await ben.do("send", { to: "ada", data: "two" });
        expect((await first.next("item"))["item"]).to.include({ data: "two" });
        const { members, count } = await ben
          .do("join", { room: "r" })
          .then(() => ben.do("members", { room: "r" }));
        expect(count).to.equal(2);
        expect(members.find(({ user }) => user === "ada")?.devices).to.have.length(1);
      },
    },
    {
      title: "sends what was accepted before it closes, and says how much was not",
      async play(stage) {
        const lobby = await stage.lobby();
        const reader = await lobby.writer("r");
        const ada = await lobby.join("r");
        const published = publishAll(ada, upTo(50));
        expect(await ada.do("close", { timeout: 8_000 })).to.deep.equal({ unsent: 0 });
        await Promise.all(published);
        expect(await reader.messages(50)).to.deep.equal(upTo(50));
        ada.forget("message");
      },
    },
    {
      title: "a reader that is slower than what comes loses nothing without a word",
      not: { "socket.io-client": NO_READER, typescript: NO_READER },
      async play(stage) {
        const lobby = await stage.lobby({ limits: { messagesPerSecond: 10_000 } });
        const writer = await lobby.writer("r");
        const ada = await lobby.join("r", { maxUnread: 10 });
        await ada.do("pause", { room: "r" });
        await publish(writer, upTo(120));
        lobby.cut();
        await publish(writer, upTo(120));
        await ada.do("resume", { room: "r" });
        expect(await ada.messages(240)).to.deep.equal([...upTo(120), ...upTo(120)]);
        expect(await ada.do("position", { room: "r" })).to.include({ offset: 240 });
      },
    },
    {
      title: "lives on whatever a broken server says",
      not: { "socket.io-client": NOT_THE_BRIDGE },
      async play(stage) {
        const lobby = await stage.lobby();
        const writer = await lobby.writer("r");
        const wire = await stage.wire(lobby.directUrl);
        const ada = await lobby.join("r", { url: wire.url });
        const nested = (depth: number): string =>
          "[".repeat(depth) + '{"$binary":"AA=="}' + "]".repeat(depth);
        for (const frame of [
          "",
          "nonsense",
          "null",
          "[]",
          '{"type":7}',
          '{"type":"event","event":"message","args":7}',
          '{"type":"ack","id":99,"args":[null]}',
          `{"type":"event","event":"message","args":[${nested(5_000)}]}`,
          ...[
            "message",
            "presence",
            "signal",
            "inbox",
            "session_end",
            "token_expiring",
            "device_taken",
          ].flatMap((event) =>
            ["null", "7", "[]", "{}", '{"room":"r"}'].map(
              (payload) => `{"type":"event","event":"${event}","args":[${payload}]}`,
            ),
          ),
        ]) {
          wire.inject(frame);
        }
        ada.forget("end");
        await publish(writer, ["still there"]);
        const seen: unknown[] = [];
        while (seen.at(-1) !== "still there") seen.push((await ada.message()).data);
        ada.forget("signal");
        ada.forget("device");
        ada.forget("item");
      },
    },
    {
      title: "hears that items of its inbox were dropped, as it was away for too long",
      async play(stage) {
        const lobby = await stage.lobby({ limits: { inboxItems: 5 } });
        const token = await lobby.world.token("ada");
        const ben = await lobby.enter({ token: await lobby.world.token("ben") });
        const phone = await lobby.enter({ token, device: "phone" });
        await phone.do("inbox");
        await phone.do("background");
        await phone.next("disconnect");
        const laptop = await lobby.enter({ token, device: "laptop" });
        await laptop.do("inbox");
        for (const n of upTo(12)) {
          await ben.do("send", { to: "ada", data: n });
          expect((await laptop.next("item"))["item"]).to.include({ data: n });
        }
        await phone.do("foreground");
        await phone.next("inbox_lost");
        for (let last: unknown; last !== 11;)
          last = ((await phone.next("item"))["item"] as { data: unknown }).data;
      },
    },
    {
      title: "is the same guest, and misses nothing, though the server's clock is set back",
      async play(stage) {
        const lobby = await stage.lobby();
        const writer = await lobby.writer("r");
        const ada = await lobby.join("r");
        const { user } = await ada.do("ready");
        lobby.world.set(-3_600_000);
        const published = publish(writer, upTo(5));
        lobby.cut();
        await published;
        expect(await ada.messages(5)).to.deep.equal(upTo(5));
        expect((await ada.do("ready")).user).to.equal(user);
      },
    },
  ],
};
