/** A real browser on the demo page, and the questions that tests ask of it. */
import { expect } from "chai";
import { chromium, type Browser, type BrowserContextOptions, type Locator, type Page } from "playwright-core";

export type Side = "socketio" | "bridge";
export const SIDES: readonly Side[] = ["socketio", "bridge"];

/** What each feature is tried on: both sides in view, and one at a time behind tabs. */
export const VIEWPORTS = {
  "on a desktop": { width: 1280, height: 800 },
  "on a phone": { width: 390, height: 844 },
} as const;

/** Milliseconds to wait for what a test expects to see. */
const TIMEOUT = 10_000;

export function launch(executablePath: string): Promise<Browser> {
  const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"];
  return chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", ...quiet],
  });
}

export class DemoPage {
  /** Whatever the browser complained of: errors in the console, exceptions, breaches of the CSP. */
  readonly complaints: string[] = [];

  private constructor(readonly page: Page) {
    page.setDefaultTimeout(TIMEOUT);
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") this.complaints.push(message.text());
    });
  }

  /** Opens the page in a context of its own, as another person would, and waits until both sides are in the room. */
  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<DemoPage> {
    const context = await browser.newContext({ viewport: VIEWPORTS["on a desktop"], ...options });
    const demo = new DemoPage(await context.newPage());
    await demo.page.goto(url);
    await demo.online();
    return demo;
  }

  /** The same page in another tab, as a browser duplicates one: with a copy of its sessionStorage. */
  async duplicate(): Promise<DemoPage> {
    const [page] = await Promise.all([
      this.page.context().waitForEvent("page"),
      this.page.evaluate(() => void window.open(location.href)),
    ]);
    const demo = new DemoPage(page);
    await demo.online();
    return demo;
  }

  close(): Promise<void> {
    return this.page.context().close();
  }

  pane(side: Side): Locator {
    return this.page.locator(`#${side}-pane`);
  }

  /** Brings a side into view where there are tabs. */
  async show(side: Side): Promise<void> {
    const tab = this.page.locator(`#${side}-pane-tab`);
    if (await tab.isVisible()) await tab.click();
  }

  /** Waits until both sides are connected, and have joined the room that they show. */
  async online(): Promise<void> {
    for (const side of SIDES) await this.sideOnline(side);
  }

  async sideOnline(side: Side): Promise<void> {
    await this.see(side, ".state[data-state=online]");
    await this.see(side, ".member.self, .members .rest"); // in a counted room nobody is listed by itself
  }

  /** Waits for an element of one side that has this text. */
  async see(side: Side, selector: string, text?: string | RegExp): Promise<void> {
    await this.show(side);
    const options = text === undefined ? {} : { hasText: text };
    await this.pane(side).locator(selector, options).first().waitFor();
  }

  /** Waits until no element of one side has this text any more. */
  async gone(side: Side, selector: string, text?: string | RegExp): Promise<void> {
    const options = text === undefined ? {} : { hasText: text };
    await this.pane(side).locator(selector, options).first().waitFor({ state: "hidden" });
  }

  /** Waits until so many elements of one side are there. */
  async seeCount(side: Side, selector: string, count: number): Promise<void> {
    await this.page.waitForFunction(
      ([selector, count]) => document.querySelectorAll(selector).length === count,
      [`#${side}-pane ${selector}`, count] as const,
    );
  }

  count(side: Side, selector: string, text?: string): Promise<number> {
    return this.pane(side)
      .locator(selector, text === undefined ? {} : { hasText: text })
      .count();
  }

  texts(side: Side, selector: string): Promise<string[]> {
    return this.pane(side).locator(selector).allTextContents();
  }

  async type(side: Side, text: string): Promise<void> {
    await this.show(side);
    await this.page.locator(`#${side}-text`).pressSequentially(text);
  }

  async say(side: Side, text: string): Promise<void> {
    await this.show(side);
    await this.page.fill(`#${side}-text`, text);
    await this.page.press(`#${side}-text`, "Enter");
  }

  async click(side: Side, name: string | RegExp): Promise<void> {
    await this.show(side);
    await this.pane(side).getByRole("button", { name }).first().click();
  }

  async signIn(side: Side, name: string): Promise<void> {
    await this.show(side);
    await this.pane(side).locator(".who").click();
    await this.page.fill(`#${side}-name`, name);
    await this.page.press(`#${side}-name`, "Enter");
    await this.see(side, ".who-kind", "signed in");
    await this.sideOnline(side);
  }

  async addRoom(side: Side, name: string): Promise<void> {
    await this.click(side, "Add a room");
    await this.pane(side).locator(".add-room input").fill(name);
    await this.page.keyboard.press("Enter");
    await this.see(side, ".place-name", name);
  }

  async writeTo(side: Side, user: string, text: string): Promise<void> {
    await this.click(side, "Write to a user");
    await this.pane(side).locator(".add-person input").fill(user);
    await this.page.keyboard.press("Enter");
    await this.see(side, ".place-head", user);
    await this.say(side, text);
  }

  async reload(): Promise<void> {
    await this.page.reload();
    for (const side of SIDES) await this.see(side, ".state[data-state=online]");
  }

  /** Opens the list of frames where it is folded away. */
  async openWire(side: Side): Promise<void> {
    await this.show(side);
    const toggle = this.pane(side).locator(".wire-toggle");
    if ((await toggle.getAttribute("aria-expanded")) !== "true") await toggle.click();
  }

  /**
   * What is wider than the place that it is in: the page itself, and whatever shows beyond its pane. What a list hides until
   * it is scrolled does not show.
   */
  overflowing(): Promise<string[]> {
    return this.page.evaluate(() => {
      const found: string[] = [];
      if (document.documentElement.scrollWidth > innerWidth) found.push("the page");
      for (const pane of document.querySelectorAll(".pane")) {
        const { right } = pane.getBoundingClientRect();
        for (const element of pane.querySelectorAll("*")) {
          const scroller = element.parentElement?.closest(".places, .members");
          const clips =
            scroller !== null && scroller !== undefined && scroller.scrollWidth > scroller.clientWidth;
          if (!clips && element.getBoundingClientRect().right > right + 0.5) {
            found.push(element.outerHTML.slice(0, 80));
          }
        }
      }
      return found;
    });
  }

  expectNoComplaints(): void {
    expect(this.complaints).to.deep.equal([]);
  }
}
