import { expect } from "chai";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Outcome } from "./support/partial-writes.js";

const PROGRAM = fileURLToPath(new URL("support/partial-writes.js", import.meta.url));

describe("writes that the kernel takes in parts", function () {
  this.timeout(60_000);

  it("arrive whole, in order and once, and do not end the process", async () => {
    const child = spawn(process.execPath, [PROGRAM], { stdio: ["ignore", "pipe", "pipe"] });
    const [end, printed, trouble] = await Promise.all([
      once(child, "exit"),
      text(child.stdout),
      text(child.stderr),
    ]);
    expect(end, trouble).to.deep.equal([0, null]);
    const { attached, written, read } = JSON.parse(printed) as Outcome;
    expect(attached).to.be.greaterThan(0);
    expect(read).to.deep.equal({ bytes: written, wrong: 0 });
  });
});
