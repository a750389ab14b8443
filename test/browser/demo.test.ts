import { expect } from "chai";
import { ServerProcess } from "../server/support/child.js";
import { describeWith } from "../support/machine.js";
import { describeDemo } from "./suite.js";
import { DemoPage, launch, SIDES, VIEWPORTS } from "./support.js";

for (const [where, viewport] of Object.entries(VIEWPORTS)) {
  describeDemo(`the demo page's rooms, ${where}`, {}, { viewport }, ({ open }) => {
    it("carry messages between two browsers, from either protocol to either", async () => {
      const [one, two] = [await open(), await open()];
      for (const side of SIDES) {
        const text = `from ${side} of one`;
        await one.say(side, text);
        for (const to of SIDES) {
          await two.see(to, ".message .body", text);
          await two.see(to, `.message[data-side=${side}] .badge`);
          await one.see(to, to === side ? ".message.own .body" : ".message:not(.own) .body", text);
        }
      }
    });

    it("are several: what comes in another one than is shown is marked, until one goes there", async () => {
      const page = await open();
      for (const side of SIDES) await page.addRoom(side, "engine room");
      await page.click("bridge", "lobby");
      await page.see("bridge", ".place-name", "lobby");
      for (const text of ["one", "two"]) await page.say("socketio", text);
      await page.see("bridge", ".rooms .count", /^2/);
      expect(await page.count("bridge", ".message")).to.equal(0);
      await page.click("bridge", /engine room/);
      await page.see("bridge", ".message .body", "two");
      await page.gone("bridge", ".rooms .count");
    });

    it("can be left", async () => {
      const page = await open();
      for (const side of SIDES) await page.addRoom(side, "attic");
      await page.seeCount("socketio", ".member", 2);
      await page.click("socketio", "Leave");
      await page.see("socketio", ".place-name", "lobby");
      expect(await page.texts("socketio", ".rooms .place-text")).to.deep.equal(["lobby"]);
      await page.see("bridge", ".note", "went");
    });

    it("are in the URL: a link leads into the same one", async () => {
      const one = await open("/#first");
      const two = await open("/#second%20room");
      await two.see("bridge", ".place-name", "second room");
      await one.say("bridge", "only in the first");
      await one.see("socketio", ".message", "only in the first");
      await one.addRoom("bridge", "second room");
      expect(new URL(one.page.url()).hash).to.equal("#second%20room");
      await one.see("socketio", ".place-name", "first");
      await one.say("bridge", "now in the second");
      await two.see("socketio", ".message", "now in the second");
      expect(await two.count("socketio", ".message", "only in the first")).to.equal(0);
      await two.page.evaluate(() => (location.hash = "third"));
      for (const side of SIDES) await two.see(side, ".place-name", "third");
    });

    it("show markup as text", async () => {
      const page = await open();
      const markup = '<img src="x" onerror="document.title=1"><script>document.title=2</script>';
      await page.say("socketio", markup);
      await page.see("bridge", ".message .body", markup);
      expect(await page.page.locator(".message img, .message script").count()).to.equal(0);
      expect(await page.page.title()).to.equal("Crossroom");
    });
  });
}

describeDemo("the demo page's wire", { bridge: { pingInterval: 200 } }, {}, ({ open }) => {
  it("shows the real frames of both connections: handshake, text, close, and their sizes", async () => {
    const page = await open();
    for (const side of SIDES) {
      await page.see(side, ".frame[data-kind=handshake] .payload", "101 Switching Protocols");
      await page.say(side, "Hello");
      await page.see(side, ".frame[data-kind=text][data-way=up] .payload", "publish");
      await page.see(side, ".frame[data-kind=text][data-way=down] .payload", "Hello");
      await page.click(side, "Go offline");
      await page.see(side, ".frame[data-kind=close]");
      await page.see(side, ".frame[data-kind=end]");
    }
    const sent = page.pane("bridge").locator(".frame[data-way=up]", { hasText: "publish" });
    const payload = (await sent.locator(".payload").textContent()) ?? "";
    const header = payload.length < 126 ? 6 : 8;
    expect(await sent.locator(".size").textContent()).to.equal(`${header}+${payload.length} B`);
    await page.click("bridge", "Pretty");
    await page.see("bridge", ".frame .payload", '{\n  "type": "event"');
    await page.click("bridge", "Clear");
    await page.see("bridge", ".frames .empty");
  });

  it("shows pings and pongs", async () => {
    const page = await open();
    await page.see("bridge", ".frame[data-kind=ping][data-way=down]");
    await page.see("bridge", ".frame[data-kind=pong][data-way=up]");
  });

  it("is folded away on a phone, and can be opened", async () => {
    const page = await open("/", { viewport: VIEWPORTS["on a phone"] });
    expect(await page.pane("socketio").locator(".frames").isVisible()).to.be.false;
    await page.openWire("socketio");
    await page.see("socketio", ".frame[data-kind=handshake]");
    expect(await page.overflowing()).to.deep.equal([]);
  });
});

describeWith(["chromium"], "the demo page, when the server is restarted", function ([chromium]) {
  this.timeout(40_000);

  it("connects again on both sides, joins the room, and goes on inspecting, with no reload", async () => {
    const browser = await launch(chromium);
    let server = new ServerProcess(["--port", "0", "--memory"]);
    const url = await server.listening();
    const { port } = new URL(url);
    const demo = await DemoPage.open(browser, `${url}/#steady`);
    await demo.say("bridge", "before");
    await demo.see("socketio", ".message", "before");
    await demo.page.evaluate(() => Object.assign(window, { notReloaded: true }));

    await server.stop("SIGKILL");
    for (const side of SIDES) await demo.see(side, ".state[data-state=connecting]");
    for (const side of SIDES) await demo.see(side, ".alert", "There is no connection");
    server = new ServerProcess(["--port", port, "--memory"]);
    await server.listening();
    await demo.online();
    for (const side of SIDES) {
      await demo.gone(side, ".alert");
      await demo.pane(side).locator(".frame[data-kind=handshake]").nth(3).waitFor();
      // The server had kept nothing: it says so, and shows what there is.
      await demo.see(side, ".note", "not kept any more");
    }
    await demo.say("socketio", "after");
    await demo.see("bridge", ".message", "after");
    expect(await demo.page.evaluate(() => "notReloaded" in window)).to.equal(true);
    // While the server was away the browser itself reports the connections that it could not make.
    expect(
      demo.complaints.filter((text) => !text.includes("net::ERR_") && !text.includes("WebSocket connection")),
    ).to.deep.equal([]);
    await browser.close();
    await server.stop();
  });
});
