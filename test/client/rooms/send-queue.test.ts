import { expect } from "chai";
import type { CallOutcome } from "../../../clients/typescript/src/rooms/calls.js";
import { RoomsError } from "../../../clients/typescript/src/rooms/index.js";
import { SendQueue, type PendingCall } from "../../../clients/typescript/src/rooms/send-queue.js";
import { Suspects } from "../../../clients/typescript/src/rooms/suspects.js";

const MINUTE = 60_000;

/** A send queue on a hand-moved clock, and what became of its pending calls. */
class LaneRig {
  time = 0;
  mostBytes: number | undefined;
  readonly settled: string[] = [];
  readonly suspects = new Suspects();
  readonly sendQueue = new SendQueue(
    () => this.time,
    () => 0,
    this.suspects,
    () => this.mostBytes,
  );

  add(id: string, data: unknown = null): PendingCall {
    const pendingCall: PendingCall = {
      name: "publish",
      argument: { id, data },
      id,
      bytes: JSON.stringify(data).length,
      resolve: () => this.settled.push(id),
      reject: ({ code }) => this.settled.push(`${id}: ${code}`),
    };
    this.sendQueue.add(pendingCall);
    return pendingCall;
  }

  /** The id of the call that is made next, if one is. */
  next(): string | undefined {
    const step = this.sendQueue.next();
    return step.do === "call" ? step.pendingCall.id : undefined;
  }

  done(outcome: CallOutcome<unknown>): number | undefined {
    const step = this.sendQueue.done(outcome);
    return step.do === "wait" ? step.ms : undefined;
  }
}

const OK: CallOutcome<unknown> = { type: "ok", result: {} };
const LOST: CallOutcome<unknown> = { type: "lost" };
const TIMEOUT: CallOutcome<unknown> = { type: "timeout" };
const refused = (code: string, retryable: boolean): CallOutcome<unknown> => ({
  type: "refused",
  error: new RoomsError(code, "", retryable),
});

