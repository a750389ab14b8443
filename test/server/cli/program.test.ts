import { expect } from "chai";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { within } from "../../support/deadline.js";
import { belowPath } from "../support/below-path.js";
import { runHere } from "../auth/support/command-line.js";
import { startCliServer } from "./support/server.js";
import { TestTerminal } from "./support/terminal.js";

describe("the command line", () => {
  it("says that there is no such command, and which one may be meant", async () => {
    const { code, stderr, config } = await runHere(["strat"]);
    expect(code).to.equal(2);
    expect(config).to.equal(undefined);
    expect(stderr).to.include("unknown command 'strat'").and.to.include("Did you mean start?");
    expect((await runHere(["xyzzy", "--port", "1"])).stderr).to.include("unknown command 'xyzzy'");
  });

  it("starts the server where no command is named", async () => {
    expect((await runHere([])).config).to.include({ port: 3000 });
    expect((await runHere(["--port", "4000"])).config).to.include({ port: 4000 });
    expect((await runHere(["start", "--port", "4000"])).config).to.include({ port: 4000 });
  });

  for (const argv of [
    ["start", "--prot", "1"],
    ["--prot", "1"],
    ["token", "--usr", "ada"],
    ["join"],
    ["send"],
    ["check-config", "extra"],
  ]) {
    it(`names the help of the command itself after a mistake in: ${argv.join(" ")}`, async () => {
      const command = argv[0]?.startsWith("-") === true ? "start" : (argv[0] ?? "");
      const terminal = new TestTerminal(argv);
      expect(await terminal.exited()).to.equal(2);
      expect(terminal.problems.left.join("\n")).to.include(`(crossroom ${command} --help lists its options)`);
    });
  }

  describe("check-config", () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "crossroom-check-"));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    const check = async (file: object): Promise<{ code: number | null; stdout: string; stderr: string }> => {
      const path = join(folder, "crossroom.json");
      writeFileSync(path, JSON.stringify(file));
      const main = new URL("../../../server/main.js", import.meta.url).pathname;
      const env = {
        PATH: process.env["PATH"] ?? "",
        JWT_SECRET: "a secret of more than 32 bytes, or it is refused",
      };
      const child = spawn(process.execPath, [main, "check-config", "--config", path], { env });
      let [stdout, stderr] = ["", ""];
      child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
      child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
      const code = await within(
        new Promise<number | null>((resolve) => child.once("close", resolve)),
        "check-config to end",
      );
      return { code, stdout, stderr };
    };

    it("prints what holds, without the secret, and starts nothing", async () => {
      const { code, stdout, stderr } = await check({ port: 4321, rooms: [{ pattern: "lobby" }] });
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
      expect(stdout).to.include('"port": 4321').and.to.include("The configuration is good.");
      expect(stdout).not.to.include("a secret");
    });

    it("warns of rules that can name one room, as a start does", async () => {
      const { code, stderr } = await check({ rooms: [{ pattern: "team-*" }, { pattern: "team-a" }] });
      expect(code).to.equal(0);
      expect(stderr).to.match(/^warning: the rules of "team-\*" and "team-a" can name one room: .*\n$/);
    });

    for (const [title, file, words] of [
      ["a field that is not known", { prot: 1 }, "prot"],
      ["a rule that is wrong", { rooms: [{ pattern: "{" }] }, "pattern"],
      ["a certificate that is not there", { tls: { cert: "c.pem", key: "k.pem" } }, "c.pem"],
      ["a key that is not there", { auth: { publicKeyFile: "p.pem" } }, "p.pem"],
    ] as const) {
      it(`ends with 2 for ${title}`, async () => {
        const { code, stdout, stderr } = await check(file);
        expect({ code, stdout }).to.deep.equal({ code: 2, stdout: "" });
        expect(stderr)
          .to.match(/^error: /)
          .and.to.include(words);
      });
    }
  });
});

describe("the commands, where a proxy has the server below a path", () => {
  it("find the bridge and the operators' requests there", async () => {
    const server = await startCliServer();
    const proxy = belowPath(server.url, "/app");
    try {
      await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
      const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/app/`;
      const published = new TestTerminal(["publish", "lobby", "Hello", "--url", url]);
      expect(await published.line()).to.match(/^published to lobby/);
      expect(await published.exited()).to.equal(0);
      const admin = server.token("ops", { crossroom_admin: true });
      const revoked = new TestTerminal(["revoke", "--user", "eve", "--url", url, "--token", admin]);
      expect(await revoked.line()).to.equal("Revoked: the tokens of eve");
      const shown = new TestTerminal(["inspect", "--url", url, "--token", admin]);
      expect(await shown.line()).to.match(/^ROOM/);
      expect(await shown.exited()).to.equal(0);
    } finally {
      proxy.close();
      proxy.closeAllConnections();
      await server.close();
    }
  });
});
