import { expect } from "chai";
import type { AddressInfo } from "node:net";
import { belowPath } from "../server/support/below-path.js";
import { describeDemo } from "./suite.js";
import { SIDES, VIEWPORTS } from "./support.js";

describeDemo("the demo page's layout", {}, {}, (stage) => {
  const open: typeof stage.open = (...args) => stage.open(...args);
  const sizes = {
    ...VIEWPORTS,
    "on a tablet": { width: 820, height: 1180 },
    "on a small phone": { width: 320, height: 568 },
    "on a laptop with toolbars": { width: 1366, height: 600 },
    "on a phone on its side": { width: 844, height: 390 },
    "on a small phone on its side": { width: 568, height: 390 },
  };
  for (const [where, viewport] of Object.entries(sizes)) {
    it(`shows nothing beyond its place, ${where}`, async () => {
      const page = await open(`/#${"long".repeat(20)}`, { viewport });
      await page.signIn("bridge", "Wilhelmina ".repeat(5).trim());
      await page.say("bridge", "long".repeat(100));
      await page.see("socketio", ".message .body", "longlong");
      for (const side of SIDES) {
        await page.show(side);
        expect(await page.overflowing()).to.deep.equal([]);
      }
      await page.writeTo("bridge", "demo-".padEnd(100, "x"), "long".repeat(100));
      await page.see("bridge", ".message .status", "in their inbox");
      expect(await page.overflowing()).to.deep.equal([]);
      const composer = await page.page.locator("#bridge-text").boundingBox();
      expect((composer?.y ?? Infinity) + (composer?.height ?? 0)).to.be.at.most(viewport.height);
      expect(await page.page.evaluate(() => document.documentElement.scrollHeight)).to.equal(viewport.height);
    });
  }

  for (const width of [320, 568, 800]) {
    it(`shows some lines of what is said while somebody signs in, ${width} by 390`, async () => {
      const page = await open("/", { viewport: { width, height: 390 } });
      const said = Array.from({ length: 60 }, (_, n) => `line ${n}`);
      await page.say("socketio", said.join("\n"));
      await page.see("socketio", ".message .body", "line 59");
      await page.pane("socketio").locator(".who").click();
      const messages = await page.pane("socketio").locator(".messages").boundingBox();
      expect(messages?.height).to.be.at.least(72);
      const composer = await page.page.locator("#socketio-text").boundingBox();
      expect((composer?.y ?? Infinity) + (composer?.height ?? 0)).to.be.at.most(390);
    });
  }

  it("has targets of at least 40 pixels for a thumb", async () => {
    const page = await open("/", { viewport: VIEWPORTS["on a phone"], hasTouch: true });
    await page.show("bridge");
    await page.openWire("bridge");
    await page.click("bridge", "Add a room");
    const small = await page.page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>("button, input")]
        .filter((element) => element.checkVisibility() && element.getBoundingClientRect().height < 40)
        .map((element) => element.outerHTML),
    );
    expect(small).to.deep.equal([]);
  });

  it("keeps the field in view when a keyboard takes half of a phone", async () => {
    const page = await open("/", { viewport: VIEWPORTS["on a phone"] });
    await page.say("bridge", "hello");
    await page.see("bridge", ".message", "hello");
    await page.page.setViewportSize({ width: 390, height: 420 });
    for (const selector of ["#bridge-text", "#bridge-pane .message"]) {
      const box = await page.page.locator(selector).first().boundingBox();
      expect(box?.y, selector).to.be.at.least(0);
      expect((box?.y ?? Infinity) + (box?.height ?? 0), selector).to.be.at.most(420);
    }
  });

  it("can be used with the keyboard alone", async () => {
    const page = await open();
    const { keyboard } = page.page;
    const reach = async (goal: string): Promise<void> => {
      const isThere = (): Promise<boolean> =>
        page.page.evaluate((goal) => document.activeElement?.matches(goal) === true, goal);
      for (let steps = 0; steps < 60 && !(await isThere()); steps++) await keyboard.press("Tab");
      expect(await isThere(), goal).to.be.true;
      const outline = await page.page.evaluate(
        () => getComputedStyle(document.activeElement ?? document.body).outlineStyle,
      );
      expect(outline, goal).to.equal("solid");
    };
    await reach("#socketio-pane .who");
    await keyboard.press("Enter");
    await keyboard.type("Ada");
    await keyboard.press("Enter");
    await page.see("socketio", ".who-kind", "signed in");
    await page.sideOnline("socketio");
    await reach("#socketio-pane .add");
    await keyboard.press("Enter");
    await keyboard.press("Escape");
    expect(await page.page.evaluate(() => document.activeElement?.className)).to.include("add");
    await reach("#bridge-text");
    await keyboard.type("no mouse");
    await keyboard.press("Enter");
    await page.see("socketio", ".message", "no mouse");
    expect(await page.page.evaluate(() => document.activeElement?.id)).to.equal("bridge-text");
  });

  it("has tabs on a phone, which the arrow keys change", async () => {
    const page = await open("/", { viewport: VIEWPORTS["on a phone"] });
    await page.show("socketio");
    await page.page.keyboard.press("ArrowRight");
    await page.pane("bridge").waitFor();
    expect(await page.pane("socketio").isVisible()).to.be.false;
    expect(await page.page.locator("[role=tab][aria-selected=true]").getAttribute("aria-controls")).to.equal(
      "bridge-pane",
    );
  });

  it("has a name for every control, and announces messages, typing and troubles", async () => {
    const { page } = await open();
    const unnamed = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLInputElement>("input, button")]
        .filter((control) => {
          const label = control.labels?.[0]?.textContent ?? "";
          return `${label}${control.ariaLabel ?? ""}${control.textContent}`.trim() === "";
        })
        .map((control) => control.outerHTML),
    );
    expect(unnamed).to.deep.equal([]);
    for (const selector of [
      "[role=log][aria-live=polite][aria-label]",
      ".typing[aria-live=polite]",
      "[role=alert]",
      "[role=status]",
    ]) {
      expect(await page.locator(selector).count(), selector).to.equal(2);
    }
  });

  it("keeps still where motion is not wanted", async () => {
    const { page } = await open("/", { reducedMotion: "reduce" });
    expect(await page.evaluate(() => document.getAnimations().length)).to.equal(0);
  });

  it("works below a path of a proxy", async () => {
    const proxy = belowPath(stage.server.url, "/some/app");
    try {
      await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
      const { port } = proxy.address() as AddressInfo;
      const page = await stage.open("/", { baseURL: `http://127.0.0.1:${port}/some/app/` });
      await page.signIn("bridge", "Ada");
      await page.say("bridge", "from below");
      await page.see("socketio", ".message", "from below");
      await page.openWire("bridge");
      await page.see("bridge", ".frame", "handshake");
    } finally {
      proxy.close();
      proxy.closeAllConnections();
    }
  });
});
