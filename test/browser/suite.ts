/** A suite of tests of the demo page: a browser for all of them, a server for each, and no complaint at the end of any. */
import type { Browser, BrowserContextOptions } from "playwright-core";
import type { RoomsServerOptions } from "../../server/index.js";
import { startRooms, type Running } from "../server/support/server.js";
import { describeWith, type ToolName } from "../support/machine.js";
import { DemoPage, launch } from "./support.js";

export interface Stage {
  readonly server: Running;
  /** Opens the page as another person would; `baseURL` is where, if not at the server itself. */
  open: (path?: string, options?: BrowserContextOptions) => Promise<DemoPage>;
}

/** Milliseconds that one test may take. */
const TEST_TIMEOUT = 30_000;

/** @param stage is usable within the tests; `options` are its servers'; `tools` are needed beside Chromium. */
export function describeDemo(
  title: string,
  options: Omit<RoomsServerOptions, "demo">,
  context: BrowserContextOptions,
  body: (stage: Stage) => void,
  tools: readonly ToolName[] = [],
): void {
  describeWith(["chromium", ...tools], title, function ([chromium]) {
    this.timeout(TEST_TIMEOUT);
    let browser: Browser;
    let server: Running;
    let pages: DemoPage[];

    before(async () => {
      browser = await launch(chromium);
    });
    after(() => browser.close());
    beforeEach(async () => {
      pages = [];
      server = await startRooms({ ...options, demo: true });
    });
    afterEach(async () => {
      for (const page of pages) {
        page.expectNoComplaints();
        await page.close();
      }
      await server.close();
    });

    body({
      get server() {
        return server;
      },
      async open(path = "/", more = {}) {
        const url = more.baseURL ?? server.url + path;
        const page = await DemoPage.open(browser, url, { ...context, ...more });
        pages.push(page);
        return page;
      },
    });
  });
}
