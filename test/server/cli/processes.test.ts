/** The commands as users run them: processes of their own, against a server that is one too. */
import { expect } from "chai";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { ServerProcess } from "../support/child.js";

const MAIN = fileURLToPath(new URL("../../../server/main.js", import.meta.url));

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `crossroom` to its end. @param input All that it gets to read. */
async function crossroom(
  args: readonly string[],
  env: Record<string, string> = {},
  input = "",
): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
  });
  child.stdin.end(input);
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { code, stdout, stderr };
}

describe("the commands of the terminal", function () {
  this.timeout(60_000); // Each starts several processes, one after the other.
  let folder: string;
  let server: ServerProcess;
  let env: Record<string, string>;

  const token = async (user: string, ...args: string[]): Promise<string> => {
    const { stdout, stderr } = await crossroom(["token", "--data", folder, "--user", user, ...args]);
    expect(stderr).to.equal("");
    return stdout.trim();
  };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "crossroom-cli-"));
    server = new ServerProcess(["--port", "0", "--data", folder, "--log-level", "error"]);
    env = { CROSSROOM_URL: await server.listening(), CROSSROOM_TOKEN: await token("ada", "--name", "Ada") };
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  it("publish what is piped in, and show what is in the room", async () => {
    const first = await crossroom(["join", "lobby"], env, "Hello\nthere\n");
    expect(first).to.include({ code: 0, stderr: "" });
    const second = await crossroom(["join", "lobby", "--history", "2", "--json"], env);
    expect(second).to.include({ code: 0, stderr: "" });
    const lines = second.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; data?: unknown });
    expect(lines.map(({ type, data }) => [type, data])).to.deep.equal([
      ["joined", undefined],
      ["message", "Hello"],
      ["message", "there"],
      ["left", undefined],
    ]);
  });

  it("send to an inbox, and say with the exit code whether it is there", async () => {
    expect(await crossroom(["send", "ben", "Call me"], env)).to.include({ code: 0, stderr: "" });
    expect(await crossroom(["send", "ben"], env, "from a pipe\n")).to.include({ code: 0, stderr: "" });
    expect(await crossroom(["send", "ben", "x"], { ...env, CROSSROOM_TOKEN: "bad" })).to.include({
      code: 1,
      stdout: "",
    });
    expect(await crossroom(["send"], env)).to.include({ code: 2, stdout: "" });
  });

  it("show what a server has, from its folder and over HTTP", async () => {
    const admin = await token("op", "--claim", "crossroom_admin=true");
    const ofFolder = await crossroom(["inspect", folder, "--json"]);
    const ofServer = await crossroom(["inspect", "--json", env["CROSSROOM_URL"] ?? ""], {
      CROSSROOM_TOKEN: admin,
    });
    for (const { code, stdout, stderr } of [ofFolder, ofServer]) {
      expect(stderr).to.equal("");
      expect(code).to.equal(0);
      const { rooms, inboxes } = JSON.parse(stdout) as {
        rooms: { room: string }[];
        inboxes: { user: string }[];
      };
      expect(rooms.map(({ room }) => room)).to.include("lobby");
      expect(inboxes.map(({ user }) => user)).to.include("ben");
    }
  });

  it("are in the help", async () => {
    const { code, stdout } = await crossroom(["--help"]);
    expect(code).to.equal(0);
    for (const command of ["join", "send", "inspect"])
      expect(stdout).to.match(new RegExp(`^  ${command} `, "m"));
  });
});
