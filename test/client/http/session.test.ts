import { expect } from "chai";
import { PROBE } from "../../../clients/typescript/src/http/reading.js";
import { Drive, PING, TERMS } from "./support/drive.js";

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
    const it = Drive.streaming();
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
    const it = Drive.streaming();
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
    const it = Drive.streaming();
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
    const it = Drive.streaming();
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
    const it = Drive.streaming();
    it.send("a", "b");
    it.refuse("POST", 409, "out_of_order", { received: 3 });
    expect(it.underWay.at(-1)).to.equal("POST 3 b");
    it.refuse("POST", 409, "superseded");
    expect(it.underWay.at(-1)).to.equal("POST 3 b");
  });

  it("takes numbers that cannot be for no answer", () => {
    const it = Drive.streaming();
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
