import { expect } from "chai";
import { PROBE } from "../../../clients/typescript/src/http/reading.js";
import { Drive, frame, PING, TERMS } from "./support/drive.js";

const PONG = frame('{"type":"pong","data":"crossroom-stream"}');
const CUT = { do: "lost", end: { code: 1006, reason: "" } };

/** A session with a stream that has begun, and its first POST answered, with the pong. */
function streaming(): Drive {
  const it = Drive.open();
  it.begin();
  it.send("hello");
  it.answer("POST", 200, { received: 2 });
  it.stream(PONG);
  it.told();
  return it;
}

describe("client over HTTP: opening a session (12.2, 12.16)", () => {
  it("is a POST without a session and without a body; then it reads", () => {
    const it = new Drive();
    expect(it.requests).to.deep.equal([{ id: 1, method: "POST", headers: {}, keepalive: false }]);
    it.answer("POST", 201, TERMS);
    expect(it.told()).to.deep.equal([{ do: "opened" }]);
    expect(it.request("GET").headers).to.deep.equal({
      accept: "text/event-stream",
      "crossroom-session": "n1.secret",
      "crossroom-ack": "0",
    });
  });

  it("is refused with a code of 1.3", () => {
    const it = new Drive();
    it.answer("POST", 503, { error: { code: "overloaded", message: "later" } }, 2000);
    const why = { is: "refused", status: 503, message: "later", retryAfter: 2000 };
    expect(it.told()).to.deep.equal([{ do: "not opened", why }]);
    expect(it.session.deadline).to.equal(undefined);
  });

  for (const [status, body] of [
    [404, "not found"],
    [200, "<html>"],
    [201, "{}"],
    [400, '{"error":{"code":"bad_request","message":""}}'],
  ] as const) {
    it(`finds that there is no bridge over HTTP: ${status} ${body}`, () => {
      const it = new Drive();
      it.answer("POST", status, body);
      expect(it.told()).to.deep.equal([{ do: "not opened", why: { is: "absent", status } }]);
    });
  }

  it("has no answer where there is no network, or something on the way is out of order", () => {
    const unanswered = { do: "not opened", why: { is: "unanswered", retryAfter: undefined } };
    const cut = new Drive();
    cut.fail("POST");
    expect(cut.told()).to.deep.equal([unanswered]);
    const bad = new Drive();
    bad.answer("POST", 502, "bad gateway");
    expect(bad.told()).to.deep.equal([unanswered]);
  });

  it("may be given up", () => {
    const it = new Drive();
    it.run(it.session.leave(it.now));
    expect([it.told(), it.requests]).to.deep.equal([[{ do: "left" }], []]);
  });
});

