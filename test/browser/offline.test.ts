import { expect } from "chai";
import { io, type Socket } from "socket.io-client";
import type { Ack } from "../../server/api/types.js";
import { describeDemo } from "./suite.js";
import { type DemoPage, SIDES, VIEWPORTS } from "./support.js";

/** Publishes numbered messages to a room, one after the other. */
async function fill(url: string, room: string, count: number): Promise<void> {
  const socket: Socket = io(url, { transports: ["websocket"], auth: { name: "Filler" }, forceNew: true });
  const call = async (event: string, argument: object): Promise<void> => {
    const answer = (await socket.timeout(5_000).emitWithAck(event, argument)) as Ack;
    expect(answer.ok, JSON.stringify(answer)).to.be.true;
  };
  await call("join", { room });
  for (let number = 1; number <= count; number++) await call("publish", { room, data: `message ${number}` });
  socket.disconnect();
}

const bodies = (page: DemoPage, side: (typeof SIDES)[number]): Promise<string[]> =>
  page.texts(side, ".messages .body");

for (const [where, viewport] of Object.entries(VIEWPORTS)) {
  describeDemo(`the demo page offline and back, ${where}`, {}, { viewport }, (stage) => {
    for (const [away, other] of [SIDES, [...SIDES].reverse()] as const) {
      if (away === undefined || other === undefined) throw new Error("there are two sides");

      it(`shows what was missed, and marks it (${away})`, async () => {
        const page = await stage.open();
        await page.say(other, "before");
        await page.see(away, ".message", "before");
        await page.click(away, "Go offline");
        await page.see(away, ".state[data-state=offline]");
        await page.see(away, ".offline-note", "No network");
        for (const text of ["one", "two", "three"]) await page.say(other, text);
        await page.see(other, ".message", "three");
        expect(await bodies(page, away)).to.deep.equal(["before"]);
        await page.click(away, "Go online");
        await page.see(away, ".divider", "3 messages while you were away");
        await page.see(away, ".message", "three");
        expect(await bodies(page, away)).to.deep.equal(["before", "one", "two", "three"]);
      });

      it(`has what is written meanwhile wait, and sends it once (${away})`, async () => {
        const page = await stage.open();
        await page.click(away, "Go offline");
        await page.see(away, ".state[data-state=offline]");
        for (const text of ["first", "second"]) await page.say(away, text);
        await page.see(away, ".message .status", "waiting to be sent");
        await page.say(other, "from the other");
        await page.see(other, ".message", "from the other");
        expect(await page.count(other, ".message", "first")).to.equal(0);
        await page.click(away, "Go online");
        await page.see(other, ".message", "second");
        await page.gone(away, ".message .status");
        for (const side of SIDES) {
          expect(await bodies(page, side)).to.deep.equal(["from the other", "first", "second"]);
        }
      });

      it(`gets the inbox when it is back (${away})`, async () => {
        const page = await stage.open();
        await page.signIn(away, "Ben");
        await page.click(away, "Go offline");
        await page.writeTo(other, "demo-ben", "read this later");
        await page.see(other, ".message .status", "in their inbox");
        expect(await page.count(away, ".people button")).to.equal(0);
        await page.click(away, "Go online");
        await page.see(away, ".inbox-unread", "1");
        await page.see(other, ".message .status", "delivered");
      });
    }

    it("sends what waited over a reload, once", async () => {
      const page = await stage.open();
      await page.click("bridge", "Go offline");
      await page.say("bridge", "held");
      await page.see("bridge", ".message .status", "waiting to be sent");
      await page.reload();
      await page.see("socketio", ".message", "held");
      await page.gone("bridge", ".message .status");
      for (const side of SIDES) expect(await bodies(page, side)).to.deep.equal(["held"]);
    });

    it("is where it was after a reload, and marks what came in other rooms", async () => {
      const page = await stage.open();
      await page.addRoom("bridge", "attic");
      await page.say("bridge", "seen");
      await page.see("bridge", ".message", "seen");
      await page.click("bridge", "lobby");
      await page.see("bridge", ".place-name", "lobby");
      await page.page.goto("about:blank");
      await fill(stage.server.url, "attic", 2);
      await page.page.goBack();
      await page.see("bridge", ".rooms .count", /^2/);
      await page.click("bridge", /attic/);
      await page.see("bridge", ".divider", "2 messages while you were away");
      expect(await bodies(page, "bridge")).to.deep.equal(["seen", "message 1", "message 2"]);
    });

    it("loads what was before when one scrolls up, keeps one's place, and finds the beginning", async () => {
      await fill(stage.server.url, "lobby", 75);
      const page = await stage.open();
      await page.see("bridge", ".message", "message 75");
      const list = page.pane("bridge").locator(".messages");
      await page.gone("bridge", ".message", /^message 20$/);
      const topOf = (text: string): Promise<number> =>
        page.page.evaluate((text) => {
          const found = [...document.querySelectorAll("#bridge-pane .body")].find(
            (one) => one.textContent === text,
          );
          return found?.getBoundingClientRect().top ?? NaN;
        }, text);
      expect(await page.count("bridge", ".message")).to.equal(30);
      await list.evaluate((element) => (element.scrollTop = 1));
      const before = await topOf("message 46");
      await page.pane("bridge").locator(".message").nth(59).waitFor();
      expect(await topOf("message 46")).to.be.closeTo(before, 1);
      await list.evaluate((element) => (element.scrollTop = 1));
      await page.see("bridge", ".note", "The room begins here");
      await list.evaluate((element) => (element.scrollTop = 0));
      const expected = Array.from({ length: 75 }, (_, index) => `message ${index + 1}`);
      expect(await bodies(page, "bridge")).to.deep.equal(expected);

      await page.say("socketio", "news");
      await page.see("bridge", ".message", "news");
      expect(await list.evaluate((element) => element.scrollTop)).to.equal(0);
      await page.click("bridge", "↓ Newest");
      await page.gone("bridge", ".newest");
    });
  });
}