describe("rooms layer: what goes out in a sendQueue", () => {
  let rig: LaneRig;

  beforeEach(() => {
    rig = new LaneRig();
  });

  it("is called one by one, in order, each after the ack of the one before", () => {
    rig.add("a");
    rig.add("b");
    expect([rig.next(), rig.next()]).to.deep.equal(["a", undefined]);
    rig.done(OK);
    expect([rig.next(), rig.next()]).to.deep.equal(["b", undefined]);
    rig.done(OK);
    expect([rig.settled, rig.sendQueue.isEmpty]).to.deep.equal([["a", "b"], true]);
  });

  it("is called again, before anything else, after a lost connection or a late ack", () => {
    rig.add("a");
    rig.add("b");
    const calls = [LOST, TIMEOUT, TIMEOUT, LOST].map((outcome) => {
      const id = rig.next();
      rig.done(outcome);
      return id;
    });
    expect([calls, rig.next(), rig.settled]).to.deep.equal([["a", "a", "a", "a"], "a", []]);
  });

  it("waits longer after each error that may pass, and lets nothing overtake", () => {
    rig.add("a");
    rig.add("b");
    const waits = [1, 2, 3].map(() => {
      expect(rig.next()).to.equal("a");
      const ms = rig.done(refused("rate_limited", true));
      expect(rig.next(), "while it waits").to.equal(undefined);
      rig.sendQueue.resume();
      return ms;
    });
    expect(waits).to.deep.equal([250, 500, 1_000]);
    expect(rig.settled).to.deep.equal([]);
  });

  it("is rejected by an error that stays, and the next one goes on", () => {
    rig.add("a");
    rig.add("b");
    rig.next();
    rig.done(refused("message_too_large", false));
    expect([rig.settled, rig.next()]).to.deep.equal([["a: message_too_large"], "b"]);
  });

  it("is rejected by a full inbox, which only its reader can empty", () => {
    rig.add("a");
    rig.next();
    rig.done(refused("inbox_full", true));
    expect(rig.settled).to.deep.equal(["a: inbox_full"]);
  });

  it("is done when its message is seen in the log, though the ack never came", () => {
    rig.add("a");
    rig.add("b");
    rig.next();
    rig.done(LOST);
    rig.sendQueue.seen("a", {});
    expect([rig.settled, rig.next()]).to.deep.equal([["a"], "b"]);
  });

  it("keeps its turn when it is seen before its ack: the next one waits for that", () => {
    rig.add("a");
    rig.add("b");
    rig.next();
    rig.sendQueue.seen("a", {});
    expect(rig.next()).to.equal(undefined);
    rig.done(OK);
    expect([rig.settled, rig.next()]).to.deep.equal([["a"], "b"]);
  });

  it("is not taken for done by a message of the same id before its first call", () => {
    rig.add("a");
    rig.sendQueue.seen("a", {});
    expect([rig.settled, rig.next()]).to.deep.equal([[], "a"]);
  });

  it("is made again for as long as the server remembers its id, and no longer", () => {
    rig.add("a");
    rig.add("b");
    rig.next();
    rig.done(LOST);
    rig.time = 4 * MINUTE;
    expect(rig.next()).to.equal("a");
    rig.done(LOST);
    rig.time = 5 * MINUTE;
    expect([rig.next(), rig.settled]).to.deep.equal(["b", ["a: unconfirmed"]]);
  });

  it("may wait for its first call for any time", () => {
    rig.add("a");
    rig.time = 60 * MINUTE;
    expect(rig.next()).to.equal("a");
  });

  it("is not waited for any more when it is dropped; what is under way keeps its turn", () => {
    const a = rig.add("a");
    const b = rig.add("b");
    rig.add("c");
    rig.next();
    rig.sendQueue.drop(b);
    rig.sendQueue.drop(a);
    expect(rig.next()).to.equal(undefined);
    rig.done(TIMEOUT);
    expect([rig.next(), rig.settled]).to.deep.equal(["c", []]);
  });

  it("is taken for the cause if the connection is lost again and again under a large message", () => {
    rig.add("a", "x".repeat(200_000));
    rig.add("b");
    const calls = Array.from({ length: 5 }, () => {
      const id = rig.next();
      rig.suspects.lost("cut");
      rig.done(LOST);
      return id;
    });
    expect(calls).to.deep.equal(["a", "a", "a", "a", "a"]);
    expect([rig.next(), rig.settled]).to.deep.equal(["b", ["a: message_too_large"]]);
  });

  it("is made again under a small message however often the connection is lost", () => {
    rig.add("a", "x".repeat(8_000));
    for (let i = 0; i < 100; i++) {
      expect(rig.next()).to.equal("a");
      rig.suspects.lost("cut");
      rig.done(LOST);
    }
  });

  it("needs three closes only that say that a message was too large, and none that say something else", () => {
    rig.add("a", "x".repeat(9_000));
    for (const ending of ["other", "too_large", "other", "too_large", "too_large"] as const) {
      expect(rig.next()).to.equal("a");
      rig.suspects.lost(ending);
      rig.done(LOST);
    }
    expect([rig.next(), rig.settled]).to.deep.equal([undefined, ["a: message_too_large"]]);
  });

  it("is not suspected any more once it was answered", () => {
    rig.add("a", "x".repeat(9_000));
    for (let i = 0; i < 20; i++) {
      rig.next();
      rig.suspects.lost("too_large");
      rig.done(LOST);
      rig.next();
      rig.done(refused("rate_limited", true));
      rig.sendQueue.resume();
    }
    expect(rig.settled).to.deep.equal([]);
  });

  it("is refused before it is sent if the server takes less, and what is behind it goes on", () => {
    rig.mostBytes = 100;
    rig.add("a", "x".repeat(99));
    rig.add("b", "x".repeat(98));
    expect([rig.next(), rig.settled]).to.deep.equal(["b", ["a: message_too_large"]]);
  });

  it("waits for as long as the server says, where that is longer", () => {
    rig.add("a");
    rig.next();
    const error = new RoomsError("rate_limited", "", true, { retryAfter: 90_000 });
    expect(rig.done({ type: "refused", error })).to.equal(90_000);
  });

  it("is rejected all at once, but for what the server may be carrying out if that is spared", () => {
    rig.add("a");
    rig.add("b");
    rig.next();
    rig.sendQueue.rejectAll(new RoomsError("aborted", ""), true);
    expect(rig.settled).to.deep.equal(["b: aborted"]);
    rig.sendQueue.rejectAll(new RoomsError("closed", ""), false);
    expect(rig.settled).to.deep.equal(["b: aborted", "a: closed"]);
  });
});
