import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Results } from "../bench/compare/results.js";
import { describeWith } from "./support/machine.js";

/** Milliseconds: it starts a dozen processes, on a machine that may be busy. */
const RUN_TIMEOUT = 120_000;

interface Ended {
  stdout: string;
  stderr: string;
  status: number | null;
}

/** Runs the program with a little of everything; it is to leave nothing in the folder. */
async function compare(args: string): Promise<Ended & { left: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), "crossroom-test-"));
  try {
    const program = join(import.meta.dirname, "..", "bench", "compare.js");
    const all = [program, "--short", "--folder", folder, ...args.split(" ")];
    const child = spawn(process.execPath, all, { stdio: ["ignore", "pipe", "pipe"] });
    const ended: Ended = { stdout: "", stderr: "", status: null };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (ended.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (ended.stderr += text));
    const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
    return { ...ended, status, left: readdirSync(folder) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("npm run compare", function () {
  this.timeout(RUN_TIMEOUT);
  /** In a cut messages are lost, and with what each has for that none is. */
  function expectLosses({ cuts }: Results): void {
    for (const { name, by, kind, cut } of cuts) {
      const lost = cut.map((client) => client.lost);
      if (kind === "with recovery") expect(lost, `${name}, ${by}`).to.deep.equal([0]);
      else expect(lost[0], `${name}, ${by}`).to.be.above(0);
    }
  }

  it("measures every part, prints one JSON object and nothing else, and leaves nothing behind", async () => {
    const { stdout, stderr, status, left } = await compare("--json --subjects sse,ws");
    expect(status, stderr).to.equal(0);
    const results = JSON.parse(stdout) as Results;
    expect(results.subjects.map(({ name }) => name)).to.deep.equal(["sse", "ws"]);
    for (const { name, ...figures } of results.subjects) {
      const { latency, latencyFast, bytes, bytesFast, sending, cpuMicros, first, burst } = figures;
      expect(first?.roundTrips, name).to.be.above(1);
      expect(burst, name).to.be.above(50);
      for (const one of [latency, latencyFast]) expect(one?.p50, name).to.be.above(0);
      for (const one of [bytes, bytesFast]) expect(one?.down, name).to.be.above(100);
      expect(sending?.up, name).to.be.above(100);
      expect(cpuMicros, name).to.have.length(1);
    }
    expectLosses(results);
    expect(left).to.be.empty;
  });

  it("brings each message by both ways into one room, and says which way had it first", async () => {
    const { stdout, stderr, status } = await compare(
      "--json --only steady,cuts --subjects rooms-socketio,rooms-plain",
    );
    expect(status, stderr).to.equal(0);
    const results = JSON.parse(stdout) as Results;
    expect(results.pairs?.count).to.equal(3);
    expectLosses(results);
  });

  it("fails where a message is lost outside a cut", async () => {
    const { stdout, stderr, status } = await compare("--only steady --subjects sse,ws --lose-one ws");
    expect(status).to.equal(1);
    expect(stdout).to.equal("");
    expect(stderr).to.include("ws: 1 of 3 messages were lost, outside a cut");
  });

  it("says in one line what is left out where nginx is missing", async () => {
    const { stderr, status } = await compare("--only steady,proxies --subjects ws --nginx /nowhere/nginx");
    expect(status, stderr).to.equal(0);
    expect(stderr).to.match(/^The table of proxies is left out: .*nginx-light/m);
  });
});

describeWith(["nginx"], "npm run compare, of proxies", function ([nginx]) {
  this.timeout(RUN_TIMEOUT);

  it("counts what comes through nginx, as most people write it and as its documentation does", async () => {
    const { stdout, stderr, status } = await compare(
      `--json --only steady,proxies --subjects sse,ws,socketio --nginx ${nginx}`,
    );
    expect(status, stderr).to.equal(0);
    const { proxies } = JSON.parse(stdout) as Results;
    const rows = proxies.map(({ name, unbuffered, of, came }) => {
      const title = unbuffered ? `${name} unbuffered` : name;
      return `${title}: ${came.proxy_pass} and ${came.upgrade} of ${of}`;
    });
    expect(rows).to.deep.equal([
      "sse: 0 and 2 of 2",
      "sse unbuffered: 2 and 2 of 2",
      "ws: 0 and 2 of 2",
      "socketio: 2 and 2 of 2",
    ]);
  });
});
