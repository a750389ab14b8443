import { expect } from "chai";
import { CUT, Drive, frame, PING, PONG } from "./support/drive.js";

describe("client over HTTP: reading (12.4, 12.5, 12.12 to 12.14)", () => {
  it("skips frames that it has received", () => {
    const it = Drive.streaming(); // the pong was frame 0
    it.stream(frame("1") + frame("2"));
    it.end();
    expect(it.request("GET").headers["crossroom-ack"]).to.equal("3");
    it.begin(1);
    it.stream(frame("1") + frame("2") + frame("3"));
    expect(it.frames()).to.deep.equal(["1", "2", "3"]);
  });

  it("reads again at once after a stream that brought something, and an event that was cut did not come", () => {
    const it = Drive.streaming();
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
    const it = Drive.streaming();
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
    const early = Drive.streaming();
    early.advance(10_000);
    expect(early.told()).to.deep.equal(changed);
    const late = Drive.streaming();
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
