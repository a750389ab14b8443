/** A real browser on the demo page, and the questions that tests ask of it. */
import { expect } from "chai";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";

export type Side = "socketio" | "bridge";
export const SIDES: readonly Side[] = ["socketio", "bridge"];

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
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const demo = new DemoPage(await context.newPage());
    await demo.page.goto(url);
    await demo.online();
    return demo;
  }

  close(): Promise<void> {
    return this.page.context().close();
  }

  /** Waits until both sides are connected, and both are in the room. */
  async online(): Promise<void> {
    for (const side of SIDES) await this.see(side, ".state[data-state=online]");
    await this.page.locator(".member.self").nth(1).waitFor();
  }

  /** Waits for an element of one side that has this text. */
  see(side: Side, selector: string, text?: string): Promise<void> {
    const options = text === undefined ? {} : { hasText: text };
    return this.page.locator(`[data-side=${side}].pane ${selector}`, options).first().waitFor();
  }

  async say(side: Side, text: string): Promise<void> {
    await this.page.fill(`#${side}-text`, text);
    await this.page.press(`#${side}-text`, "Enter");
  }

  click(side: Side, name: string): Promise<void> {
    return this.page.locator(`.pane[data-side=${side}]`).getByRole("button", { name }).click();
  }

  /** What is wider than the place that it is in: the page itself, and whatever shows beyond its pane. */
  overflowing(): Promise<string[]> {
    return this.page.evaluate(() => {
      const found: string[] = [];
      if (document.documentElement.scrollWidth > innerWidth) found.push("the page");
      for (const pane of document.querySelectorAll(".pane")) {
        const { right } = pane.getBoundingClientRect();
        for (const element of pane.querySelectorAll("*")) {
          if (element.getBoundingClientRect().right > right + 0.5) found.push(element.outerHTML.slice(0, 80));
        }
      }
      return found;
    });
  }

  expectNoComplaints(): void {
    expect(this.complaints).to.deep.equal([]);
  }
}