describe("client over HTTP: sending (12.6, 12.7)", () => {
  it("numbers its lines, and has one POST under way", () => {
    const it = streaming();
    it.send("a", "b");
    it.send("c");
    expect(it.underWay).to.deep.equal(["GET text/event-stream", "POST 2 a\nb"]);
    it.answer("POST", 200, { received: 4 });
    expect(it.underWay).to.deep.equal(["GET text/event-stream", "POST 4 c"]);
    expect(it.request("POST").headers).to.include({
      "crossroom-ack": "1",
      "content-type": "application/x-ndjson",
    });
  });

  it("puts a ping at the end of its first POST, while it has a stream", () => {
    const it = Drive.open();
    it.send("a");
    expect(it.underWay.at(-1)).to.equal(`POST 0 a\n${PROBE}`);
    const polling = Drive.open({ mode: "polling" });
    polling.send("a");
    expect(polling.underWay.at(-1)).to.equal("POST 0 a");
  });

  it("keeps a body within maxPayload, and sends what is larger alone", () => {
    const it = streaming();
    const large = "x".repeat(TERMS.maxPayload + 1);
    it.send("a".repeat(500), "ö".repeat(250), large, "b");
    const bodies: string[] = [];
    for (let received = 3; received <= 6; received++) {
      bodies.push(it.request("POST").body ?? "");
      it.answer("POST", 200, { received });
    }
    expect(bodies).to.deep.equal(["a".repeat(500), "ö".repeat(250), large, "b"]);
    expect(it.session.isDrained).to.equal(true);
  });

  it("sends again what had no answer, under the same numbers: at once, then later and later", () => {
    const it = streaming();
    it.send("a");
    it.fail("POST");
    expect(it.underWay.at(-1)).to.equal("POST 2 a");
    it.session.send("b");
    it.answer("POST", 503, "busy");
    expect(it.underWay).to.deep.equal(["GET text/event-stream"]);
    it.advance(499);
    expect(it.underWay).to.deep.equal(["GET text/event-stream"]);
    it.advance(1);
    expect(it.underWay.at(-1)).to.equal("POST 2 a\nb");
  });

  it("waits as long as Retry-After says", () => {
    const it = streaming();
    it.send("a");
    it.answer("POST", 429, "", 5000);
    it.advance(4999);
    expect(it.underWay).to.have.length(1);
    it.advance(1);
    expect(it.underWay.at(-1)).to.equal("POST 2 a");
  });

  it("gives up a POST without an answer after pingInterval and pingTimeout", () => {
    const it = Drive.open({ mode: "polling" });
    it.send("a");
    const { id } = it.request("POST");
    it.advance(44_999);
    expect(it.request("POST").id).to.equal(id);
    it.advance(1);
    expect([it.underWay.at(-1), it.request("POST").id === id]).to.deep.equal(["POST 0 a", false]);
  });

  it("sends again from where the server says that lines are missing, and after a POST that came too late", () => {
    const it = streaming();
    it.send("a", "b");
    it.refuse("POST", 409, "out_of_order", { received: 3 });
    expect(it.underWay.at(-1)).to.equal("POST 3 b");
    it.refuse("POST", 409, "superseded");
    expect(it.underWay.at(-1)).to.equal("POST 3 b");
  });

  it("takes numbers that cannot be for no answer", () => {
    const it = streaming();
    it.send("a");
    it.answer("POST", 200, { received: 17 });
    expect(it.underWay.at(-1)).to.equal("POST 2 a");
  });

  it("counts what it sends beside the application's messages", () => {
    const it = Drive.open();
    expect(it.counted).to.equal(1); // the GET
    it.begin();
    it.send("a");
    expect(it.counted).to.equal(2); // the ping
    it.answer("POST", 200, { received: 2 });
    it.stream(PING);
    expect(it.counted).to.equal(3); // the POST without lines
  });
});

describe("client over HTTP: reading (12.4, 12.5, 12.12 to 12.14)", () => {
  it("skips frames that it has received", () => {
    const it = streaming(); // the pong was frame 0
    it.stream(frame("1") + frame("2"));
    it.end();
    expect(it.request("GET").headers["crossroom-ack"]).to.equal("3");
    it.begin(1);
    it.stream(frame("1") + frame("2") + frame("3"));
    expect(it.frames()).to.deep.equal(["1", "2", "3"]);
  });

  it("reads again at once after a stream that brought something, and an event that was cut did not come", () => {
    const it = streaming();
    it.stream(`${frame("1")}data: 2\n`);
    it.end();
    expect(it.request("GET").headers["crossroom-ack"]).to.equal("2");
    expect(it.frames()).to.deep.equal(["1"]);
  });

  it("does not ask as fast as it is answered where each stream ends at once", () => {
    const it = Drive.open();
    for (let n = 0; n < 3; n++) {
      if (it.requests.length === 0) it.advance(500);
      it.begin();
      it.end();
    }
    expect(it.requests).to.deep.equal([]);
    it.advance(1000);
    expect(it.underWay).to.deep.equal(["GET text/event-stream"]);
  });

  it("answers a ping with a POST, and tells after 256 KiB what it has received", () => {
    const it = streaming();
    it.stream(PING);
    expect(it.underWay.at(-1)).to.equal("POST ");
    it.answer("POST", 200, { received: 2 });
    it.stream(frame("x".repeat(262_000)));
    expect(it.underWay).to.have.length(1);
    it.stream(frame("y".repeat(200)));
    expect(it.request("POST").headers["crossroom-ack"]).to.equal("3");
  });

  it("polls again as soon as a poll has ended", () => {
    const it = Drive.open({ mode: "polling" });
    expect(it.underWay).to.deep.equal(["GET text/plain"]);
    expect(it.request("GET").headers).to.not.have.property("crossroom-wait");
    it.begin();
    it.stream(frame("1"));
    it.end();
    expect(it.request("GET").headers).to.include({ accept: "text/plain", "crossroom-ack": "1" });
    expect(it.frames()).to.deep.equal(["1"]);
  });

  it("polls each half second without waiting, where connections are short (12.19)", () => {
    const it = Drive.open({ mode: "polling", isBrief: true });
    expect(it.request("GET").headers["crossroom-wait"]).to.equal("0");
    it.begin();
    it.end();
    it.advance(499);
    expect(it.requests).to.deep.equal([]);
    it.advance(1);
    expect(it.underWay).to.deep.equal(["GET text/plain"]);
  });

  it("takes an answer that does not begin with open, or skips frames, for none", () => {
    for (const text of [frame("1"), 'event: open\ndata: {"next":5}\n\n', "event: open\ndata: {}\n\n"]) {
      const it = Drive.open();
      it.stream(text);
      expect([it.frames(), it.underWay]).to.deep.equal([[], ["GET text/event-stream"]]);
    }
  });

  it("takes a poll without an answer for none once it should long have ended", () => {
    const it = Drive.open({ mode: "polling" });
    const { id } = it.request("GET");
    it.advance(69_999);
    expect(it.request("GET").id).to.equal(id);
    it.advance(1);
    expect(it.request("GET").id).to.not.equal(id);
  });
});

