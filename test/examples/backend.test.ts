/** docs/backend.md's example, run as it stands. */
import { expect } from "chai";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createRoomsServer } from "../../server/index.js";
import { PROTOCOLS } from "../server/support/clients.js";
import { freePort } from "../support/free-port.js";

const page = readFileSync("docs/backend.md", "utf8");

describe("docs/backend.md", () => {
  it("has an example that works as it stands", async () => {
    const port = await freePort();
    const [, code = ""] = /^```js\n(.*?)^```$/ms.exec(page) ?? [];
    // Where the packages are found by their names.
    const folder = mkdtempSync("dist/backend-");
    const file = join(folder, "server.mjs");
    writeFileSync(file, code.replaceAll("3000", String(port)));
    const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    try {
      expect((await lines.next()).value).to.equal("1 2");
      const client = PROTOCOLS.bridge.open(`http://127.0.0.1:${port}`);
      await client.enter("Cyd");
      const joined = await client.call("join", { room: "staff-room" });
      expect(joined).to.deep.include({ ok: true, count: 1 });
      expect((await lines.next()).value).to.equal("Cyd came to staff-room: 1 there");
      const refused = await client.call("publish", { room: "staff-room", data: 1 });
      expect(refused).to.deep.include({ ok: false });
      expect(JSON.stringify(refused)).to.contain("for the staff only");
      await client.call("join", { room: "order-17", history: 10 });
      await client.ask("publish", { room: "order-17", data: "  hello  " });
      expect(await client.nextEvent("message")).to.deep.include({ data: "hello" });
      client.close();
    } finally {
      const ended = once(child, "exit");
      child.kill();
      await ended;
      rmSync(folder, { recursive: true });
    }
  });

  it("names every call that there is, and no other", async () => {
    const rooms = createRoomsServer(createServer());
    const [, table = ""] = /## Calls\n(.*?)\n## /s.exec(page) ?? [];
    const rows = [...table.matchAll(/^\| (`.*?) \|/gm)].map(([, cell = ""]) => cell);
    const named = rows.flatMap((cell) => [...cell.matchAll(/`(\w+)\(/g)].map(([, name = ""]) => name));
    const real = Object.entries(rooms).filter(([, value]) => typeof value === "function");
    await rooms.close();
    expect(named).to.have.members(real.map(([name]) => name).filter((name) => !OTHERS.includes(name)));
  });
});

/** Functions of the server that are no calls of a backend: docs/server.md has them. */
const OTHERS = ["close"];
