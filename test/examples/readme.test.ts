/** README.md's examples, run as they stand. */
import { expect } from "chai";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROTOCOLS } from "../server/support/clients.js";
import { startRooms } from "../server/support/server.js";
import { play, transcriptsIn } from "../server/support/transcript.js";
import { freePort } from "../support/free-port.js";

const readme = readFileSync("README.md", "utf8");

/** The JavaScript examples, in order, made to use a port that is free. */
function examples(port: number): string[] {
  return [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code = ""]) =>
    code.replaceAll("3000", String(port)),
  );
}

describe("README.md", () => {
  const children: ChildProcess[] = [];
  let folder: string;

  beforeEach(() => {
    // Where the packages are found by their names, as they were just compiled.
    folder = mkdtempSync("dist/readme-");
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill();
      await ended;
    }
    rmSync(folder, { recursive: true });
  });

  function run(name: string, code: string): ChildProcess {
    const file = join(folder, name);
    writeFileSync(file, code);
    const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "inherit"] });
    children.push(child);
    return child;
  }

  transcriptsIn(readme).forEach((lines, index) => {
    it(`has the rooms server answer as transcript ${index + 1} says`, async () => {
      const server = await startRooms();
      try {
        await play(lines, () => PROTOCOLS.bridge.open(server.url));
      } finally {
        await server.close();
      }
    });
  });

  it("has a command line behind npm start, which gets its arguments", () => {
    expect(readme).to.include("npm start -- join lobby");
    const said = execFileSync("npm", ["start", "--silent", "--", "join", "--help"], { encoding: "utf8" });
    expect(said).to.match(/^Usage: .* join /m);
  });

  it("has a backend publish with what it says: a server, a key and curl", async function () {
    this.timeout(60_000);
    const blocks = [...readme.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, code = ""]) => code);
    const [first = ""] = blocks;
    const commands = blocks.find((code) => code.includes("key create")) ?? "";
    expect(first).to.match(/^npm ci && npm start +#/);
    const port = String(await freePort());
    const env = { ...process.env, PORT: port, DATA: join(folder, "data") };
    // A group of its own: npm does not end what it has started.
    const server = spawn("npm", ["start"], { env, detached: true, stdio: ["ignore", "pipe", "inherit"] });
    const ended = new Promise((resolve) => server.once("exit", resolve));
    try {
      await new Promise<void>((resolve) => {
        server.stdout.on("data", (data: Buffer) => data.includes("listening") && resolve());
      });
      const client = PROTOCOLS.bridge.open(`http://127.0.0.1:${port}`);
      await client.enter();
      await client.join("lobby");
      execFileSync("bash", ["-c", commands.replaceAll("localhost:3000", `localhost:${port}`)], { env });
      expect(await client.event("message")).to.deep.include({
        id: "hello-1",
        data: "Hello from the backend",
      });
      client.close();
    } finally {
      process.kill(-(server.pid ?? 0));
      await ended;
    }
  });

  it("has a server and a client that work as they stand", async () => {
    const [server = "", , client = ""] = examples(await freePort());
    const announced = 'httpServer.once("listening", () => console.log("listening"));';
    const listening = run("server.mjs", `${server}\n${announced}`);
    await new Promise((resolve) => listening.stdout?.once("data", resolve));

    // The client's example is for browsers and newer releases of Node.js; what it says of Node.js 20 is done here.
    const withWebSocket = `import { WebSocket } from "ws"; globalThis.WebSocket ??= WebSocket;\n${client}`;
    const answering = run("client.mjs", withWebSocket);
    const answer = await new Promise((resolve) => {
      answering.stdout?.once("data", (data: Buffer) => resolve(data.toString().trim()));
    });
    expect(answer).to.equal("hello, Ada");
  });

  it("has an example of rooms that works as it stands, over either client", async () => {
    const server = await startRooms();
    try {
      const [, example = ""] = examples(Number(new URL(server.url).port));
      const over = {
        "socket.io.mjs": example,
        "plain.mjs":
          `import { WebSocket } from "ws"; globalThis.WebSocket ??= WebSocket;\n` +
          example.replace('"socket.io-client"', '"@crossroom/client"'),
      };
      for (const [name, code] of Object.entries(over)) {
        const child = run(name, code);
        const said = await new Promise((resolve) => {
          child.stdout?.once("data", (data: Buffer) => resolve(data.toString().trim()));
        });
        expect(said).to.equal("Ada Hello");
        child.kill();
      }
    } finally {
      await server.close();
    }
  });
});
