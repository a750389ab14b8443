/** The package as `npm publish` would send it: what is in it, and that others can use it. */
import { expect } from "chai";
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";

const CONSUMER = `
import { createServer } from "node:http";
import { Server } from "socket.io";
import { WebSocket } from "ws";
import { attachBridge, CLOSE_CODES, GatheringWebSocketServer, RoomAdapter, type Bridge } from "crossroom";
import { attachBridge as same } from "crossroom/bridge";
import { createRoomsServer } from "crossroom/server";
import { io, type Socket } from "crossroom/client";
import { createRooms, type Room } from "crossroom/rooms";

interface Listen { news(n: number): void }
interface Emit { ask(question: string, answer: (text: string) => void): void }

const http = createServer();
const server = new Server<Emit, Listen>(http, { adapter: RoomAdapter, wsEngine: GatheringWebSocketServer });
const bridge: Bridge = attachBridge(server, http, { authenticate: async (request) => request.url !== undefined });
const socket: Socket<Listen, Emit> = io("http://localhost:1", { autoConnect: false, WebSocket });
socket.on("news", (n) => n.toFixed());
const rooms = createRooms(socket, { name: "Ada" });
const lobby: Room<string> = rooms.room("lobby");
lobby.on("message", ({ data }) => data.toUpperCase());
rooms.close();
// @ts-expect-error there is no such event
socket.emit("tell", 1);
// @ts-expect-error there is no such option
attachBridge(server, http, { pth: "/x" });
export const all = [bridge.clientsCount, same === attachBridge, CLOSE_CODES.slowReader.code, typeof createRoomsServer];
`.replace("attachBridge(server, http, { pth", "if (Math.random() < 0) attachBridge(server, http, { pth");

describe("the package", () => {
  let folder: string;
  let installed: string;
  let files: string[];

  before(function () {
    this.timeout(60_000);
    folder = mkdtempSync(join(tmpdir(), "crossroom-package-"));
    const packed = execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [{ filename, files: contents }] = JSON.parse(packed) as [
      { filename: string; files: { path: string }[] },
    ];
    files = contents.map(({ path }) => path);
    const modules = join(folder, "node_modules");
    installed = join(modules, "crossroom");
    mkdirSync(installed, { recursive: true });
    execFileSync("tar", ["-xzf", join(folder, basename(filename)), "--strip-components=1", "-C", installed]);
    // Its dependencies, and no other package, but for Node's types.
    const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as { dependencies: object };
    for (const name of [...Object.keys(dependencies), "@types/node"]) {
      mkdirSync(dirname(join(modules, name)), { recursive: true });
      symlinkSync(join(process.cwd(), "node_modules", name), join(modules, name));
    }
  });
  after(() => rmSync(folder, { recursive: true }));

  it("holds the compiled bridge, server and clients, the documents, and nothing else", () => {
    const allowed =
      /^(dist\/(bridge|server|clients)\/[\w./-]+\.(js|js\.map|d\.ts|html|css|svg|png|ico)|docs\/[\w.-]+\.(md|json)|(README|PROTOCOL|CHANGELOG)\.md|LICENSE|package\.json)$/;
    expect(files.filter((path) => !allowed.test(path))).to.deep.equal([]);
    expect(files).to.include.members([
      "dist/bridge/index.js",
      "dist/bridge/index.d.ts",
      "dist/server/main.js",
      "dist/clients/typescript/index.js",
      "dist/clients/typescript/index.d.ts",
      "dist/clients/demo/index.html",
      "LICENSE",
      "README.md",
    ]);
  });

  it("can be imported by its names, and type-checks in a strict project", function () {
    this.timeout(60_000);
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    writeFileSync(join(folder, "consumer.ts"), CONSUMER);
    const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
    const options = [
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2022",
      "--types",
      "node",
      "--skipLibCheck",
    ];
    execFileSync(process.execPath, [tsc, ...options, "consumer.ts"], { cwd: folder, stdio: "inherit" });
    const script = 'import("./consumer.js").then(({ all }) => console.log(JSON.stringify(all)))';
    const printed = execFileSync(process.execPath, ["-e", script], { cwd: folder, encoding: "utf8" });
    expect(JSON.parse(printed)).to.deep.equal([0, true, 4503, "function"]);
  });

  it("starts from its command line", () => {
    const main = join(installed, "dist/server/main.js");
    const version = execFileSync(process.execPath, [main, "--version"], { encoding: "utf8" }).trim();
    const { version: expected } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    expect(version).to.equal(expected);
  });

  it("has no source map that points at a source that is not there, nor a stray file beside the demo", () => {
    const demo = join(installed, "dist/clients/demo");
    const names = readdirSync(demo, { recursive: true, encoding: "utf8" });
    expect(
      names
        .filter((name) => /\.(ts|json)$/.test(name) && !name.endsWith(".d.ts"))
        .map((name) => relative(demo, name)),
    ).to.deep.equal([]);
  });
});
