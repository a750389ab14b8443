/** A publish that was acked is in the log, once, whatever happened on the way. */
import { expect } from "chai";
import type { RoomMessage } from "../../../server/index.js";
import { failureOf } from "../client.js";
import type { Theme } from "../scenario.js";

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

export const publishing: Theme = {
  title: "Publishing",
  scenarios: [
    {
      title: "a publish whose ack is lost is made again, and is in the log once",
      async play(stage) {
        const lobby = await stage.lobby();
        const wire = await stage.wire(lobby.directUrl);
        const ada = await lobby.join("r", { url: wire.url });
        let swallowed = 0;
        wire.down = (text) => {
          if (!text.includes('"duplicate"') || swallowed >= 3) return [text];
          swallowed++;
          // Once by silence, twice by a cut.
          if (swallowed > 1) wire.cut();
          return [];
        };
        for (const n of upTo(4)) await ada.do("publish", { room: "r", data: n });
        expect(swallowed).to.equal(3);
        expect(await ada.messages(4)).to.deep.equal(upTo(4));
        expect((await lobby.log(ada, "r")).map(({ data }) => data)).to.deep.equal(upTo(4));
      },
    },
    {
      title: "what is published while away is published on return, in order",
      async play(stage) {
        const lobby = await stage.lobby();
        const ada = await lobby.join("r");
        await ada.do("background");
        const all = upTo(20).map((n) => ada.begin("publish", { room: "r", data: n }).answer);
        await ada.do("foreground");
        const offsets = (await Promise.all(all)).map(({ position }) => position.offset);
        expect(offsets).to.deep.equal(upTo(20).map((n) => n + 1));
        expect(await ada.messages(20)).to.deep.equal(upTo(20));
      },
    },
    {
      title: "what is published under cuts is in the log once and in order",
      async play(stage) {
        const lobby = await stage.lobby({ limits: { messagesPerSecond: 10_000 } });
        const ada = await lobby.join("r");
        const all = upTo(200).map((n) => ada.begin("publish", { room: "r", data: n }).answer);
        for (const n of [20, 60, 110, 160]) {
          await all[n];
          lobby.cut();
        }
        await Promise.all(all);
        expect(await ada.messages(200)).to.deep.equal(upTo(200));
        expect((await lobby.log(ada, "r")).map(({ data }) => data)).to.deep.equal(upTo(200));
      },
    },
    {
      title: "what the application's backend sends comes as the server's, or as who it is sent as",
      async play(stage) {
        const lobby = await stage.lobby();
        const ada = await lobby.join("r", { token: await lobby.world.token("ada"), device: "phone" });
        const { running } = lobby.world;
        const server = { sid: "server", transport: "server" };
        await running.publish("r", 1);
        await running.publish("r", 2, { as: { user: "ben", name: "Ben" } });
        const heard = [await ada.next("message"), await ada.next("message")].map(
          (report) => report["message"] as RoomMessage,
        );
        expect(heard.map(({ data, from }) => [data, from])).to.deep.equal([
          [1, { user: "server", name: "server", ...server }],
          [2, { user: "ben", name: "Ben", ...server }],
        ]);
        await ada.do("inbox");
        await running.send("ada", "for you");
        const item = (await ada.next("item"))["item"] as RoomMessage;
        expect([item.data, item.from]).to.deep.equal([
          "for you",
          { user: "server", name: "server", ...server },
        ]);
      },
    },
    {
      title: "the same id again gives the first result, and is delivered once",
      async play(stage) {
        const lobby = await stage.lobby();
        const ada = await lobby.join("r");
        const publish = { room: "r", data: "first", messageId: "the-same" };
        const first = await ada.do("publish", publish);
        expect(await ada.do("publish", { ...publish, data: "second" })).to.deep.equal(first);
        expect(await ada.messages(1)).to.deep.equal(["first"]);
        expect(await lobby.log(ada, "r")).to.have.length(1);
      },
    },
    {
      title: "waits and tries again where the server cannot take it now",
      async play(stage) {
        const lobby = await stage.lobby({ limits: { messagesPerSecond: 8 } });
        const ada = await lobby.join("r");
        await Promise.all(upTo(20).map((n) => ada.do("publish", { room: "r", data: n })));
        expect(await ada.messages(20)).to.deep.equal(upTo(20));
      },
    },
    {
      title: "one that is cancelled does not hold up the next ones",
      async play(stage) {
        const lobby = await stage.lobby();
        const ada = await lobby.join("r");
        await ada.do("background");
        const [first, second, third] = ["first", "second", "third"].map((data) =>
          ada.begin("publish", { room: "r", data }),
        );
        await ada.do("cancel", { target: second?.id });
        expect((await failureOf(second!.answer, "the cancelled publish")).code).to.equal("aborted");
        await ada.do("foreground");
        await Promise.all([first?.answer, third?.answer]);
        expect(await ada.messages(2)).to.deep.equal(["first", "third"]);
        expect(await lobby.log(ada, "r")).to.have.length(2);
      },
    },
    {
      title: "refuses more than may wait, to its caller",
      async play(stage) {
        const lobby = await stage.lobby();
        const ada = await lobby.join("r", { maxPending: 5 });
        await ada.do("background");
        const waiting = upTo(5).map((n) => ada.begin("publish", { room: "r", data: n }).answer);
        expect((await ada.failure("publish", { room: "r", data: 5 })).code).to.equal("too_many_pending");
        await ada.do("foreground");
        await Promise.all(waiting);
        expect(await ada.messages(5)).to.deep.equal(upTo(5));
        await ada.do("publish", { room: "r", data: "again" });
        await ada.message();
      },
    },
    {
      title: "what waits when it is closed fails, and says so",
      async play(stage) {
        const lobby = await stage.lobby();
        const ada = await lobby.join("r");
        await ada.do("background");
        const { answer } = ada.begin("publish", { room: "r", data: 1 });
        await ada.do("close");
        expect((await failureOf(answer, "the publish")).code).to.equal("closed");
        const ben = await lobby.join("r");
        expect(await lobby.log(ben, "r")).to.deep.equal([]);
      },
    },
  ],
};
