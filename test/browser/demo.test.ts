import { expect } from "chai";
import type { Browser } from "playwright-core";
import { startRooms, type Running } from "../server/support/server.js";
import { ServerProcess } from "../server/support/child.js";
import { describeWith } from "../support/machine.js";
import { DemoPage, launch, SIDES } from "./support.js";

describeWith(["chromium"], "the demo page", function ([chromium]) {
  this.timeout(30_000);
  let browser: Browser;
  let server: Running;
  let pages: DemoPage[];

  const open = async (path = "/", options = {}): Promise<DemoPage> => {
    const page = await DemoPage.open(browser, server.url + path, options);
    pages.push(page);
    return page;
  };

  before(async () => {
    browser = await launch(chromium);
  });
  after(() => browser.close());
  beforeEach(async () => {
    pages = [];
    server = await startRooms({ demo: true });
  });
  afterEach(async () => {
    for (const page of pages) {
      page.expectNoComplaints();
      await page.close();
    }
    await server.close();
  });

  it("carries messages between two browsers, from either protocol to either", async () => {
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

  it("shows who is in the room, on which transport, and who goes", async () => {
    const one = await open();
    await one.page.locator(".member").nth(1).waitFor();
    const two = await open();
    await one.page.locator(".member").nth(3).waitFor();
    expect(await one.page.locator(".member .badge").allTextContents()).to.have.members([
      ...["Socket.IO", "plain WebSocket"],
      ...["Socket.IO", "plain WebSocket"],
    ]);
    await two.click("bridge", "Disconnect");
    await one.page.locator(".member").nth(3).waitFor({ state: "detached" });
    await one.see("socketio", ".note", "left");
    await two.see("bridge", ".state[data-state=offline]");
    await two.click("bridge", "Reconnect");
    await two.online();
    await one.page.locator(".member").nth(3).waitFor();
  });

  it("shows the real frames of both connections: handshake, text, close, and their sizes", async () => {
    const page = await open();
    for (const side of SIDES) {
      await page.see(side, ".frame[data-kind=handshake] .payload", "101 Switching Protocols");
      await page.say(side, "Hello");
      await page.see(side, ".frame[data-kind=text][data-way=up] .payload", "publish");
      await page.see(side, ".frame[data-kind=text][data-way=down] .payload", "Hello");
      await page.click(side, "Disconnect");
      await page.see(side, ".frame[data-kind=close]");
      await page.see(side, ".frame[data-kind=end]");
    }
    const sent = page.page.locator(".pane[data-side=bridge] .frame[data-way=up]", { hasText: "publish" });
    const payload = (await sent.locator(".payload").textContent()) ?? "";
    const header = payload.length < 126 ? 6 : 8;
    expect(await sent.locator(".size").textContent()).to.equal(`${header}+${payload.length} B`);
    await page.click("bridge", "Pretty");
    await page.see("bridge", ".frame .payload", '{\n  "type": "event"');
    await page.click("bridge", "Clear");
    await page.see("bridge", ".frames .empty");
  });

  it("shows pings and pongs", async () => {
    await server.close();
    server = await startRooms({ demo: true, bridge: { pingInterval: 200 } });
    const page = await open();
    await page.see("bridge", ".frame[data-kind=ping][data-way=down]");
    await page.see("bridge", ".frame[data-kind=pong][data-way=up]");
  });

  it("has its room in the URL, and moves to another", async () => {
    const one = await open("/#first");
    const two = await open("/#second%20room");
    expect(await two.page.inputValue("#room")).to.equal("second room");
    await one.say("bridge", "only in the first");
    await one.see("socketio", ".message", "only in the first");
    await one.page.fill("#room", "second room");
    await one.page.press("#room", "Enter");
    await one.see("bridge", ".note", "You are in “second room”");
    await one.see("socketio", ".note", "You are in “second room”");
    await one.say("socketio", "now in the second");
    await two.see("bridge", ".message", "now in the second");
    expect(await two.page.locator(".message", { hasText: "only in the first" }).count()).to.equal(0);
    expect(new URL(one.page.url()).hash).to.equal("#second%20room");
  });

  it("takes a new name", async () => {
    const [one, two] = [await open(), await open()];
    await one.page.fill("#bridge-name", "Ada <b>L.</b>");
    await one.page.press("#bridge-name", "Tab");
    await two.page.locator(".member .who", { hasText: "Ada <b>L.</b>" }).waitFor();
  });

  it("shows markup as text", async () => {
    const page = await open();
    const markup = '<img src="x" onerror="document.title=1"><script>document.title=2</script>';
    await page.say("socketio", markup);
    await page.see("bridge", ".message .body", markup);
    expect(await page.page.locator(".message img, .message script").count()).to.equal(0);
    expect(await page.page.title()).to.equal("Crossroom");
  });

  it("can be used with the keyboard alone", async () => {
    const { page } = await open();
    const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.id ?? "");
    for (const goal of ["room", "socketio-text", "bridge-text"]) {
      for (let steps = 0; steps < 20 && (await focused()) !== goal; steps++) await page.keyboard.press("Tab");
      expect(await focused()).to.equal(goal);
      const outline = await page.evaluate(
        () => getComputedStyle(document.activeElement ?? document.body).outlineStyle,
      );
      expect(outline).to.equal("solid");
    }
    await page.keyboard.type("no mouse");
    await page.keyboard.press("Enter");
    await page.locator(".pane[data-side=socketio] .message", { hasText: "no mouse" }).waitFor();
    expect(await focused()).to.equal("bridge-text");
  });

  it("has a name for every control, and announces messages", async () => {
    const { page } = await open();
    const unnamed = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLInputElement>("input")].filter(
        (input) => (input.labels?.length ?? 0) === 0,
      ),
    );
    expect(unnamed).to.deep.equal([]);
    expect(await page.locator("[role=log][aria-live=polite][aria-label]").count()).to.equal(2);
    expect(await page.locator("[role=status]").count()).to.equal(2);
  });

  for (const [what, viewport] of Object.entries({
    "a desktop": { width: 1280, height: 800 },
    "a phone": { width: 390, height: 844 },
    "a small phone": { width: 320, height: 568 },
  })) {
    it(`fits ${what}`, async () => {
      const page = await open(`/#${"long".repeat(20)}`, { viewport });
      await page.say("bridge", "long".repeat(100));
      await page.see("socketio", ".message .body", "longlong");
      expect(await page.overflowing()).to.deep.equal([]);
    });
  }

  it("keeps still where motion is not wanted", async () => {
    const { page } = await open("/", { reducedMotion: "reduce" });
    expect(await page.evaluate(() => document.getAnimations().length)).to.equal(0);
  });
});

