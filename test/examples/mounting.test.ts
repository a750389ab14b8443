/** docs/mounting.md's examples, run as they stand. */
import { expect } from "chai";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { io } from "socket.io-client";
import { WebSocket } from "ws";
import { PROTOCOLS } from "../server/support/clients.js";
import { ask, upgrade } from "../server/mounting/support/requests.js";
import { NEXT, packageTools } from "../setup/package-tools.js";
import { within } from "../support/deadline.js";
import { freePort } from "../support/free-port.js";
import { describeLeftOut } from "../support/machine.js";

const doc = readFileSync("docs/mounting.md", "utf8");

/** Milliseconds for a framework to start, and for Next to make its page. */
const START = 90_000;

/** The example below a heading. */
function example(heading: string): string {
  const [, section = ""] = doc.split(`\n## ${heading}\n`);
  const [, code = ""] = /^```js\n(.*?)^```$/ms.exec(section) ?? [];
  return code;
}

/** What decorators would make, which Node.js does not know. */
const MODULE = `
import "reflect-metadata";
import { Controller, Get, Module } from "@nestjs/common";
class Shop { show() { return "The shop"; } }
Get()(Shop.prototype, "show", Object.getOwnPropertyDescriptor(Shop.prototype, "show"));
Controller()(Shop);
export class AppModule {}
Module({ controllers: [Shop] })(AppModule);
`;

const LAYOUT =
  "export default function Layout({ children }) { return <html><body>{children}</body></html>; }";
const PAGE = "export default function Page() { return <p>The shop</p>; }";

describe("docs/mounting.md", () => {
  let folder: string | undefined;
  let child: ChildProcess | undefined;

  afterEach(async () => {
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    if (folder !== undefined) rmSync(folder, { recursive: true });
    child = folder = undefined;
  });

  /** Runs an example in a folder of `parent`'s; resolves to its URL when it answers. */
  async function run(
    code: string,
    parent: string,
    files: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const port = await freePort();
    folder = mkdtempSync(join(parent, "mounting-"));
    for (const [name, text] of Object.entries({
      ...files,
      "server.mjs": code.replaceAll("3000", String(port)),
    })) {
      mkdirSync(join(folder, name, ".."), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "development" };
    child = spawn(process.execPath, ["server.mjs"], {
      cwd: folder,
      env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
    const url = `http://127.0.0.1:${port}`;
    const end = performance.now() + START;
    for (;;) {
      const answer = await fetch(url, { signal: AbortSignal.timeout(START) }).catch(() => undefined);
      if (answer !== undefined) return url;
      if (child.exitCode !== null || performance.now() > end) throw new Error(`it does not start: ${said}`);
    }
  }

  async function serves(url: string): Promise<void> {
    const { status, text } = await ask(url, "/");
    expect(status).to.equal(200);
    expect(text).to.include("The shop").and.not.include("cross-origin-opener-policy");
    const page = await fetch(`${url}/nope`, { signal: AbortSignal.timeout(START) });
    expect(page.status).to.equal(404);
    expect(await page.text()).not.to.include("There is nothing at this path.");
    expect((await ask(url, "/healthz")).text).to.include('{"status":"ok"}');
    for (const { open } of Object.values(PROTOCOLS)) {
      const client = open(url);
      await client.enter("Ada");
      expect((await client.call("join", { room: "lobby" })).ok).to.equal(true);
      client.close();
    }
  }

  /** Asked to end, it does, though there is a client. */
  async function ends(url: string, path = "/bridge"): Promise<void> {
    const ws = new WebSocket(url.replace("http", "ws") + path);
    await within(once(ws, "open"), "a client");
    const ended = once(child as ChildProcess, "exit");
    child?.kill();
    await within(ended, "the end of the process");
  }

  for (const [heading, files] of [
    ["Express", {}],
    ["Fastify", {}],
    ["NestJS", { "app.module.js": MODULE }],
  ] as const) {
    it(`has an example for ${heading} that works as it stands, and ends when it is asked to`, async function () {
      this.timeout(START);
      const url = await run(example(heading), "dist", files);
      await serves(url);
      await ends(url);
    });
  }

  it("has an example for an io that is there that works as it stands, and ends when it is asked to", async function () {
    this.timeout(START);
    const url = await run(example("An `io` that is there"), "dist");
    const options = { forceNew: true, reconnection: false };
    const app = io(url, { ...options, auth: { nickname: "Ada" } });
    const member = io(`${url}/crossroom`, options);
    const came = (socket: typeof app, name: string): Promise<unknown> =>
      within(new Promise((resolve) => socket.once(name, resolve)), name);
    expect(await Promise.all([came(app, "hello"), came(member, "welcome")])).to.have.nested.property(
      "[0]",
      "Ada",
    );
    app.disconnect();
    member.disconnect();
    await ends(url);
  });

  const fetched = packageTools(NEXT);
  if (fetched === undefined) {
    describeLeftOut("beside Next", "needs Next, which npm run setup fetches");
  } else {
    // Where `.cache` is a link, Next would take the app for one that lies outside of its root.
    const next = realpathSync(fetched);
    const code = example("Next").replace(
      '"crossroom"',
      JSON.stringify(pathToFileURL(resolve("dist/server/index.js"))),
    );
    const mountedFirst = code
      .replace("createServer((request, response) => handle(request, response))", "createServer()")
      .replace(
        "server.listen",
        'server.on("request", (request, response) => handle(request, response));\nserver.listen',
      );
    const orders = { "as it stands": code, "with the rooms server mounted before Next": mountedFirst };
    for (const [title, code] of Object.entries(orders)) {
      it(`has an example for Next that works ${title}, beside Next's own WebSocket`, async function () {
        this.timeout(2 * START);
        const files = {
          "package.json": '{"type":"module"}',
          "app/layout.js": LAYOUT,
          "app/page.js": PAGE,
          "next.config.js": `export default { turbopack: { root: ${JSON.stringify(next)} } };`,
        };
        const url = await run(code, next, files);
        await serves(url);
        // Of the development server, for pages that changed.
        expect(await upgrade(url, "/_next/hmr?id=x")).to.equal(101);
        await ends(url);
      });
    }
  }
});
