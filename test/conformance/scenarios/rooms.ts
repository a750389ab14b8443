/** Rooms: messages, members, signals, history. */
import { expect } from "chai";
import { isDeepStrictEqual } from "node:util";
import { createPolicy, DEFAULT_ROOM, type Policy } from "../../../server/index.js";
import { until } from "../../support/deadline.js";
import { type Client, eventually } from "../client.js";
import type { Theme } from "../scenario.js";

const ALL = { join: true, publish: true, presence: true, history: true };

const namedUpTo = (maxNames: number) => () => ({ ...DEFAULT_ROOM, maxNames });

/** Waits until a client has these members of a room, or so many of one that is counted. */
function seen(client: Client, expected: string[] | number, counted: boolean): Promise<void> {
  const names = typeof expected === "number" ? [] : expected;
  const count = typeof expected === "number" ? expected : expected.length;
  return eventually(
    async () => {
      const has = await client.do("members", { room: "r" });
      const found = has.members.map(({ name }) => name).toSorted();
      return isDeepStrictEqual([found, has.count, has.counted], [names, count, counted]);
    },
    `${client.agent.title} sees ${JSON.stringify(expected)}`,
  );
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

export const rooms: Theme = {
  title: "Rooms",
  scenarios: [
    {
      title: "a message reaches everybody in the room, the publisher too, and nobody else",
      async play(stage) {
        const lobby = await stage.lobby();
        const ada = await lobby.join("r", { name: "Ada" });
        const ben = await lobby.join("r", { name: "Ben" });
        await lobby.join("elsewhere", { name: "Eve" });
        const data = { text: "hello", n: [1, 2.5, null], $: { bytes: { $binary: "AAEC" } } };
        const kept = await ada.do("publish", { room: "r", data, messageId: "m1" });
        expect(kept.id).to.equal("m1");
        const message = await ben.message("r");
        expect(await ada.message("r")).to.deep.equal(message);
        expect(message.data).to.deep.equal(data);
        expect(message.position).to.deep.equal(kept.position);
        expect(message.at).to.equal(kept.at);
        expect(message.from).to.include({ name: "Ada", user: (await ada.do("ready")).user });
      },
    },
    {
      title: "messages come in the room's order, whoever publishes",
      async play(stage) {
        const lobby = await stage.lobby({ limits: { messagesPerSecond: 10_000 } });
        const ada = await lobby.join("r");
        const ben = await lobby.join("r");
        const all = upTo(50).flatMap((n) =>
          [ada, ben].map((client) => client.do("publish", { room: "r", data: `${client.name} ${n}` })),
        );
        await Promise.all(all);
        const seen = await ada.messages(100);
        expect(await ben.messages(100)).to.deep.equal(seen);
        for (const { name } of [ada, ben]) {
          expect(seen.filter((data) => String(data).startsWith(`${name} `))).to.deep.equal(
            upTo(50).map((n) => `${name} ${n}`),
          );
        }
      },
    },
    {
      title: "what one leaves says nothing any more",
      async play(stage) {
        const lobby = await stage.lobby();
        const ada = await lobby.join("r");
        const ben = await lobby.join("r");
        await ben.do("leave", { room: "r" });
        await ada.do("publish", { room: "r", data: "unheard" });
        await ada.message("r");
        expect((await ben.failure("publish", { room: "r", data: 1 })).code).to.equal("not_joined");
        await ben.do("join", { room: "r" });
        await ada.do("publish", { room: "r", data: "heard" });
        expect(await ben.messages(1)).to.deep.equal(["heard"]);
        await ada.message("r");
      },
    },
    {
      title: "knows who is there: by user, with their devices",
      async play(stage) {
        const lobby = await stage.lobby({ presenceGrace: 50 });
        const token = await lobby.world.token("ben");
        const ada = await lobby.join("r", { name: "Ada" });
        const first = await lobby.join("r", { token, device: "phone" });
        const second = await lobby.join("r", { token, device: "desk" });
        const names = async (): Promise<unknown[]> => {
          const { members, count } = await ada.do("members", { room: "r" });
          expect(count).to.equal(members.length);
          return members.map(({ user, devices }) => (user === "ben" ? devices.map(({ id }) => id) : "ada"));
        };
        const are = (expected: unknown[]): Promise<void> =>
          eventually(
            async () => JSON.stringify(await names()) === JSON.stringify(expected),
            `${stage.agent.title} sees ${JSON.stringify(expected)}`,
          );
        await are(["ada", ["phone", "desk"]]);
        await first.do("leave", { room: "r" });
        await are(["ada", ["desk"]]);
        await second.do("close");
        await are(["ada"]);
        await ada.next("presence");
      },
    },
    {
      title: "sees all of those who come at once, oneself too, and who goes",
      async play(stage) {
        const lobby = await stage.lobby();
        const clients = await Promise.all(
          ["Ada", "Ben", "Cid", "Dan"].map((name) => lobby.enter({ name, url: lobby.directUrl })),
        );
        const [ada, ben, ...others] = clients;
        await Promise.all(clients.map((client) => client.do("join", { room: "r" })));
        for (const client of clients) await seen(client, ["Ada", "Ben", "Cid", "Dan"], false);
        await Promise.all([ada, ben].map((client) => client!.do("leave", { room: "r" })));
        for (const client of others) await seen(client, ["Cid", "Dan"], false);
      },
    },
    {
      title: "is told how many are in a room too large to be named, and all names when it has shrunk",
      async play(stage) {
        const lobby = await stage.lobby({ roomSettings: namedUpTo(3) });
        const ada = await lobby.join("r", { name: "Ada" });
        const others: Client[] = [];
        for (const name of ["Ben", "Cid"]) others.push(await lobby.join("r", { name }));
        await seen(ada, ["Ada", "Ben", "Cid"], false);
        others.push(await lobby.join("r", { name: "Dan" }));
        await seen(ada, 4, true);
        // Who comes to a counted room is told the number from the beginning.
        await seen(others[2]!, 4, true);
        await others[0]!.do("leave", { room: "r" });
        await seen(ada, 3, true);
        await others[1]!.do("leave", { room: "r" });
        for (const client of [ada, others[2]!]) await seen(client, ["Ada", "Dan"], false);
        await lobby.join("r", { name: "Eve" });
        await seen(ada, ["Ada", "Dan", "Eve"], false);
      },
    },
    {
      title: "reads who is in a counted room page by page",
      async play(stage) {
        const lobby = await stage.lobby({ roomSettings: namedUpTo(3) });
        const names = ["Ada", "Ben", "Cid", "Dan", "Eve"];
        const clients: Client[] = [];
        for (const name of names) clients.push(await lobby.join("r", { name }));
        const ada = clients[0]!;
        const first = await ada.do("list_members", { room: "r", limit: 2 });
        expect([first.members.map(({ name }) => name), first.count, first.more]).to.deep.equal([
          ["Ada", "Ben"],
          5,
          true,
        ]);
        const rest = await ada.do("list_members", { room: "r", after: first.members[1]?.user });
        expect([rest.members.map(({ name }) => name), rest.more]).to.deep.equal([
          ["Cid", "Dan", "Eve"],
          false,
        ]);
        expect(rest.members[0]?.devices).to.have.length(1);
        const all = await ada.do("list_members", { room: "r" });
        expect(all.members).to.deep.equal([...first.members, ...rest.members]);
        await ada.do("leave", { room: "r" });
        expect((await ada.failure("list_members", { room: "r" })).code).to.equal("not_joined");
      },
    },
    {
      title: "leaves a counted room that a newer token does not open, as any other",
      async play(stage) {
        const policy: Policy = {
          rights: ({ claims }) => ({ ...ALL, join: claims["team"] !== "blue" }),
          maySend: () => true,
        };
        const lobby = await stage.lobby({ roomSettings: namedUpTo(1), policy });
        await lobby.join("r", { name: "Ben" });
        const ada = await lobby.client({ token: "ask" });
        const give = async (token: string): Promise<void> => {
          const { key } = await ada.next("ask");
          await ada.do("give", { key, value: token });
        };
        const ready = ada.begin("ready");
        await give(await lobby.world.token("ada", { claims: { team: "red" }, seconds: 20 }));
        await ready.answer;
        await ada.do("join", { room: "r" });
        await seen(ada, 2, true);
        // Less than a minute is left: the client asks at once for a newer one.
        await give(await lobby.world.token("ada", { claims: { team: "blue" } }));
        expect((await ada.next("left", { room: "r" }))["error"]).to.include({ code: "forbidden" });
      },
    },
    {
      title: "signals reach those who are there, and are not kept",
      async play(stage) {
        const lobby = await stage.lobby();
        const ada = await lobby.join("r", { name: "Ada" });
        const ben = await lobby.join("r");
        const say = () => ada.do("signal", { room: "r", data: { typing: true } });
        await say();
        const heard = ben.next("signal", { room: "r" });
        // Who is between two polls when it is said does not hear it: it is said again, as one who types goes on typing.
        const again = stage.transport === "polling" ? setInterval(() => void say(), 100) : undefined;
        const signal = (await heard.finally(() => clearInterval(again)))["signal"] as {
          data: unknown;
          from: { name: string };
        };
        expect(signal.data).to.deep.equal({ typing: true });
        expect(signal.from.name).to.equal("Ada");
        expect((await ben.do("history", { room: "r" })).messages).to.deep.equal([]);
        if (again !== undefined) ben.forget("signal");
      },
    },
    {
      title: "history is read page by page, both ways",
      async play(stage) {
        const lobby = await stage.lobby({ limits: { messagesPerSecond: 10_000 } });
        const ada = await lobby.join("r");
        for (const n of upTo(25)) await ada.do("publish", { room: "r", data: n });
        await ada.messages(25);
        const newest = await ada.do("history", { room: "r", limit: 10 });
        expect(newest.messages.map(({ data }) => data)).to.deep.equal(upTo(25).slice(15));
        expect(newest.more).to.equal(true);
        const before = await ada.do("history", {
          room: "r",
          limit: 100,
          before: newest.messages[0]?.position,
        });
        expect(before.messages.map(({ data }) => data)).to.deep.equal(upTo(15));
        expect(before.more).to.equal(false);
        const after = await ada.do("history", { room: "r", limit: 5, after: before.messages[2]?.position });
        expect(after.messages.map(({ data }) => data)).to.deep.equal([3, 4, 5, 6, 7]);
        const error = await ada.failure("history", { room: "r", after: { epoch: "another", offset: 1 } });
        expect(error.code).to.equal("unknown_position");
      },
    },
    {
      title: "a refusal has its code, its message, and whether it is of use to try again",
      async play(stage) {
        const policy = createPolicy({
          rooms: [
            { pattern: "read-only", allow: { join: "everyone", publish: "nobody" } },
            { pattern: "closed", allow: { join: "nobody" } },
            { pattern: "*", allow: { join: "everyone" } },
          ],
          send: "everyone",
        });
        const lobby = await stage.lobby({ policy, limits: { messageBytes: 1_000 } });
        const ada = await lobby.join("r");
        const join = await ada.failure("join", { room: "closed" });
        expect([join.code, join.retryable]).to.deep.equal(["forbidden", false]);
        expect(join.message).to.not.equal("");
        await ada.do("join", { room: "read-only" });
        expect((await ada.failure("publish", { room: "read-only", data: 1 })).code).to.equal("forbidden");
        const large = await ada.failure("publish", { room: "r", data: "x".repeat(2_000) });
        expect(large.code).to.equal("message_too_large");
        expect((await ada.failure("join", { room: "" })).code).to.equal("invalid_argument");
        await ada.do("publish", { room: "r", data: "fits" });
        expect(await ada.messages(1)).to.deep.equal(["fits"]);
      },
    },
    {
      title: "tells a room's state: detached, joining, joined, and detached again when left or refused",
      async play(stage) {
        let isOpen = true;
        const rights = () => ({ join: isOpen, publish: true, presence: true, history: true });
        const lobby = await stage.lobby({ policy: { rights, maySend: () => true } });
        const wire = await stage.wire(lobby.directUrl);
        const ada = await lobby.enter({ url: wire.url });
        const state = () => ada.do("state", { room: "r" });
        expect(await state()).to.equal("detached");
        const held: string[] = [];
        wire.down = (text) => {
          held.push(text);
          return [];
        };
        const joining = ada.begin("join", { room: "r" }).answer;
        await until(() => held.some((text) => text.includes('"members"')), "the join is answered");
        expect(await state()).to.equal("joining");
        wire.down = (text) => [text];
        for (const text of held) wire.inject(text);
        await joining;
        expect(await state()).to.equal("joined");
        await ada.do("leave", { room: "r" });
        expect(await state()).to.equal("detached");
        isOpen = false;
        expect((await ada.failure("join", { room: "r" })).code).to.equal("forbidden");
        expect(await state()).to.equal("detached");
        isOpen = true;
        await ada.do("join", { room: "r" });
        isOpen = false;
        wire.cut();
        expect((await ada.next("left", { room: "r" }))["error"]).to.include({ code: "forbidden" });
        expect(await state()).to.equal("detached");
      },
    },
    {
      title: "may be in many rooms at a time",
      async play(stage) {
        const lobby = await stage.lobby();
        const ada = await lobby.enter();
        const names = upTo(20).map((n) => `room ${n}`);
        await Promise.all(names.map((room) => ada.do("join", { room })));
        await Promise.all(names.map((room) => ada.do("publish", { room, data: room })));
        for (const room of names) expect(await ada.messages(1, room)).to.deep.equal([room]);
      },
    },
  ],
};