describe("client over HTTP: a stream that is held up (12.18)", () => {
  const changed = [{ do: "changed" }];

  it("becomes polls where open has not come after 3 s", () => {
    const it = Drive.open();
    it.advance(2999);
    expect(it.underWay).to.deep.equal(["GET text/event-stream"]);
    it.advance(1);
    expect([it.told(), it.underWay]).to.deep.equal([changed, ["GET text/plain"]]);
    it.begin();
    expect(it.told()).to.deep.equal([{ do: "works", mode: "polling" }]);
  });

  it("becomes polls where the pong has not come 3 s after the POST was answered", () => {
    const it = Drive.open();
    it.begin();
    it.told();
    it.send("a");
    it.advance(2500);
    it.answer("POST", 200, { received: 2 });
    it.advance(2999);
    expect(it.told()).to.deep.equal([]);
    it.advance(1);
    expect([it.told(), it.underWay]).to.deep.equal([changed, ["GET text/plain"]]);
  });

  it("stays one where the pong came, before or after the answer", () => {
    const it = Drive.open();
    it.begin();
    it.send("a");
    it.stream(PONG);
    it.answer("POST", 200, { received: 2 });
    it.advance(9_000);
    it.stream(PING);
    it.advance(44_000);
    expect(it.session.mode).to.equal("sse");
  });

  it("becomes polls where no ping has come within 10 s, or later none in pingInterval and pingTimeout", () => {
    const early = streaming();
    early.advance(10_000);
    expect(early.told()).to.deep.equal(changed);
    const late = streaming();
    late.advance(5_000);
    late.stream(PING);
    late.answer("POST", 200, { received: 2 });
    late.advance(44_000);
    late.stream(frame("x"));
    expect(late.frames()).to.deep.equal(["x"]);
    late.advance(1_000);
    expect(late.told()).to.deep.equal(changed);
  });

  it("is told from a connection that has fallen silent, which is made again", () => {
    const it = Drive.open({}, { pingInterval: 300, pingTimeout: 400 });
    it.begin();
    it.told();
    it.advance(600);
    it.stream(": a comment\n");
    it.advance(699);
    const { id } = it.request("GET");
    it.advance(1);
    expect([it.told(), it.underWay, it.request("GET").id === id]).to.deep.equal([
      [],
      ["GET text/event-stream"],
      false,
    ]);
  });

  it("is the end of the session where polls are not allowed", () => {
    const it = Drive.open({ mayPoll: false });
    it.advance(3_000);
    expect([it.told(), it.requests]).to.deep.equal([[CUT], []]);
  });
});

