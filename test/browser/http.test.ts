/** Chromium where WebSocket is refused: the demo page, and more pages of one host than HTTP/1.1 has connections for. */
import { expect } from "chai";
import { readFile } from "node:fs/promises";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, normalize } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { Server } from "socket.io";
import { attachBridge } from "../../bridge/index.js";
import { until } from "../support/deadline.js";
import { NginxProxy } from "../conformance/stage/nginx-proxy.js";
import { describeWith } from "../support/machine.js";
import { NoWebSocket } from "../support/no-websocket.js";
import { describeDemo } from "./suite.js";
import { launch, SIDES } from "./support.js";

describeDemo("the demo page where WebSocket is refused", {}, {}, (stage) => {
  it("works on both sides, says how, and goes offline and back", async () => {
    const proxy = await NoWebSocket.listen(stage.server.url);
    const page = await stage.open("/", { baseURL: proxy.url });
    await page.see("bridge", ".state", "Connected · stream over HTTP");
    await page.see("socketio", ".state", "Connected · polling over HTTP");
    for (const [side, other] of [SIDES, [...SIDES].reverse()]) {
      if (side === undefined || other === undefined) throw new Error("there are two sides");
      await page.say(side, `from ${side}`);
      await page.see(other, ".message", `from ${side}`);
      await page.click(side, "Go offline");
      await page.see(side, ".state[data-state=offline]");
      await page.say(other, `meanwhile on ${other}`);
      await page.click(side, "Go online");
      await page.see(side, ".message", `meanwhile on ${other}`);
    }
    await page.see("bridge", ".badge", "plain · HTTP");
    await page.see("bridge", ".frames .empty", "What passes over HTTP is not shown here");
    // The browser says each refusal itself.
    const refusals = page.complaints.filter((text) => /WebSocket connection to|net::ERR/.test(text));
    expect(refusals).to.deep.equal(page.complaints);
    page.complaints.splice(0);
    await page.page.goto("about:blank");
    await proxy.close();
  });
});

describeDemo(
  "the demo page through nginx",
  {},
  {},
  (stage) => {
    let nginx: NginxProxy | undefined;

    beforeEach(async () => {
      nginx = await NginxProxy.start(Number(new URL(stage.server.url).port));
    });
    afterEach(() => nginx?.close());

    for (const [setting, state] of [
      ["refuses WebSockets", "Connected · stream over HTTP"],
      ["holds answers back", "Connected · polling over HTTP"],
    ] as const) {
      it(`works where it ${setting}, and goes by WebSocket again when that is let through`, async () => {
        nginx?.set(setting);
        const page = await stage.open("/", { baseURL: nginx?.url ?? "" });
        await page.see("bridge", ".state", state);
        await page.say("bridge", "over HTTP");
        await page.see("socketio", ".message", "over HTTP");
        nginx?.set("lets WebSockets through");
        await page.page.reload();
        await page.see("bridge", ".state", /^\s*Connected\s*$/);
        await page.see("bridge", ".message", "over HTTP");
        page.complaints.splice(0);
        await page.page.goto("about:blank");
      });
    }
  },
  ["nginx"],
);

const CLIENT = join(import.meta.dirname, "..", "..", "clients", "typescript", "src");

const PAGE = `<!doctype html><meta charset="utf-8"><title>tab</title><link rel="icon" href="data:,">
<script type="module">
  import { io } from "/client/index.js";
  window.heard = [];
  window.socket = io(location.origin, { transports: ["sse", "polling"] });
  window.socket.on("news", (n) => window.heard.push(n));
</script>`;

interface Tab {
  heard: number[];
  socket: {
    connected: boolean;
    io: { transport: string | undefined };
    emitWithAck: (...args: unknown[]) => unknown;
  };
}

/** Milliseconds for a page, or something on it: as long as a person has patience. */
const PATIENCE = 10_000;

describeWith(["chromium"], "seven pages of one host over HTTP/1.1 (12.19)", function ([chromium]) {
  this.timeout(60_000);
  let browser: Browser;
  let context: BrowserContext;
  let http: HttpServer;
  let io: Server;
  const left: string[] = [];

  before(async () => {
    browser = await launch(chromium);
    context = await browser.newContext();
    context.setDefaultTimeout(PATIENCE);
    http = createServer((request, response) => {
      const path = normalize(request.url ?? "/");
      if (!path.startsWith("/client/")) return void response.setHeader("content-type", "text/html").end(PAGE);
      readFile(join(CLIENT, path.slice("/client/".length))).then(
        (script) => response.setHeader("content-type", "text/javascript").end(script),
        () => response.writeHead(404).end(),
      );
    });
    io = new Server(http);
    attachBridge(io, http);
    io.on("connection", (socket) => {
      socket.on("echo", (value: unknown, reply: (value: unknown) => void) => reply(value));
      socket.on("disconnect", (reason) => left.push(reason));
    });
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  });

  after(async () => {
    await browser.close();
    await io.close();
  });

  async function open(): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`);
    await page.waitForFunction(() => (window as unknown as Tab).socket.connected);
    return page;
  }

  const wayOf = (page: Page): Promise<string | undefined> =>
    page.evaluate(() => (window as unknown as Tab).socket.io.transport);

  it("work all: three have a stream, the others poll, and nobody waits for a connection", async () => {
    const pages: Page[] = [];
    while (pages.length < 7) pages.push(await open());
    const ways = await Promise.all(pages.map(wayOf));
    expect(ways.toSorted()).to.deep.equal([
      ...Array<string>(4).fill("polling"),
      ...Array<string>(3).fill("sse"),
    ]);
    io.emit("news", 1);
    for (const page of pages) {
      await page.waitForFunction(() => (window as unknown as Tab).heard.length === 1);
      expect(await page.evaluate(() => (window as unknown as Tab).socket.emitWithAck("echo", "x"))).to.equal(
        "x",
      );
    }

    // A page that is closed leaves at once, and gives its stream to the next one.
    const streaming = pages[ways.indexOf("sse")];
    await streaming?.close({ runBeforeUnload: true });
    await until(() => left.length === 1, "the page to leave", PATIENCE);
    expect(left).to.deep.equal(["transport close"]); // and not after resumeTimeout, which is longer
    expect(await wayOf(await open())).to.equal("sse");
  });
});
