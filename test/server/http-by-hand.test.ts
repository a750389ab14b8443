/** docs/http-bridge.md: what its commands print is what it says. */
import { expect } from "chai";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { describeWith } from "../support/machine.js";
import { startRooms, type Running } from "./support/server.js";

/** Printed between the commands of two blocks. */
const MARK = "---- next ----";

describeWith(["curl"], "docs/http-bridge.md", function () {
  this.timeout(60_000);
  let server: Running;
  before(async () => {
    server = await startRooms({});
  });
  after(() => server.close());

  it("has commands that print what it says", async () => {
    const page = readFileSync("docs/http-bridge.md", "utf8");
    const blocks = [...page.matchAll(/```sh\n([^]*?)```\n\n```text\n([^]*?)```/g)];
    expect(blocks).to.have.length(6);
    const script = blocks.map(([, commands = ""]) => `${commands}\necho\necho '${MARK}'\n`).join("");
    const bash = spawn("bash", ["-s"], { stdio: ["pipe", "pipe", "inherit"] });
    bash.stdin.end(script.replace("http://localhost:3000", server.url));
    const printed = (await text(bash.stdout)).split(MARK);
    for (const [index, [, commands = "", said = ""]] of blocks.entries()) {
      const pattern = said.trim().split("...").map(escape).join("[^]*");
      expect(printed[index]?.trim(), commands).to.match(new RegExp(`^${pattern}$`));
    }
  });
});

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