describeWith(["chromium"], "the demo page, when the server is restarted", function ([chromium]) {
  this.timeout(40_000);

  it("connects again on both sides, joins the room, and goes on inspecting, with no reload", async () => {
    const browser = await launch(chromium);
    let server = new ServerProcess(["--port", "0"]);
    const url = await server.listening();
    const { port } = new URL(url);
    const demo = await DemoPage.open(browser, `${url}/#steady`);
    await demo.say("bridge", "before");
    await demo.see("socketio", ".message", "before");
    await demo.page.evaluate(() => Object.assign(window, { notReloaded: true }));

    await server.stop("SIGKILL");
    for (const side of SIDES) await demo.see(side, ".state[data-state=connecting]");
    for (const side of SIDES) {
      await demo.click(side, "Disconnect");
      await demo.see(side, ".state[data-state=offline]");
      await demo.click(side, "Reconnect");
    }
    server = new ServerProcess(["--port", port]);
    await server.listening();
    await demo.online();
    for (const side of SIDES)
      await demo.page.locator(`.pane[data-side=${side}] .frame[data-kind=handshake]`).nth(3).waitFor();
    await demo.say("socketio", "after");
    await demo.see("bridge", ".message", "after");
    await demo.see("bridge", ".message", "before");
    expect(await demo.page.evaluate(() => "notReloaded" in window)).to.equal(true);
    // While the server was away the browser itself reports the connections that it could not make.
    expect(
      demo.complaints.filter((text) => !text.includes("net::ERR_") && !text.includes("WebSocket connection")),
    ).to.deep.equal([]);
    await browser.close();
    await server.stop();
  });
});
