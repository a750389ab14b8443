import { expect } from "chai";
import { DEFAULT_ROOM } from "../../server/index.js";
import { PROTOCOLS, type TestClient } from "../server/support/clients.js";
import { describeDemo } from "./suite.js";
import { VIEWPORTS } from "./support.js";

const options = { roomSettings: () => ({ ...DEFAULT_ROOM, maxNames: 10 }) };

for (const [where, viewport] of Object.entries(VIEWPORTS)) {
  describeDemo(`the demo page's room of very many, ${where}`, options, { viewport }, (stage) => {
    let crowd: TestClient[];

    /** So many people more come to the room that the page shows: a few at a time, as none is to wait for long. */
    const come = async (count: number): Promise<void> => {
      const one = async (n: number): Promise<void> => {
        const client = PROTOCOLS.bridge.open(stage.server.url);
        crowd.push(client);
        await client.enter(`Person ${n}`);
        await client.ask("join", { room: "lobby" });
      };
      for (let n = 1; n <= count; n += 2) await Promise.all([one(n), one(n + 1)]);
    };
    const go = async (): Promise<void> => {
      await Promise.all(crowd.map((client) => client.ask("leave", { room: "lobby" })));
    };
    beforeEach(() => {
      crowd = [];
    });
    afterEach(() => crowd.forEach((client) => client.close()));

    it("says how many are there, and lists them by page for who asks", async () => {
      await come(58);
      const page = await stage.open();
      await page.see("socketio", ".here-count", "60");
      // On a phone the list has no heading that one could see.
      const isNarrow = viewport.width < 800;
      expect(await page.pane("socketio").locator(".total").isVisible()).to.equal(isNarrow);
      await page.seeCount("socketio", ".member", 0);
      await page.click("socketio", "Show members");
      await page.seeCount("socketio", ".member", 50);
      await page.see("socketio", ".member-name", /^Person 4\d$/);
      await page.click("socketio", "More");
      await page.seeCount("socketio", ".member", 60);
      await page.see("socketio", ".member.self");
      await page.see("socketio", ".members .rest", "Look again");
      expect(await page.count("socketio", ".note", "came")).to.equal(0);
    });

    it("lists all again when it has shrunk, and does not take those for new", async () => {
      const page = await stage.open();
      await page.seeCount("socketio", ".member", 2);
      await come(20);
      await page.see("socketio", ".members .rest", "Show members");
      await page.see("socketio", ".here-count", "22");
      await go();
      await page.seeCount("socketio", ".member", 2);
      await page.see("socketio", ".here-count", "2");
      await page.gone("socketio", ".members .rest");
      expect(await page.count("socketio", ".note", "went")).to.equal(0);
    });
  });
}
