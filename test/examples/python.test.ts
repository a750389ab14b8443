/** The outsider's client: what somebody makes of PROTOCOL.md alone. */
import { expect } from "chai";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { promisify } from "node:util";
import { PROJECT } from "../native/sdks.js";
import { PROTOCOLS } from "../server/support/clients.js";
import { startRooms, type Running } from "../server/support/server.js";
import { TcpProxy } from "../soak/proxy.js";
import { until, within } from "../support/deadline.js";
import { describeWith } from "../support/machine.js";
import { NoWebSocket } from "../support/no-websocket.js";

const FOLDER = join(PROJECT, "examples", "python");
const PROGRAM = join(FOLDER, "client.py");
const VENV = join(PROJECT, ".cache", "python");
const PYTHON = join(VENV, "bin", "python");

describeWith(["python"], "The sixty lines of Python", function ([python]) {
  this.timeout(60_000);

  before(async function () {
    this.timeout(180_000);
    const run = promisify(execFile);
    const installed = join(VENV, "installed");
    if (existsSync(installed)) return;
    mkdirSync(VENV, { recursive: true });
    await run(python, ["-m", "venv", "--clear", VENV]);
    await run(PYTHON, ["-m", "pip", "install", "--quiet", "-r", join(FOLDER, "requirements.txt")]);
    mkdirSync(installed);
  });

  it("are no more than sixty", () => {
    expect(readFileSync(PROGRAM, "utf8").trimEnd().split("\n")).to.have.length.at.most(60);
  });

  it("join, publish, and after a cut print what they missed, each once and in order", async () => {
    const server = await startRooms();
    try {
      await chat(server, Number(new URL(server.url).port));
    } finally {
      await server.close();
    }
  });

  it("do so over HTTP where WebSocket is refused", async () => {
    const server = await startRooms();
    const noWebSocket = await NoWebSocket.listen(server.url);
    try {
      await chat(server, noWebSocket.port);
      expect(noWebSocket.refused).to.equal(1);
    } finally {
      await noWebSocket.close();
      await server.close();
    }
  });

  it("try again where a proxy answers for the server with 502, and refuses WebSocket with 400", async () => {
    let upgrades = 0;
    const proxy = createServer((_request, response) => void response.writeHead(502).end());
    proxy.on("upgrade", (_request, socket) => {
      upgrades++;
      // The program may be gone before it has read the answer.
      socket.on("error", () => socket.destroy());
      socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const { port } = proxy.address() as AddressInfo;
    const child = spawn(PYTHON, [PROGRAM, `ws://127.0.0.1:${port}/bridge`, "lobby", "Ada"], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    const ended = once(child, "exit");
    try {
      await until(() => upgrades > 1 || child.exitCode !== null, "another attempt", 20_000);
      expect(child.exitCode).to.equal(null);
    } finally {
      child.kill();
      await ended;
      proxy.close();
    }
  });

  async function chat(server: Running, port: number): Promise<void> {
    const address = { port };
    const proxy = await TcpProxy.listen(address);
    const ben = PROTOCOLS.websocket.open(server.url);
    const child = spawn(PYTHON, [PROGRAM, `ws://127.0.0.1:${proxy.port}/bridge`, "lobby", "Ada"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const line = async (): Promise<unknown> => (await within(lines.next(), "a line", 20_000)).value;
    const says = (data: string): Promise<unknown> => ben.ask("publish", { room: "lobby", data });
    try {
      await ben.enter(undefined, { name: "Ben" });
      await ben.ask("join", { room: "lobby" });
      child.stdin.write("hello\n");
      expect(await line()).to.equal("Ada: hello");
      await says("hi");
      expect(await line()).to.equal("Ben: hi");

      // Nobody is there to come back to until all is said.
      proxy.setTarget({ port: 1 });
      for (const link of proxy.links) link.cut("rst");
      for (const word of ["one", "two", "three"]) await says(word);
      child.stdin.write("back?\n");
      proxy.setTarget(address);
      for (const expected of ["Ben: one", "Ben: two", "Ben: three", "Ada: back?"]) {
        expect(await line()).to.equal(expected);
      }
      child.stdin.end("bye\n");
      expect(await line()).to.equal("Ada: bye");
      expect(await line(), "nothing more").to.equal(undefined);
      expect(await ended).to.equal(0);
    } finally {
      child.kill();
      ben.close();
      await proxy.close();
    }
  }
});
