/** In a real browser: its own WebSocket, no Buffer, and a network that can go away. */
import { expect } from "chai";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join, normalize } from "node:path";
import type { Browser, Page } from "playwright-core";
import type { CloseDetails, Socket } from "../../clients/typescript/src/index.js";
import { launch } from "../browser/support.js";
import { describeWith } from "../support/machine.js";
import { TestServer } from "./support/bridge.js";

/** The compiled client; it is compiled along with this test. */
const CLIENT = join(import.meta.dirname, "../../clients/typescript/src");

/** What the page keeps between two calls of the test. */
interface Scope {
  socket: Socket;
  seen: unknown[];
}

function serveClient(request: IncomingMessage, response: ServerResponse): void {
  const name = normalize(request.url ?? "/");
  if (!name.endsWith(".js")) {
    response.setHeader("content-type", "text/html").end("<!doctype html><title>client</title>");
    return;
  }
  response.setHeader("content-type", "text/javascript").end(readFileSync(join(CLIENT, name)));
}

describeWith(["chromium"], "client: in a browser", function ([chromium]) {
  this.timeout(30_000);
  let browser: Browser;
  let page: Page;
  let server: TestServer;

  before(async () => {
    browser = await launch(chromium);
  });
  after(() => browser.close());

  beforeEach(async () => {
    server = await TestServer.start({ pingInterval: 200, pingTimeout: 5000 });
    server.http.on("request", serveClient);
    server.io.on("connection", (there) => {
      there.on("echo", (value: unknown, ack: (value: unknown) => void) => ack(value));
    });
    page = await browser.newPage();
    await page.goto(server.url);
    await page.evaluate(async () => {
      const path = "/index.js";
      const { io } = (await import(path)) as { io: () => Socket };
      const scope = globalThis as unknown as Scope;
      scope.seen = [];
      scope.socket = io();
      scope.socket.on("disconnect", (...args) => scope.seen.push(args));
      await new Promise<void>((resolve) => scope.socket.once("connect", resolve));
    });
  });

  afterEach(async () => {
    await page.close();
    await server.end();
  });

  it("connects to the page's server, and gives binary as an ArrayBuffer", async () => {
    const got = await page.evaluate(async () => {
      const { socket } = globalThis as unknown as Scope;
      const bytes = await socket.emitWithAck("echo", Uint8Array.of(1, 2, 255));
      return [Object.prototype.toString.call(bytes), ...new Uint8Array(bytes as ArrayBuffer)];
    });
    expect(got).to.deep.equal(["[object ArrayBuffer]", 1, 2, 255]);
  });

  it("refuses a Blob", async () => {
    const message = await page.evaluate(async () => {
      const { socket } = globalThis as unknown as Scope;
      return socket.emitWithAck("echo", new Blob(["x"])).catch((error: unknown) => String(error));
    });
    expect(message).to.match(/^TypeError: a Blob/);
  });

  it("knows at once that the device is offline, and comes back", async () => {
    await page.evaluate(() => dispatchEvent(new Event("offline")));
    const [[reason, details]] = (await page.evaluate(() => (globalThis as unknown as Scope).seen)) as [
      [string, CloseDetails],
    ];
    expect([reason, details.description]).to.deep.equal(["transport close", "network connection lost"]);
    await page.waitForFunction(() => (globalThis as unknown as Scope).socket.connected);
  });

  it("tells the code and reason of a close", async () => {
    await server.stop();
    await page.waitForFunction(() => (globalThis as unknown as Scope).seen.length > 0);
    const [[reason, details]] = (await page.evaluate(() => (globalThis as unknown as Scope).seen)) as [
      [string, CloseDetails],
    ];
    expect([reason, details.code, details.reason]).to.deep.equal([
      "transport close",
      4501,
      "server_shutdown",
    ]);
  });
});
