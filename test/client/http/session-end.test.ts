import { expect } from "chai";
import { CUT, Drive, frame, PING } from "./support/drive.js";

describe("client over HTTP: the end of a session (12.8 to 12.11)", () => {
  it("comes with the code of close", () => {
    const it = Drive.streaming();
    it.stream(`${frame("1")}event: close\ndata: {"code":4501,"reason":"server_shutdown"}\n\n`);
    expect(it.told()).to.deep.equal([
      { do: "frame", text: "1" },
      { do: "lost", end: { code: 4501, reason: "server_shutdown" } },
    ]);
    expect(it.session.deadline).to.equal(undefined);
  });

  it("is waited for a second, where a POST was told of it first", () => {
    const close = { code: 4504, reason: "too_many_messages" };
    const it = Drive.streaming();
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
    const it = Drive.streaming();
    it.end();
    it.refuse("GET", 410, "closed", { close: { code: 4000, reason: "disconnected" } });
    expect(it.told()).to.deep.equal([{ do: "lost", end: { code: 4000, reason: "disconnected" } }]);
  });

  it("is 1009 where a body was too large for the server", () => {
    const it = Drive.streaming();
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
      const it = Drive.streaming();
      it.end();
      it.refuse("GET", status, code);
      expect([it.told(), it.requests]).to.deep.equal([[CUT], []]);
    }
  });

  it("is like a cut where what followed is kept no more, and the session is left", () => {
    const it = Drive.streaming();
    it.end();
    it.refuse("GET", 410, "cannot_resume");
    expect([it.told(), it.underWay]).to.deep.equal([[CUT], ["DELETE"]]);
  });

  for (const status of [0, 302, 401, 403, 407, 404, 413]) {
    it(`is a refusal with the status of something on the way: ${status}`, () => {
      const it = Drive.streaming();
      it.send("a");
      it.answer("POST", status, "");
      expect(it.told()).to.deep.equal([{ do: "lost", end: { code: 1006, reason: "", status } }]);
      expect(it.requests).to.deep.equal([]);
    });
  }

  it("comes where requests have had no answer for resumeTimeout, counted from the end of the stream", () => {
    const it = Drive.streaming();
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
    const it = Drive.streaming();
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
    const it = Drive.streaming();
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
    const silent = Drive.streaming();
    silent.send("a");
    silent.run(silent.session.leave(silent.now));
    silent.advance(5_000);
    expect([silent.told(), silent.requests, silent.session.deadline]).to.deep.equal([
      [{ do: "left" }],
      [],
      undefined,
    ]);
    const gone = Drive.streaming();
    gone.send("a");
    gone.run(gone.session.leave(gone.now));
    gone.fail("POST");
    gone.fail("POST");
    expect([gone.told(), gone.requests]).to.deep.equal([[{ do: "left" }], []]);
  });

  it("is a DELETE that outlives the page, or the last lines where there are some", () => {
    const quiet = Drive.streaming();
    quiet.run(quiet.session.abandon());
    expect(quiet.requests.map(({ method, keepalive }) => [method, keepalive])).to.deep.equal([
      ["DELETE", true],
    ]);
    const busy = Drive.streaming();
    busy.send("a");
    busy.session.send("b");
    busy.run(busy.session.abandon());
    expect(busy.underWay).to.deep.equal(["POST 2 a\nb"]);
    const large = Drive.streaming();
    large.send("a", "x".repeat(60_000));
    large.run(large.session.abandon());
    expect(large.underWay).to.deep.equal(["POST 2 a"]);
  });
});
