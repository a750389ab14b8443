import { expect } from "chai";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { io } from "socket.io-client";
import { WebSocket } from "ws";
import { secretSource } from "../../../server/auth/keys.js";
import { bearerToken, createRequestJudge, requestToken } from "../../../server/auth/request-token.js";
import { apiError } from "../../../server/api/errors.js";
import { Inbox } from "../support/inbox.js";
import { startRooms, type Running } from "../support/server.js";
import { within } from "../../support/deadline.js";
import { authenticator, NOW, SECRET, token } from "./support/tokens.js";

/** As much of a request as carries a token. */
function request(url: string, authorization?: string, query?: Record<string, string>): IncomingMessage {
  const headers = authorization === undefined ? {} : { authorization };
  return { url, headers, ...(query === undefined ? {} : { _query: query }) } as unknown as IncomingMessage;
}

describe("the token of a request", () => {
  it("is that of Authorization: Bearer, in any case", () => {
    expect(requestToken(request("/bridge", "Bearer abc"))).to.equal("abc");
    expect(bearerToken(request("/", "bearer  abc"))).to.equal("abc");
    expect(bearerToken(request("/", "Bearer"))).to.equal("");
    for (const other of ["Basic abc", "Bearerabc", "", undefined])
      expect(bearerToken(request("/", other))).to.be.undefined;
  });

  it("is else that of the query, which has it no more afterwards", () => {
    for (const [url, left] of [
      ["/bridge?token=abc", "/bridge"],
      ["/bridge/?a=1&token=abc&b=%26", "/bridge/?a=1&b=%26"],
      ["/bridge?to%6ben=abc&token=second", "/bridge"],
    ] as const) {
      const one = request(url, undefined, { token: "abc", a: "1" });
      expect(requestToken(one)).to.equal("abc");
      expect(one).to.have.property("url", left);
      expect(one).to.have.deep.property("_query", { a: "1" });
      expect(requestToken(one), "asked again").to.equal("abc");
    }
  });

  it("goes from the query where the header has one too, which goes before it", () => {
    const both = request("/bridge?token=abc", "Bearer def");
    expect(requestToken(both)).to.equal("def");
    expect(both.url).to.equal("/bridge");
  });

  it("is none, and the URL is left as it is, where there is none", () => {
    for (const url of ["/bridge", "/bridge?tokens=1&x=token", "/%zz?%zz=1"]) {
      const one = request(url);
      expect(requestToken(one)).to.be.undefined;
      expect(one.url).to.equal(url);
    }
  });

  it("is judged: a good one and none are let in, a bad one is refused with 401", async () => {
    const judge = createRequestJudge(authenticator({ keys: [secretSource(SECRET, "")], guests: false }));
    expect(await judge(request(`/?token=${await token(SECRET)}`))).to.be.true;
    expect(await judge(request("/"))).to.be.true;
    const message = "the token is not a signed JWT";
    expect(await judge(request("/?token=abc"))).to.deep.equal({ status: 401, message });
    expect(await judge(request("/", "Bearer"))).to.deep.equal({ status: 401, message: "the token is empty" });
  });
});

