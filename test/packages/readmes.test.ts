/** The first example of each package's README, with the packages as they are published. */
import { expect } from "chai";
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PROTOCOLS } from "../server/support/clients.js";
import { within } from "../support/deadline.js";
import { freePort } from "../support/free-port.js";
import { NAMES, PackedPackages, PACKAGES, type PackageName } from "./support/packed.js";

/** Node.js 20 has its WebSocket behind a flag, as the client's README says. */
const OPTIONS = process.version.startsWith("v20.") ? ["--experimental-websocket", "--no-warnings"] : [];

/** As if the program had just been given its port. */
const ANNOUNCED = '\nhttpServer.once("listening", () => console.log("listening"));\n';

function firstExample(name: PackageName, port: number): string {
  const [, code = ""] =
    /^```js\n(.*?)^```$/ms.exec(readFileSync(join(PACKAGES[name], "README.md"), "utf8")) ?? [];
  return code.replaceAll("3000", String(port));
}

describe("the first example of a package's README", function () {
  this.timeout(180_000);
  let made: PackedPackages;
  const children: ChildProcess[] = [];

  /** Resolves to the first line that the program prints. */
  const run = (folder: string, args: readonly string[]): Promise<string> => {
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
    children.push(child);
    const line = new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).once("line", resolve);
      child.once("exit", (code) => reject(new Error(`${args.join(" ")} ended with ${code ?? "a signal"}`)));
    });
    return within(line, "its first line", 15_000);
  };
  const runCode = (folder: string, code: string): Promise<string> => {
    writeFileSync(join(folder, "example.mjs"), code);
    return run(folder, [...OPTIONS, "example.mjs"]);
  };

  before(() => {
    made = PackedPackages.get();
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill();
      await ended;
    }
  });

  it("lets a plain client say hello to an app with the bridge", async () => {
    const port = await freePort();
    const folder = made.consumer("bridge", ["@crossroom/bridge"]);
    await runCode(folder, firstExample("@crossroom/bridge", port) + ANNOUNCED);
    const client = PROTOCOLS.bridge.open(`http://127.0.0.1:${port}`, false);
    client.send({ type: "connect" });
    await client.frames.next("connected");
    expect(await client.call("hello", "Ada")).to.equal("hello, Ada");
    client.close();
  });

  it("serves rooms from a program of one's own", async () => {
    const port = await freePort();
    const folder = made.consumer("server", NAMES);
    expect(await runCode(folder, firstExample("crossroom", port))).to.equal(
      `rooms on http://localhost:${port}`,
    );
    expect((await fetch(`http://localhost:${port}/healthz`)).status).to.equal(200);
  });

  it("publishes to a room of a server that was installed, and hears it", async () => {
    const port = await freePort();
    const installed = made.consumer("command-line", NAMES);
    const main = join("node_modules", "crossroom", "dist", "main.js");
    await run(installed, [main, "start", "--memory", "--port", String(port)]);
    const folder = made.consumer("client", ["@crossroom/client"]);
    expect(await runCode(folder, firstExample("@crossroom/client", port))).to.equal("Ada Hello");
  });
});
