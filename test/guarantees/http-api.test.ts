/** What the HTTP API promises, against a server that is killed. */
import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { within } from "../support/deadline.js";
import { ServerProcess } from "../server/support/child.js";

const MAIN = fileURLToPath(new URL("../../server/main.js", import.meta.url));

interface Published {
  id: string;
  position: { epoch: string; offset: number };
  duplicate: boolean;
}

describe("guarantees of the HTTP API when the server is killed", () => {
  let folder: string;
  let server: ServerProcess;
  let url: string;
  let key: string;

  const start = async (): Promise<void> => {
    server = new ServerProcess(["--port", "0", "--data", folder, "--no-demo", "--log-level", "error"]);
    url = await server.listening();
  };
  const ask = async (at: string, body?: object): Promise<{ status: number; body: unknown }> => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const answer = await fetch(`${at}/crossroom/v1/rooms/r/messages`, { headers, ...sent });
    return { status: answer.status, body: await answer.json() };
  };
  const logged = async (): Promise<unknown[]> => {
    const { messages } = (await ask(url)).body as { messages: { data: unknown }[] };
    return messages.map(({ data }) => data);
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "crossroom-http-"));
    await start();
    const args = [MAIN, "key", "create", "--data", folder, "--scope", "publish,read"];
    key = execFileSync(process.execPath, args, { encoding: "utf8" }).trim();
  });
  afterEach(async () => {
    await server.stop("SIGKILL");
    rmSync(folder, { recursive: true });
  });

  it("a publish whose answer was lost with the server is kept once, and the retry says so", async () => {
    const { port } = new URL(url);
    // The answer comes to the one in between, and goes no further: the server is killed after it has kept the message.
    const between = await swallowAnswers(Number(port));
    const body = { data: "paid", id: "payment-1" };
    const lost = ask(between.url, body).then(
      () => "answered",
      () => "lost",
    );
    await within(between.swallowed, "the answer");
    await server.stop("SIGKILL");
    between.close();
    expect(await lost).to.equal("lost");
    await start();
    const again = await ask(url, body);
    expect(again).to.deep.include({ status: 200 });
    expect(again.body).to.deep.include({ id: "payment-1", duplicate: true });
    expect((again.body as Published).position.offset).to.equal(1);
    expect(await logged()).to.deep.equal(["paid"]);
  });

  it("under kills at any moment, every publish that was tried again until it was answered is kept once", async () => {
    const all = Array.from({ length: 60 }, (_, n) => n);
    const publish = async (n: number): Promise<void> => {
      for (;;) {
        const answer = await ask(url, { data: n, id: `m${n}` }).catch(() => undefined);
        if (answer !== undefined && answer.status < 300) return;
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const publishing = Promise.all(all.map(publish));
    for (let kill = 0; kill < 3; kill++) {
      await ask(url, { data: "tick", id: `tick-${kill}` });
      await server.stop("SIGKILL");
      await start();
    }
    await within(publishing, "all publishes", 20_000);
    const kept = (await logged()).filter((data) => data !== "tick");
    expect(kept.sort((a, b) => Number(a) - Number(b))).to.deep.equal(all);
  });
});

/** Passes requests on, and keeps the answers. */
async function swallowAnswers(
  port: number,
): Promise<{ url: string; swallowed: Promise<void>; close: () => void }> {
  let server: Server | undefined;
  const swallowed = new Promise<void>((resolve) => {
    server = createServer((client) => {
      const upstream = connect(port, "127.0.0.1");
      client.pipe(upstream);
      upstream.once("data", () => resolve());
      for (const socket of [client, upstream]) socket.on("error", () => undefined);
      upstream.on("close", () => client.destroy());
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", () => resolve()));
  const { port: own } = server?.address() as AddressInfo;
  return { url: `http://127.0.0.1:${own}`, swallowed, close: () => void server?.close() };
}
