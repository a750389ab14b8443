import { expect } from "chai";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import { until, within } from "../support/deadline.js";
import { freePort } from "../support/free-port.js";
import { ServerProcess } from "./support/child.js";
import { PROTOCOLS } from "./support/clients.js";

const CERT = "test/server/support/tls/localhost.crt";
const KEY = "test/server/support/tls/localhost.key";

describe("the program", () => {
  let folder: string;
  let data: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "crossroom-main-"));
    data = join(folder, "data");
  });
  afterEach(async () => {
    for (const program of running.splice(0)) await program.stop("SIGKILL");
    rmSync(folder, { recursive: true });
  });

  const running: ServerProcess[] = [];
  /** Starts the program; whatever becomes of the test, it is ended. */
  function launch(args: readonly string[], env: Record<string, string> = {}): ServerProcess {
    const program = new ServerProcess(args, env);
    running.push(program);
    return program;
  }

  it("listens, serves, and on SIGTERM sends everybody away and exits with 0", async () => {
    const server = launch(["--port", "0", "--data", data]);
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

  it("copies its data folder while it runs, and starts from what is restored of it", async () => {
    const server = launch(["--port", "0", "--data", data]);
    const client = PROTOCOLS.bridge.open(await server.listening());
    await client.enter();
    await client.ask("join", { room: "r" });
    for (let n = 1; n <= 20; n++) await client.ask("publish", { room: "r", data: n });
    const [backup, restored] = [join(folder, "backup"), join(folder, "restored")];
    const copying = await launch(["backup", backup, "--data", data]).exited;
    expect(copying).to.deep.include({ code: 0, stdout: `${data} is backed up in ${backup}\n` });
    expect(await launch(["restore", backup], { DATA: restored }).exited).to.include({ code: 0 });
    const next = launch(["--port", "0", "--data", restored]);
    const back = PROTOCOLS.bridge.open(await next.listening());
    await back.enter(undefined, { token: client.self?.token });
    expect(back.self?.user).to.equal(client.self?.user);
    await back.ask("join", { room: "r" });
    const { messages } = (await back.ask("history", { room: "r" })) as unknown as {
      messages: { data: number }[];
    };
    expect(messages.map(({ data: n }) => n)).to.deep.equal(Array.from({ length: 20 }, (_, n) => n + 1));
    client.close();
    back.close();
    expect(await launch(["restore", backup, "--data", data]).exited).to.include({ code: 2 });
  }).timeout(60_000);

  for (const [what, make, message] of [
    ["below what is no real folder", () => "/proc/x/data", /cannot be made/],
    [
      "that is a link to nothing",
      () => {
        symlinkSync(join(folder, "nothing"), join(folder, "link"));
        return join(folder, "link");
      },
      /link to nothing/,
    ],
    [
      "below a file",
      () => {
        writeFileSync(join(folder, "file"), "");
        return join(folder, "file", "data");
      },
      /not a (folder|directory)/,
    ],
  ] as const) {
    it(`exits with 2 and says why for a data folder ${what}`, async function () {
      if (process.platform !== "linux") return this.skip();
      const { code, stderr } = await launch(["--port", "0", "--data", make()]).exited;
      expect(code).to.equal(2);
      expect(stderr).to.match(message);
    });
  }

  it("exits with 0 on SIGINT as well", async () => {
    const server = launch(["--log-level", "silent"], { PORT: "0", DATA: data });
    await server.listening();
    expect(await server.stop("SIGINT")).to.include({ code: 0, stderr: "" });
  });

  it("logs to standard error in JSON lines", async () => {
    const server = launch(["--port", "0", "--memory", "--log-level", "debug"]);
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
    const server = launch(["--port", "0", "--memory", "--cert", CERT, "--key", KEY]);
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
    const { code, stdout, stderr } = await launch(["--data", data], { PORT: String(port) }).exited;
    other.close();
    expect(code).to.equal(2);
    expect(stdout).to.equal("");
    expect(existsSync(join(data, "secret"))).to.be.true;
    expect(stderr).to.match(/^error: port \d+ on 127\.0\.0\.1 is in use; .*--port.*\n$/);
  });

  for (const [args, words] of [
    [["--port", "x"], "--port"],
    [["--cert", "missing.pem", "--key", KEY], "there is no file missing.pem"],
    [["--cert", "package.json", "--key", KEY], "cannot be used (both must be PEM)"],
    [["--host", "192.0.2.1"], "no address of this machine"],
    [["--config", "package.json"], 'package.json: has no setting "name"'],
    [["--jwt-secret-file", "missing.txt"], "missing.txt cannot be read"],
    [["--jwt-public-key", KEY], "has a private key"],
    [["--jwks", "package.json"], "package.json is not a JWK Set"],
  ] as const) {
    it(`exits with 2 for ${args.join(" ")}, in one line`, async () => {
      const { code, stderr } = await launch(["--port", "0", "--memory", ...args]).exited;
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
    const server = launch(["--port", "0", "--memory"], { NODE_OPTIONS });
    await server.listening();
    const { code, stderr } = await server.stop("SIGUSR2");
    expect(code).to.equal(1);
    expect(JSON.parse(stderr)).to.have.nested.property("err.message", "boom");
  });

  it("keeps messages and guests over a restart, in the data folder", async () => {
    const guest = async (url: string, auth: object) => {
      const client = PROTOCOLS.bridge.open(url);
      await client.enter(undefined, auth);
      return client;
    };
    const first = launch(["--port", "0", "--data", data]);
    const writer = await guest(await first.listening(), {});
    await writer.join("lobby");
    const published = await writer.call("publish", { room: "lobby", data: "hello", id: "m1" });
    expect(published).to.include({ ok: true });
    expect(await first.stop()).to.include({ code: 0 });
    const second = launch(["--port", "0", "--data", data]);
    const reader = await guest(await second.listening(), { token: writer.self?.token });
    expect(reader.self?.user).to.equal(writer.self?.user);
    await reader.join("lobby");
    const history = await reader.call("history", { room: "lobby" });
    expect(history).to.have.nested.property("messages[0].data", "hello");
    expect(history).to.have.nested.property("position.offset", 1);
    expect(await second.stop()).to.include({ code: 0 });
    for (const client of [writer, reader]) client.close();
  });

  it("lets in by the rules and the keys of its configuration", async () => {
    const config = join(folder, "config.json");
    const rules = [
      { pattern: "dm-{user}", allow: {} },
      { pattern: "*", allow: { join: "nobody" } },
    ];
    writeFileSync(
      config,
      JSON.stringify({ memory: true, port: 0, demo: false, auth: { guests: false }, rooms: rules }),
    );
    const env = { CONFIG: config, JWT_SECRET: "0123456789abcdef0123456789abcdef" };
    const server = launch([], env);
    const url = await server.listening();
    const { stdout } = await launch(["token", "--user", "ada"], env).exited;
    const client = PROTOCOLS.websocket.open(url);
    await client.enter(undefined, { token: stdout.trim() });
    expect(client.self).to.include({ user: "ada", guest: false });
    expect(await client.join("dm-ada")).to.include({ ok: true });
    expect(await client.call("join", { room: "lobby" })).to.have.nested.property("error.code", "forbidden");
    const guest = PROTOCOLS.bridge.open(url);
    guest.send({ type: "connect", auth: {} });
    expect(await guest.frames.next()).to.have.nested.property("data.code", "unauthorized");
    expect((await fetch(url)).status, "the demo").to.equal(404);
    for (const one of [client, guest]) one.close();
    expect(await server.stop()).to.include({ code: 0 });
  });

  it("exits with 2 where another server has the data folder, and says so", async () => {
    const server = launch(["--port", "0", "--data", data]);
    await server.listening();
    const { code, stdout, stderr } = await launch(["--port", "0", "--data", data]).exited;
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: "" });
    expect(stderr)
      .to.match(/^error: [^\n]+\n$/)
      .and.include(data);
    expect(await server.stop()).to.include({ code: 0 });
  });

  it("exits with 2 where the server's key may be read by everybody, and says what to do", async () => {
    await launch(["token", "--user", "ada", "--data", data]).exited;
    chmodSync(join(data, "secret"), 0o644);
    const { code, stderr } = await launch(["--port", "0", "--data", data]).exited;
    expect(code).to.equal(2);
    expect(stderr).to.match(/^error: .*; run: chmod 600 .*\n$/);
  });

  it("warns of a data folder that everybody may enter, for what else is in it", async function () {
    if (process.platform === "win32") return this.skip();
    mkdirSync(join(data, "lost+found"), { recursive: true });
    chmodSync(data, 0o777);
    const server = launch(["--port", "0", "--data", data]);
    await server.listening();
    const { code, stderr } = await server.stop();
    expect(code).to.equal(0);
    expect(stderr).to.include("chmod 700").and.include("lost+found");
    expect(statSync(join(data, "data.mdb")).mode & 0o777).to.equal(0o600);
  });

  it("prints help and its version on standard output", async () => {
    const help = await launch(["--help"]).exited;
    expect(help).to.include({ code: 0, stderr: "" });
    expect(help.stdout).to.match(/^Usage: crossroom \[options\] \[command\]\n/);
    const { version } = JSON.parse(readFileSync("server/package.json", "utf8")) as { version: string };
    expect(await launch(["-V"]).exited).to.include({ code: 0, stdout: `${version}\n` });
  });

  it("ends without a word where nobody reads what it prints, as before `head`", async () => {
    const help = launch(["--help"]);
    help.closeOutput();
    expect(await help.exited).to.include({ code: 0, stderr: "" });
  });

  it("serves though nobody reads what it prints", async () => {
    const port = await freePort();
    const server = launch(["--port", String(port), "--data", data]);
    server.closeOutput();
    let isAnswered = false;
    let isOver = false;
    const ask = (): void => {
      if (isOver) return;
      void fetch(`http://127.0.0.1:${port}/healthz`).then(() => (isAnswered = true), ask);
    };
    ask();
    await until(() => isAnswered, "it serves", 10_000).finally(() => (isOver = true));
    expect((await server.stop("SIGTERM")).code).to.equal(0);
  });
});

describe("npm start", function () {
  this.timeout(30_000); // npm itself takes a second or two.

  it("ends with the server when it is told to, and leaves none behind", async () => {
    const npm = spawn("npm", ["start"], { env: { ...process.env, PORT: "0", MEMORY: "true" } });
    const exited = once(npm, "exit");
    try {
      let said = "";
      const listening = new Promise<string>((resolve) => {
        npm.stdout.on("data", (text: Buffer) => {
          said += text.toString();
          const url = /listening on (\S+)\n/.exec(said)?.[1];
          if (url !== undefined) resolve(url);
        });
      });
      const url = await within(listening, "the server to listen", 20_000);
      const gone = once(npm.stdout, "close");
      npm.kill("SIGTERM");
      await within(exited, "npm to end", 20_000);
      // The server has the same standard output: it is closed when the last of both has ended.
      await within(gone, "the server to end", 20_000);
      const answer = await fetch(url).then(
        () => "answered",
        () => "gone",
      );
      expect(answer).to.equal("gone");
    } finally {
      npm.kill("SIGKILL");
    }
  });
});
