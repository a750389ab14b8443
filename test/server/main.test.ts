import { expect } from "chai";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { WebSocket } from "ws";
import { ServerProcess } from "./support/child.js";
import { PROTOCOLS } from "./support/clients.js";

const CERT = "test/server/support/tls/localhost.crt";
const KEY = "test/server/support/tls/localhost.key";

describe("the program", () => {
  it("listens, serves, and on SIGTERM sends everybody away and exits with 0", async () => {
    const server = new ServerProcess(["--port", "0"]);
    const url = await server.listening();
    const client = PROTOCOLS.bridge.open(url);
    await client.enter();
    const page = await fetch(url);
    expect(await page.text()).to.include("Crossroom");
    const { code, stdout, stderr } = await server.stop("SIGTERM");
    expect(code).to.equal(0);
    expect(stdout).to.include(`WebSocket    ${url.replace("http", "ws")}/bridge\n`);
    expect(JSON.parse(stderr)).to.include({ msg: "stopping", signal: "SIGTERM" });
    client.close();
  });

  it("exits with 0 on SIGINT as well", async () => {
    const server = new ServerProcess(["--log-level", "silent"], { PORT: "0" });
    await server.listening();
    expect(await server.stop("SIGINT")).to.include({ code: 0, stderr: "" });
  });

  it("logs to standard error in JSON lines", async () => {
    const server = new ServerProcess(["--port", "0", "--log-level", "debug"]);
    const client = PROTOCOLS.bridge.open(await server.listening());
    await client.enter("Ada");
    client.close();
    const { stderr } = await server.stop();
    const messages = stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { msg: string; name?: string });
    expect(messages.map(({ msg }) => msg)).to.include.members(["listening", "connected", "stopping"]);
  });

  it("serves https and wss", async () => {
    const server = new ServerProcess(["--port", "0", "--cert", CERT, "--key", KEY]);
    const url = await server.listening();
    expect(url).to.match(/^https:/);
    const ws = new WebSocket(`${url.replace("https", "wss")}/bridge`, { ca: readFileSync(CERT) });
    ws.once("open", () => ws.send('{"type":"connect"}'));
    const first = await new Promise<Buffer>((resolve, reject) => {
      ws.once("message", resolve).once("error", reject);
    });
    expect(JSON.parse(first.toString())).to.include({ type: "connected" });
    ws.close();
    expect(await server.stop()).to.include({ code: 0 });
  });

  it("says what to do when the port is in use, and exits with 2", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    const { code, stdout, stderr } = await new ServerProcess([], { PORT: String(port) }).exited;
    other.close();
    expect(code).to.equal(2);
    expect(stdout).to.equal("");
    expect(stderr).to.match(/^error: port \d+ on 127\.0\.0\.1 is in use; .*--port.*\n$/);
  });

  for (const [args, words] of [
    [["--port", "x"], "--port"],
    [["--cert", "missing.pem", "--key", KEY], "there is no file missing.pem"],
    [["--cert", "package.json", "--key", KEY], "cannot be used (both must be PEM)"],
    [["--host", "192.0.2.1"], "no address of this machine"],
  ] as const) {
    it(`exits with 2 for ${args.join(" ")}, in one line`, async () => {
      const { code, stderr } = await new ServerProcess(["--port", "0", ...args].slice(0)).exited;
      expect(code).to.equal(2);
      expect(stderr)
        .to.match(/^error: .*\n$/)
        .and.to.include(words);
    });
  }

  it("logs an error that nobody caught, and exits with 1", async () => {
    const bomb = Buffer.from('process.once("SIGUSR2", () => { throw new Error("boom"); })').toString(
      "base64",
    );
    const NODE_OPTIONS = `--import data:text/javascript;base64,${bomb}`;
    const server = new ServerProcess(["--port", "0"], { NODE_OPTIONS });
    await server.listening();
    const { code, stderr } = await server.stop("SIGUSR2");
    expect(code).to.equal(1);
    expect(JSON.parse(stderr)).to.have.nested.property("err.message", "boom");
  });

  it("prints help and its version on standard output", async () => {
    const help = await new ServerProcess(["--help"]).exited;
    expect(help).to.include({ code: 0, stderr: "" });
    expect(help.stdout).to.match(/^Usage: crossroom \[options\]\n/);
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    expect(await new ServerProcess(["-V"]).exited).to.include({ code: 0, stdout: `${version}\n` });
  });
});
