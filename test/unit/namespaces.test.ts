import { expect } from "chai";
import { Namespaces } from "../../bridge/namespaces.js";

const NS = "/a";

function namespaces(max = 4, maxEarlyBytes = 1_000): Namespaces<string, string> {
  return new Namespaces(max, maxEarlyBytes);
}

function connected(): Namespaces<string, string> {
  const spaces = namespaces();
  spaces.connect(NS, undefined);
  spaces.accept(NS);
  return spaces;
}

describe("Namespaces", () => {
  it("a frame for a namespace that was not asked for is not_connected", () => {
    expect(namespaces().offer(NS, "x", 1)).to.equal("not_connected");
  });

  it("a frame for one that is being connected is early, and comes out in order when it is accepted", () => {
    const spaces = namespaces();
    expect(spaces.connect(NS, "pid")).to.equal("pass");
    expect(["1", "2"].map((frame) => spaces.offer(NS, frame, 1))).to.deep.equal(["early", "early"]);
    expect(spaces.accept(NS))
      .to.include({ pid: "pid" })
      .and.to.deep.include({ early: ["1", "2"], late: [] });
    expect(spaces.offer(NS, "3", 1)).to.equal("pass");
  });

  it("early frames come out when the namespace is refused", () => {
    const spaces = namespaces();
    spaces.connect(NS, undefined);
    spaces.offer(NS, "1", 1);
    expect(spaces.end(NS)).to.deep.equal(["1"]);
    expect(spaces.offer(NS, "2", 1)).to.equal("namespace_closed");
  });

  it("keeps 100 early frames, and no more", () => {
    const spaces = namespaces();
    spaces.connect(NS, undefined);
    for (let count = 0; count < 100; count++) expect(spaces.offer(NS, "x", 1)).to.equal("early");
    expect(spaces.offer(NS, "x", 1)).to.equal("too_many_early_frames");
  });

  it("keeps early frames up to the limit of bytes, and no more", () => {
    const spaces = namespaces(4, 10);
    spaces.connect(NS, undefined);
    expect(spaces.offer(NS, "x", 10)).to.equal("early");
    expect(spaces.offer(NS, "x", 1)).to.equal("too_many_early_frames");
  });

  it("counts the bytes of all namespaces together, and gives them back with the answer", () => {
    const spaces = namespaces(4, 10);
    for (const ns of ["/a", "/b"]) spaces.connect(ns, undefined);
    expect(spaces.offer("/a", "x", 6)).to.equal("early");
    expect(spaces.offer("/b", "x", 6)).to.equal("too_many_early_frames");
    spaces.accept("/a");
    expect(spaces.offer("/b", "x", 6)).to.equal("early");
  });

  it("forgets a name that is very long as soon as its namespace has ended", () => {
    const spaces = namespaces();
    for (const [ns, due] of [
      [`/${"x".repeat(999)}`, "namespace_closed"],
      [`/${"x".repeat(1_000)}`, "not_connected"],
    ] as const) {
      spaces.connect(ns, undefined);
      spaces.offer(ns, "early", 1);
      expect(spaces.end(ns)).to.deep.equal(["early"]);
      expect(spaces.offer(ns, "late", 1)).to.equal(due);
    }
    expect(spaces.settled).to.be.true;
  });

  it("a second connect is already_connected, while it is asked for and when it is there", () => {
    const spaces = namespaces();
    spaces.connect(NS, undefined);
    expect(spaces.connect(NS, undefined)).to.equal("already_connected");
    spaces.accept(NS);
    expect(spaces.connect(NS, undefined)).to.equal("already_connected");
  });

  it("one that the server has ended, or that the client has left, can be asked for again", () => {
    const spaces = connected();
    spaces.end(NS);
    expect(spaces.connect(NS, undefined)).to.equal("pass");
    spaces.accept(NS);
    spaces.leave(NS);
    expect(spaces.offer(NS, "x", 1)).to.equal("not_connected");
    expect(spaces.connect(NS, undefined)).to.equal("pass");
  });

  it("has no more than its limit, and forgets those that have ended to make room", () => {
    const spaces = namespaces(2);
    for (const ns of ["/a", "/b"]) expect(spaces.connect(ns, undefined)).to.equal("pass");
    expect(spaces.connect("/c", undefined)).to.equal("too_many_namespaces");
    spaces.end("/a");
    expect(spaces.connect("/c", undefined)).to.equal("pass");
    expect(spaces.offer("/a", "x", 1)).to.equal("not_connected");
  });

  it("holds frames for the client back until the namespace is accepted, and no others", () => {
    const spaces = namespaces();
    expect(spaces.holdBack(NS, "unknown")).to.be.false;
    spaces.connect(NS, undefined);
    expect(spaces.holdBack(NS, "1")).to.be.true;
    expect(spaces.holdBack("/b", "other")).to.be.false;
    expect(spaces.accept(NS).late).to.deep.equal(["1"]);
    expect(spaces.holdBack(NS, "2")).to.be.false;
  });

  it("is settled when none waits for its answer", () => {
    const spaces = namespaces();
    expect(spaces.settled).to.be.true;
    spaces.connect("/a", undefined);
    spaces.connect("/b", undefined);
    spaces.accept("/a");
    expect(spaces.settled).to.be.false;
    spaces.end("/b");
    expect(spaces.settled).to.be.true;
    spaces.end("/b");
    spaces.accept("/a");
    expect(spaces.settled, "after an answer that comes twice").to.be.true;
  });

  it("allEnded is for a connection that had namespaces, all of which the server has ended", () => {
    expect(namespaces().allEnded).to.be.false;
    const spaces = connected();
    expect(spaces.allEnded).to.be.false;
    spaces.connect("/b", undefined);
    spaces.end(NS);
    expect(spaces.allEnded).to.be.false;
    spaces.end("/b");
    expect(spaces.allEnded).to.be.true;
  });
});
