import { expect } from "chai";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { createHttpApi } from "../../../server/http-api/http-api.js";
import { Api, type Asked } from "./support/api.js";
import { sendRaw } from "./support/raw-http.js";

const PATH = "/rooms/r/messages";
const bytes = (...parts: (string | number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));
const nested = (depth: number): string => `{"data":${"[".repeat(depth)}${"]".repeat(depth)}}`;

describe("what the HTTP API makes of requests that are not as they should be", () => {
  let api: Api;
  before(async () => {
    api = await Api.start();
  });
  after(() => api.close());
  afterEach("nothing has failed, and the server answers", async () => {
    expect(api.lines.filter(({ message }) => message.includes("failed"))).to.deep.equal([]);
    expect(await api.refusal("/livez")).to.equal("200");
  });

  const refused: [what: string, asked: Asked, refusal: string][] = [
    ["data 100 deep, which is taken", { body: nested(100) }, "201"],
    ["data 101 deep", { body: nested(101) }, "400 invalid_argument"],
    ["a body 20,000 deep", { body: nested(20_000) }, "400 invalid_argument"],
    ["half of a surrogate pair in data", { body: '{"data":"\\ud800"}' }, "400 invalid_argument"],
    ["half of one in a key", { body: '{"data":{"\\udc00":1}}' }, "400 invalid_argument"],
    ["half of one in an id", { body: '{"data":1,"id":"\\ud83d"}' }, "400 invalid_argument"],
    ["a whole pair as escapes, which is taken", { body: '{"data":"\\ud83d\\ude00"}' }, "201"],
    ["bytes that are not UTF-8", { body: bytes('{"data":"', [0xff], '"}') }, "400 invalid_argument"],
    ["a surrogate as UTF-8", { body: bytes('{"data":"', [0xed, 0xa0, 0x80], '"}') }, "400 invalid_argument"],
    ["a byte order mark", { body: bytes([0xef, 0xbb, 0xbf], '{"data":1}') }, "400 invalid_argument"],
    ["no body", { method: "POST", headers: { "content-type": "application/json" } }, "400 invalid_argument"],
    ["an empty body", { body: "" }, "400 invalid_argument"],
    ["a list", { body: "[]" }, "400 invalid_argument"],
    ["null", { body: "null" }, "400 invalid_argument"],
    ["text that is not JSON", { body: "{'data':1}" }, "400 invalid_argument"],
    ["two values", { body: '{"data":1}{"data":2}' }, "400 invalid_argument"],
    ["a number beyond those of a double", { body: '{"data":1e999}' }, "400 invalid_argument"],
    ["a key twice", { body: '{"data":1,"data":2}' }, "400 invalid_argument"],
    ["a key twice, once with an escape", { body: '{"data":{"a":1,"\\u0061":2}}' }, "400 invalid_argument"],
    [
      "the same key in two objects, which is taken",
      { body: '{"data":[{"a":1},{"a":{"a":"\\"a\\":"}}]}' },
      "201",
    ],
    ["a key __proto__", { body: '{"data":{"__proto__":1}}' }, "400 invalid_argument"],
    ["__proto__ as a field", { body: '{"data":1,"__proto__":{"id":"x"}}' }, "400 invalid_argument"],
    ["a field that is not known", { body: { data: 1, datum: 2 } }, "400 invalid_argument"],
    ["no data", { body: {} }, "400 invalid_argument"],
    ["data that is null, which is taken", { body: { data: null } }, "201"],
    ["an id that is no text", { body: { data: 1, id: 1 } }, "400 invalid_argument"],
    ["as without a user", { body: { data: 1, as: { name: "Ada" } } }, "400 invalid_argument"],
    ["a message that is too large", { body: { data: "x".repeat(65_537) } }, "413 message_too_large"],
    [
      "a body that is too large",
      { body: { data: "x".repeat(3 * 65_536 + 16 * 1024) } },
      "413 body_too_large",
    ],
    ["no content type", { body: bytes("{}"), headers: { "content-type": "" } }, "415 unsupported_media_type"],
    [
      "another content type",
      { body: "{}", headers: { "content-type": "text/json" } },
      "415 unsupported_media_type",
    ],
    [
      "a form",
      { body: "data=1", headers: { "content-type": "application/x-www-form-urlencoded" } },
      "415 unsupported_media_type",
    ],
    [
      "another charset",
      { body: '{"data":1}', headers: { "content-type": "application/json; charset=utf-16" } },
      "415 unsupported_media_type",
    ],
    [
      "UTF-8 by name, which is taken",
      { body: '{"data":1}', headers: { "content-type": "Application/JSON; charset=UTF-8" } },
      "201",
    ],
    [
      "a content encoding",
      { body: '{"data":1}', headers: { "content-encoding": "gzip" } },
      "415 unsupported_media_type",
    ],
    ["another method", { method: "PATCH", body: { data: 1 } }, "405 method_not_allowed"],
    [
      "OPTIONS, as of a page elsewhere",
      { method: "OPTIONS", headers: { origin: "https://evil.example" } },
      "405 method_not_allowed",
    ],
  ];
  for (const [what, asked, refusal] of refused) {
    it(`${what}: ${refusal}`, async () => {
      expect(await api.refusal(PATH, asked)).to.equal(refusal);
    });
  }

  it("names every field that is wrong, and a key that is there twice", async () => {
    const { body } = await api.ask(PATH, { body: { data: 1, id: "", as: { user: 1, x: 1 }, more: 1 } });
    const fields = (body["errors"] as { field: string }[]).map(({ field }) => field);
    expect(fields).to.have.members(["body.id", "body.as.user", "body.as.x", "body.more"]);
    const twice = await api.ask(PATH, { body: '{"data":1,"data":2}' });
    expect(twice.body["detail"]).to.include('the key "data" twice');
  });

  it("says with 405 what is answered, and lets no page of another origin read", async () => {
    const { headers } = await api.ask(PATH, {
      method: "OPTIONS",
      headers: { origin: "https://evil.example" },
    });
    expect(headers.get("allow")).to.equal("POST, GET, HEAD, DELETE");
    expect([...headers.keys()].filter((name) => name.startsWith("access-control"))).to.deep.equal([]);
  });

  it("answers HEAD as GET, without the body", async () => {
    const { status, headers, body } = await api.ask(PATH, { method: "HEAD" });
    expect(status).to.equal(200);
    expect(headers.get("content-type")).to.equal("application/json");
    expect(body).to.deep.equal({});
  });

  /** A request with the good key, from its first line on; the connection is closed behind it. */
  const send = (line: string, headers = "", body = "") =>
    sendRaw(
      api.url,
      `${line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.all}\r\nConnection: close\r\n${headers}\r\n${body}`,
    );
  const BASE = "/crossroom/v1";

  const targets: [target: string, status: number][] = [
    [`GET ${BASE}/rooms/%ZZ`, 400],
    [`GET ${BASE}/rooms/%`, 400],
    [`GET ${BASE}/rooms/%00`, 400],
    [`GET ${BASE}/rooms/%0a`, 400],
    [`GET ${BASE}/rooms/%ff`, 400],
    [`GET ${BASE}/rooms/%ed%a0%80`, 400],
    [`GET ${BASE}/rooms/%c0%ae`, 400],
    [`GET ${BASE}/rooms/${"a".repeat(129)}`, 400],
    [`GET ${BASE}/rooms/%20`, 400],
    [`GET ${BASE}/rooms/..`, 400],
    [`GET ${BASE}/rooms/%2e%2E/messages`, 400],
    [`GET ${BASE}/rooms/./messages`, 400],
    [`GET ${BASE}/../../admin/inspect`, 400],
    [`GET ${BASE}/rooms/a\\b`, 400],
    [`GET ${BASE}/rooms/a#b`, 400],
    [`GET ${BASE}/rooms?limit=%`, 400],
    [`GET ${BASE}/rooms?limit=1?`, 400],
    [`GET ${BASE}/rooms?prefix=a?b`, 200],
    [`GET ${BASE}/rooms?limit=1&limit=1`, 400],
    [`GET ${BASE}/rooms?limit=0`, 400],
    [`GET ${BASE}/rooms?limit=501`, 400],
    [`GET ${BASE}/rooms?limit=1.0`, 400],
    [`GET ${BASE}/rooms?limit=1e1`, 400],
    [`GET ${BASE}/rooms?limit=`, 400],
    [`GET ${BASE}/rooms?live=1`, 400],
    [`GET ${BASE}/rooms?__proto__=1`, 400],
    [`GET ${BASE}/rooms?constructor`, 400],
    [`GET ${BASE}/rooms?callback=x`, 400],
    [`GET ${BASE}/rooms/`, 404],
    [`GET ${BASE}/rooms//messages`, 404],
    [`GET ${BASE}//rooms`, 404],
    [`GET ${BASE}/`, 404],
    [`GET ${BASE}`, 404],
    [`GET ${BASE}/Rooms`, 404],
    [`GET ${BASE}/rooms/a/b/c`, 404],
    [`GET ${BASE}x`, 404],
    [`GET ${BASE}?`, 404],
    [`GET ${BASE}/rooms?limit=1&`, 200],
    // RFC 9112, 3.2.2: whoever the target names, it was sent to this server.
    [`GET http://x${BASE}/rooms`, 200],
    [`GET http://evil.example${BASE}/rooms`, 200],
    [`GET http://x${BASE}/rooms?key=1`, 400],
    [`GET http://x${BASE}/../rooms`, 400],
    [`GET /${BASE}/rooms`, 404],
    ["GET //", 404],
    ["GET /%ZZ", 404],
    ["OPTIONS *", 405],
    [`TRACE ${BASE}/rooms`, 405],
    [`PROPFIND ${BASE}/rooms`, 405],
    [`QUERY ${BASE}/rooms`, 405],
  ];
  for (const [target, expected] of targets) {
    it(`${JSON.stringify(target).slice(0, 80)}: ${expected}`, async () => {
      const { status, head, body } = await send(target);
      expect(status, body).to.equal(expected);
      if (!target.includes(` ${BASE}/`) || status === 200) return;
      expect(head).to.include("content-type: application/problem+json");
      expect(JSON.parse(body)).to.include({ status });
    });
  }

  for (const host of ["", "evil^host", "a:b:c", "[::1", "localhost:99999999", "x\ty"]) {
    it(`does not care for the host ${JSON.stringify(host)}`, async () => {
      const head = `GET ${BASE}/info HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${api.all}\r\nConnection: close\r\n\r\n`;
      expect((await sendRaw(api.url, head)).status).to.equal(200);
    });
  }

  it("cuts off a body without end when it has more than is taken", async () => {
    function* endless(): Generator<string> {
      yield (
        `POST ${BASE}/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.all}\r\n` +
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
      );
      const chunk = " ".repeat(0x10000);
      for (let sent = 0; sent < 2 ** 31; sent += chunk.length) yield `10000\r\n${chunk}\r\n`;
    }
    const { status, head, written } = await sendRaw(api.url, endless());
    // Where the rest is on its way when the connection is closed, the answer may be lost.
    if (!Number.isNaN(status)) {
      expect(status).to.equal(413);
      expect(head).to.include("connection: close");
    }
    expect(written).to.be.lessThan(64 * 2 ** 20);
  });

  it("refuses a body that says how large it is before any of it comes", async () => {
    const head = `POST ${BASE}/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.all}\r\n`;
    const answer = await sendRaw(
      api.url,
      `${head}Content-Type: application/json\r\nContent-Length: 2147483648\r\n\r\n`,
    );
    expect(answer.status).to.equal(413);
    expect(JSON.parse(answer.body)).to.include({ code: "body_too_large" });
  });

  it("reads no body of who has no key", async () => {
    const answer = await sendRaw(
      api.url,
      `POST ${BASE}/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n`,
    );
    expect(answer.status).to.equal(401);
    expect(answer.head).to.include("connection: close");
  });

  it("has nothing to say to who goes away in the middle of a body", async () => {
    const before = api.lines.length;
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    await new Promise<void>((resolve) =>
      socket.write(
        `POST ${BASE}/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.all}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{`,
        () => resolve(),
      ),
    );
    socket.destroy();
    await new Promise((resolve) => socket.once("close", resolve));
    await api.refusal("/livez");
    expect(api.lines.slice(before)).to.deep.equal([]);
  });
});

describe("a body that comes slowly", () => {
  it("is given up with 408 when its time is over", async () => {
    const api = await Api.start();
    const handler = createHttpApi({
      keys: { all: () => api.keys },
      authenticate: () => Promise.reject(new Error("nobody asks")),
      backend: api.server,
      messageBytes: 1_000,
      now: Date.now,
      isClosing: () => false,
      log: { debug: () => undefined, warn: () => undefined, error: () => undefined },
      gathered: { tell: () => undefined },
      bodyTimeout: 50,
    });
    const httpServer = createServer((request, response) => handler.answer(request, response)).listen(
      0,
      "127.0.0.1",
    );
    await new Promise((resolve) => httpServer.once("listening", resolve));
    const { port } = httpServer.address() as AddressInfo;
    const answer = await sendRaw(
      `http://127.0.0.1:${port}`,
      `POST /crossroom/v1/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.all}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{`,
    );
    expect(answer.status).to.equal(408);
    expect(answer.head).to.include("connection: close");
    expect(JSON.parse(answer.body)).to.include({ code: "request_timeout", retryable: true });
    await new Promise((resolve) => httpServer.close(resolve));
    await api.close();
  });
});
