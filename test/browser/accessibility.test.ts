import { expect } from "chai";
import type axe from "axe-core";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describeDemo } from "./suite.js";
import { SIDES, type DemoPage } from "./support.js";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds wrong: the rule, and where. */
async function violations({ page }: DemoPage): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe: tool } = window as unknown as { axe: typeof axe };
    const { violations } = await tool.run(document, { resultTypes: ["violations"] });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(" ")}`));
  });
}

/** The page with something of everything on it. */
async function fill(page: DemoPage): Promise<void> {
  for (const side of SIDES) {
    await page.show(side);
    await page.say(side, `From ${side}: https://example.com/`);
    await page.say(side, "And more");
    await page.see(side, ".message", "And more");
  }
}

describeDemo("the demo page, as axe reads it", {}, {}, ({ open }) => {
  for (const [width, height] of [
    [320, 568],
    [390, 844],
    [844, 390],
    [568, 390],
    [820, 1180],
    [1366, 600],
    [1920, 1080],
    [1920, 390],
  ] as const) {
    it(`has nothing against it, ${width} by ${height}`, async () => {
      const page = await open("/", { viewport: { width, height } });
      await fill(page);
      expect(await violations(page)).to.deep.equal([]);
    });
  }

  for (const [title, options] of [
    ["in dark colours", { colorScheme: "dark" }],
    ["in the user's own colours", { forcedColors: "active" }],
    ["in the user's own colours, dark", { forcedColors: "active", colorScheme: "dark" }],
  ] as const) {
    it(`has nothing against it ${title}, on a desktop and on a phone`, async () => {
      const page = await open("/", options);
      await fill(page);
      expect(await violations(page)).to.deep.equal([]);
      await page.page.setViewportSize({ width: 390, height: 844 });
      expect(await violations(page)).to.deep.equal([]);
    });
  }

  it("has nothing against it where a device is offline, frames are long, and forms are open", async () => {
    const page = await open();
    await fill(page);
    for (const side of SIDES) {
      await page.openWire(side);
      await page.say(side, "long ".repeat(400));
      await page.click(side, "Add a room");
      await page.click(side, "Write to a user");
      await page.pane(side).locator(".who").click();
      await page.click(side, "Go offline");
      await page.see(side, ".state[data-state=offline]");
    }
    expect(await violations(page)).to.deep.equal([]);
    for (const side of SIDES) await page.click(side, "Pretty");
    expect(await violations(page)).to.deep.equal([]);
  });
});
