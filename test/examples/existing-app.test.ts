import { expect } from "chai";
import { spawn, type ChildProcess } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { io } from "socket.io-client";
import { PROTOCOLS } from "../server/support/clients.js";
import { play, transcriptsIn } from "../server/support/transcript.js";

const EXAMPLE = "examples/existing-app";
const guide = readFileSync("docs/existing-app.md", "utf8");

/** The example in a folder of its own, installed as its package.json says, but with what was just compiled. */
function install(): string {
  const folder = mkdtempSync(join(tmpdir(), "existing-app-"));
  cpSync(EXAMPLE, folder, { recursive: true, filter: (path) => !path.includes("node_modules") });
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, "@crossroom"), { recursive: true });
  for (const name of ["express", "socket.io"])
    symlinkSync(resolve("node_modules", name), join(modules, name));
  symlinkSync(resolve("dist/bridge"), join(modules, "@crossroom/bridge"));
  return folder;
}

describe("examples/existing-app", () => {
  let folder: string;
  let child: ChildProcess;
  let url: string;

  before(async () => {
    folder = install();
    const started = spawn(process.execPath, ["server.js"], {
      cwd: folder,
      env: { ...process.env, PORT: "0" },
    });
    child = started;
    url = await new Promise((found, failed) => {
      let output = "";
      const read = (chunk: Buffer): void => {
        output += chunk.toString();
        const match = /http:\/\/localhost:\d+/.exec(output);
        if (match !== null) found(match[0]);
      };
      started.stdout.on("data", read);
      started.stderr.on("data", read);
      started.once("exit", (code) => failed(new Error(`ended with ${code ?? "a signal"}: ${output}`)));
    });
  });
  after(async () => {
    const ended = new Promise((done) => child.once("exit", done));
    child.kill();
    await ended;
    rmSync(folder, { recursive: true });
  });

  transcriptsIn(guide).forEach((lines, index) => {
    it(`answers as transcript ${index + 1} of docs/existing-app.md says`, () =>
      play(lines, () => PROTOCOLS.bridge.open(url, false)));
  });

  it("has web pages and plain clients in one room", async () => {
    const web = io(url, { auth: { nickname: "Web" } });
    await web.emitWithAck("join", "both");
    const native = PROTOCOLS.bridge.open(url, false);
    native.send({ type: "connect", auth: { nickname: "Native" } });
    await native.frames.next("connected");
    const joined = new Promise((done) => web.once("joined", done));
    expect(await native.call("join", "both")).to.deep.equal({ room: "both", people: 2 });
    expect(await joined).to.equal("Native");
    web.emit("chat message", "both", "hello");
    expect(await native.frames.next()).to.deep.include({ event: "chat message", args: ["Web", "hello"] });
    web.disconnect();
    native.close();
  });

  it("serves its page", async () => {
    expect(await (await fetch(url)).text()).to.include("<title>Chat</title>");
  });

  it("has the lines that the guide says to add, and marks no others", () => {
    const marked = (text: string): string[] =>
      text.split("\n").filter((line) => line.endsWith("// [bridge]"));
    const added = marked(readFileSync(`${EXAMPLE}/server.js`, "utf8"));
    expect(added).to.have.lengthOf(2);
    expect(marked(guide)).to.deep.equal(added);
  });
});