describe("a request with a token", () => {
  let server: Running;
  /** What the server knows of each connection. */
  const connected = new Inbox<{ user: string; url: string; query: object }>();
  const good = (): Promise<string> => token(SECRET);

  before(async () => {
    server = await startRooms({
      tokens: { keys: [secretSource(SECRET, "")], guests: false },
      now: () => NOW,
    });
    server.io.on("connection", (socket) => {
      const { url, query } = socket.handshake;
      connected.put({ user: socket.data.user, url, query });
    });
  });
  after(() => server.close());

  function openWebSocket(path: string, authorization?: string): Promise<WebSocket> {
    const headers = authorization === undefined ? {} : { authorization };
    const ws = new WebSocket(server.url.replace("http", "ws") + path, { headers });
    const opened = new Promise<WebSocket>((resolve, reject) => {
      ws.once("open", () => resolve(ws)).once("error", reject);
      ws.once("unexpected-response", (_request, response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => (body += text));
        response.once("end", () => reject(new Error(`${response.statusCode ?? 0} ${body}`)));
      });
    });
    return within(opened, "the WebSocket to open");
  }

  for (const [title, path] of [
    ["the bridge", "/bridge?x=1"],
    ["Socket.IO's WebSocket", "/socket.io/?EIO=4&transport=websocket"],
  ] as const) {
    it(`is refused with 401 before the upgrade if it is bad: ${title}`, async () => {
      const expected = '401 {"error":{"code":"unauthorized","message":"the token is not a signed JWT"}}';
      for (const attempt of [openWebSocket(`${path}&token=bad`), openWebSocket(path, "Bearer bad")]) {
        expect(await attempt.catch((error: unknown) => error)).to.have.property("message", expected);
      }
    });
  }

  it("is refused with 401 if it is bad: Socket.IO's polling, whose answers browsers may read", async () => {
    const url = `${server.url}/socket.io/?EIO=4&transport=polling&token=bad`;
    const response = await fetch(url, { headers: { origin: "http://app.example" } });
    expect(response.status).to.equal(401);
    expect(response.headers.get("access-control-allow-origin")).to.equal("*");
    expect(await response.json()).to.have.nested.property("error.code", "unauthorized");
  });

  it("says who one is over the bridge, and is in no URL that the server knows", async () => {
    const ws = await openWebSocket(`/bridge?x=1&token=${await good()}`);
    ws.send('{"type":"connect"}');
    expect(await connected.next()).to.deep.equal({
      user: "ada",
      url: "/bridge?x=1",
      query: { x: "1", EIO: "4", transport: "websocket" },
    });
    ws.close();
  });

  for (const transport of ["polling", "websocket"] as const) {
    it(`says who one is over Socket.IO's ${transport}, and is in no URL that the server knows`, async () => {
      const socket = io(server.url, {
        transports: [transport],
        forceNew: true,
        query: { token: await good() },
      });
      const { user, url, query } = await connected.next();
      expect(user).to.equal("ada");
      expect(url).to.include("transport=").and.not.include("token");
      expect(query).to.include({ EIO: "4" }).and.not.have.property("token");
      socket.disconnect();
    });
  }

  it("is not judged again for each request of a connection that is open", async () => {
    const socket = io(server.url, { forceNew: true, query: { token: await good() } });
    await connected.next();
    await within(
      new Promise<void>((resolve) => {
        if (socket.io.engine.transport.name === "websocket") resolve();
        else socket.io.engine.once("upgrade", () => resolve());
      }),
      "the upgrade",
    );
    expect(socket.connected).to.be.true;
    socket.disconnect();
  });

  it("without one may have it in auth; without any one is refused at the connect", async () => {
    const ws = await openWebSocket("/bridge");
    const answers = new Inbox<unknown>();
    ws.on("message", (data: Buffer) => answers.put(JSON.parse(data.toString())));
    ws.send('{"type":"connect"}');
    expect(await answers.next())
      .to.include({ type: "connect_error" })
      .and.have.nested.property("data.code", "unauthorized");
    ws.send(JSON.stringify({ type: "connect", auth: { token: await good() } }));
    expect((await connected.next()).user).to.equal("ada");
    ws.close();
  });

  it("that opens no connection keeps its query: the inspector's token is its own", async () => {
    const demo = await startRooms({ demo: true });
    const response = await fetch(`${demo.url}/inspect?token=${"0a".repeat(16)}`);
    expect(response.status).to.equal(200);
    await response.body?.cancel();
    await demo.close();
  });

  it("may be judged for a while, in which the client may go, by a reset as well", async () => {
    const judged = new Inbox<() => void>();
    const slow = await startRooms({
      authenticate: () =>
        new Promise((resolve) => judged.put(() => resolve({ ok: false, error: apiError("unauthorized") }))),
    });
    for (const path of ["/socket.io/?EIO=4&transport=websocket&token=x", "/bridge?token=x"]) {
      const socket = connect(Number(new URL(slow.url).port), "127.0.0.1");
      const head = ["Host: x", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"];
      const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
      socket.write([`GET ${path} HTTP/1.1`, ...head, key, "", ""].join("\r\n"));
      const answer = await judged.next("the question who this is");
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.resetAndDestroy();
      await closed;
      // A request that comes after the reset, and is answered: the server has seen the reset by then.
      expect((await fetch(`${slow.url}/healthz`)).status).to.equal(200);
      answer();
    }
    expect((await fetch(`${slow.url}/healthz`)).status).to.equal(200);
    await slow.close();
  });
});
