/** Random requests: every answer is one of PROTOCOL.md's, and neither the server nor another client is hurt. */
import { expect } from "chai";
import { connect } from "node:net";
import { HTTP_ERRORS } from "../../../bridge/http/errors.js";
import { until, within } from "../../support/deadline.js";
import { HttpSession } from "../../support/http-session.js";
import { Random, SEED } from "../../support/random.js";
import { parseAnswer } from "../../support/raw-websocket.js";
import { BridgeServer, stopServers } from "../support/bridge-server.js";
import { Caller } from "./support/caller.js";

const REQUESTS = Number(process.env["FUZZ_REQUESTS"] ?? 4_000);
const AT_ONCE = 8;

const GOOD = new Set([101, 200, 201, 204]);
const CODES = new Map(
  Object.values(HTTP_ERRORS).map(({ code, status }) => [code as string, status as number]),
);
/** Node's own, for what is no HTTP. */
const NODE = new Set([400, 408, 413, 417, 431]);

class RequestFuzzer {
  readonly #random: Random;
  readonly #port: number;
  #sessions: string[] = [];

  constructor(port: number, random: Random) {
    this.#port = port;
    this.#random = random;
  }

  async run(count: number): Promise<void> {
    for (let done = 0; done < count; done++) {
      if (this.#sessions.length === 0 || this.#random.oneIn(20)) {
        this.#sessions = [...this.#sessions.slice(-3), (await Caller.open(this.#port)).session];
      }
      await this.#try(this.#request());
    }
  }

  #request(): { bytes: Buffer; isValid: boolean } {
    const random = this.#random;
    const body = this.#body();
    const method = random.pick(["GET", "GET", "POST", "POST", "POST", "DELETE", "OPTIONS", "HEAD", "PUT"]);
    const number = (): string =>
      random.pick(["0", "0", "1", "2", String(random.below(1_000)), "-1", "1.5", "", "9".repeat(20), "x"]);
    const headers: Record<string, string> = { Host: "x", Connection: "close" };
    const some: Record<string, string> = {
      "Crossroom-Session": random.pick([...this.#sessions, ...this.#sessions, "a.b", "", "__proto__"]),
      "Crossroom-Seq": number(),
      "Crossroom-Ack": number(),
      "Crossroom-Hop": "1",
      Accept: random.pick(["text/event-stream", "text/plain", "*/*", "x"]),
      Origin: random.pick(["null", "https://a.example", "%"]),
      "Content-Encoding": random.pick(["gzip", "identity", "br"]),
      "Content-Type": random.pick(["application/x-ndjson", "text/plain", "x"]),
      Expect: random.pick(["100-continue", "x"]),
    };
    for (const [name, value] of Object.entries(some)) if (!random.oneIn(3)) headers[name] = value;
    headers["Crossroom-Wait"] = random.pick(["0", "1", "5"]);
    // Without a length the body would be a next request, and a wrong one.
    headers["Content-Length"] = String(body.length);
    const path = random.pick(["/bridge", "/bridge/", "/bridge?a=1", "/bridge?%ff"]);
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const bytes = Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`), body]);
    if (!random.oneIn(8)) return { bytes, isValid: true };
    const broken = Buffer.from(bytes);
    for (let times = random.below(4); times >= 0; times--)
      broken[random.below(broken.length)] = random.below(256);
    return {
      bytes: random.oneIn(2) ? broken : broken.subarray(0, random.below(broken.length)),
      isValid: false,
    };
  }

  #body(): Buffer {
    const random = this.#random;
    switch (random.below(5)) {
      case 0:
        return Buffer.alloc(0);
      case 1:
        return random.bytes(random.below(100));
      case 2:
        return Buffer.from("\n".repeat(random.below(50)));
      default: {
        const frames = [
          '{"type":"connect"}',
          '{"type":"ping"}',
          '{"type":"event","event":"x","args":[1]}',
          "{",
          "[]",
          "null",
        ];
        return Buffer.from(Array.from({ length: random.below(6) }, () => random.pick(frames)).join("\n"));
      }
    }
  }

  async #try({ bytes, isValid }: { bytes: Buffer; isValid: boolean }): Promise<void> {
    const socket = connect({ port: this.#port, host: "127.0.0.1" });
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      // A stream goes on until its client has had enough.
      if (chunk.includes("text/event-stream")) socket.destroy();
    });
    socket.on("error", () => socket.destroy());
    const closed = new Promise((resolve) => socket.once("close", resolve));
    if (isValid) socket.write(bytes);
    else socket.end(bytes);
    await within(closed, `the end of ${JSON.stringify(bytes.toString("latin1"))}`);
    const text = Buffer.concat(chunks).toString("latin1").replace("HTTP/1.1 100 Continue\r\n\r\n", "");
    if (text === "") {
      if (isValid) throw new Error(`no answer to ${JSON.stringify(bytes.toString("latin1"))}`);
      return;
    }
    const { status, body } = parseAnswer(text);
    const code = /^\{"error":\{"code":"(\w+)","message":"/.exec(body)?.[1];
    const isKnown =
      code === undefined
        ? GOOD.has(status) || NODE.has(status) || status === 405
        : CODES.get(code) === status;
    if (!isKnown && isValid) {
      throw new Error(`${status} ${body} came to ${JSON.stringify(bytes.toString("latin1"))}`);
    }
  }
}

describe(`under ${REQUESTS} random requests over HTTP (FUZZ_SEED=${SEED})`, function () {
  this.timeout(120_000);
  afterEach(stopServers);

  it("the server answers each, and others see all that they are sent, once and in order", async () => {
    const server = await BridgeServer.start({ http: { resumeTimeout: 1_000 } });
    server.io.on("connection", (socket) => void socket.join("room"));
    const numbers = { sse: [] as unknown[], polling: [] as unknown[] };
    const honest = await Promise.all(
      (["sse", "polling"] as const).map(async (reading) => {
        const session = await HttpSession.open(Caller.at(server.port), { reading });
        session.begin({
          onFrame: (text) => {
            const { event, args } = JSON.parse(text) as { event?: string; args?: unknown[] };
            if (event === "n") numbers[reading].push(args?.[0]);
          },
          onClose: (code) => numbers[reading].push(`closed with ${code}`),
        });
        session.send('{"type":"connect"}');
        return session;
      }),
    );
    await until(() => server.io.of("/").sockets.size === 2, "both to be there");
    let sent = 0;
    const sending = setInterval(() => server.io.to("room").emit("n", sent++), 5);
    const fuzzers = Array.from(
      { length: AT_ONCE },
      (_, n) => new RequestFuzzer(server.port, new Random(SEED + n)),
    );
    try {
      await Promise.all(fuzzers.map((fuzzer) => fuzzer.run(REQUESTS / AT_ONCE)));
    } finally {
      clearInterval(sending);
    }
    await until(() => Object.values(numbers).every(({ length }) => length >= sent), "all to have come");
    const all = Array.from({ length: sent }, (_, n) => n);
    expect(numbers).to.deep.equal({ sse: all, polling: all });
    honest.forEach((session) => session.cut());
    await until(() => server.bridge.clientsCount === 0, "all to be gone", 10_000);
  });
});