describe("client over HTTP: the end of a session (12.8 to 12.11)", () => {
  it("comes with the code of close", () => {
    const it = streaming();
    it.stream(`${frame("1")}event: close\ndata: {"code":4501,"reason":"server_shutdown"}\n\n`);
    expect(it.told()).to.deep.equal([
      { do: "frame", text: "1" },
      { do: "lost", end: { code: 4501, reason: "server_shutdown" } },
    ]);
    expect(it.session.deadline).to.equal(undefined);
  });

  it("is waited for a second, where a POST was told of it first", () => {
    const close = { code: 4504, reason: "too_many_messages" };
    const it = streaming();
    it.send("a", "b");
    it.refuse("POST", 410, "closed", { close });
    it.send("c");
    expect(it.underWay).to.deep.equal(["GET text/event-stream"]);
    it.stream(frame("1"));
    it.advance(999);
    expect(it.frames()).to.deep.equal(["1"]);
    it.advance(1);
    expect([it.told(), it.requests]).to.deep.equal([[{ do: "lost", end: close }], []]);
  });

  it("comes with 410 to a GET", () => {
    const it = streaming();
    it.end();
    it.refuse("GET", 410, "closed", { close: { code: 4000, reason: "disconnected" } });
    expect(it.told()).to.deep.equal([{ do: "lost", end: { code: 4000, reason: "disconnected" } }]);
  });

  it("is 1009 where a body was too large for the server", () => {
    const it = streaming();
    it.send("x".repeat(2000));
    it.refuse("POST", 413, "message_too_big");
    it.advance(1000);
    expect(it.told()).to.deep.equal([{ do: "lost", end: { code: 1009, reason: "message too big" } }]);
  });

  it("is like a cut where the server does not know the session", () => {
    for (const [status, code] of [
      [404, "unknown_session"],
      [400, "bad_request"],
      [405, "method_not_allowed"],
    ] as const) {
      const it = streaming();
      it.end();
      it.refuse("GET", status, code);
      expect([it.told(), it.requests]).to.deep.equal([[CUT], []]);
    }
  });

  it("is like a cut where what followed is kept no more, and the session is left", () => {
    const it = streaming();
    it.end();
    it.refuse("GET", 410, "cannot_resume");
    expect([it.told(), it.underWay]).to.deep.equal([[CUT], ["DELETE"]]);
  });

  for (const status of [0, 302, 401, 403, 407, 404, 413]) {
    it(`is a refusal with the status of something on the way: ${status}`, () => {
      const it = streaming();
      it.send("a");
      it.answer("POST", status, "");
      expect(it.told()).to.deep.equal([{ do: "lost", end: { code: 1006, reason: "", status } }]);
      expect(it.requests).to.deep.equal([]);
    });
  }

  it("comes where requests have had no answer for resumeTimeout, counted from the end of the stream", () => {
    const it = streaming();
    it.advance(5_000);
    it.stream(PING);
    it.answer("POST", 200, { received: 2 });
    it.advance(21_000); // a quiet stream has no byte for longer than that
    expect(it.told()).to.deep.equal([]);
    it.end();
    for (let waited = 0; waited < 19_999; waited++) {
      if (it.requests.length > 0) it.fail("GET");
      it.advance(1);
    }
    expect(it.told()).to.deep.equal([]);
    it.advance(1);
    expect([it.told(), it.requests]).to.deep.equal([[CUT], []]);
  });

  it("does not come where an answer came in between", () => {
    const it = streaming();
    it.end();
    it.fail("GET");
    it.advance(500);
    it.begin(1);
    it.told();
    it.advance(9_000);
    it.stream(PING);
    it.advance(15_000);
    expect(it.told()).to.deep.equal([]);
  });

  it("is a DELETE after the last POST, where the client leaves", () => {
    const it = streaming();
    it.send("a");
    it.session.send("b");
    it.run(it.session.leave(it.now));
    expect(it.underWay).to.deep.equal(["POST 2 a"]);
    it.answer("POST", 200, { received: 3 });
    expect(it.underWay).to.deep.equal(["POST 3 b"]);
    it.fail("POST");
    it.answer("POST", 200, { received: 4 });
    expect([it.told(), it.underWay]).to.deep.equal([[{ do: "left" }], ["DELETE"]]);
  });

  it("is not waited for for more than five seconds, or two requests without an answer", () => {
    const silent = streaming();
    silent.send("a");
    silent.run(silent.session.leave(silent.now));
    silent.advance(5_000);
    expect([silent.told(), silent.requests, silent.session.deadline]).to.deep.equal([
      [{ do: "left" }],
      [],
      undefined,
    ]);
    const gone = streaming();
    gone.send("a");
    gone.run(gone.session.leave(gone.now));
    gone.fail("POST");
    gone.fail("POST");
    expect([gone.told(), gone.requests]).to.deep.equal([[{ do: "left" }], []]);
  });

  it("is a DELETE that outlives the page, or the last lines where there are some", () => {
    const quiet = streaming();
    quiet.run(quiet.session.abandon());
    expect(quiet.requests.map(({ method, keepalive }) => [method, keepalive])).to.deep.equal([
      ["DELETE", true],
    ]);
    const busy = streaming();
    busy.send("a");
    busy.session.send("b");
    busy.run(busy.session.abandon());
    expect(busy.underWay).to.deep.equal(["POST 2 a\nb"]);
    const large = streaming();
    large.send("a", "x".repeat(60_000));
    large.run(large.session.abandon());
    expect(large.underWay).to.deep.equal(["POST 2 a"]);
  });
});
