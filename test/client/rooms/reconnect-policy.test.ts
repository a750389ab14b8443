import { expect } from "chai";
import {
  ReconnectPolicy,
  type Closing,
  type ConnectRefusal,
  type TokenSource,
  type ReconnectDecision,
} from "../../../clients/typescript/src/rooms/reconnect-policy.js";
import { API_ERRORS, apiError, type ApiErrorCode } from "../../../server/api/errors.js";
import { CLOSE_CODES } from "../../../bridge/close-codes.js";

const SOURCES: readonly TokenSource[] = ["provider", "fixed", "guest", "none"];

function short(decision: ReconnectDecision): string {
  switch (decision.do) {
    case "wait":
      return "wait";
    case "end":
      return `end: ${decision.error.code}`;
    case "reconnect":
      return decision.forgetGuest ? "reconnect as a new guest" : "reconnect";
  }
}

const newPolicy = (): ReconnectPolicy =>
  new ReconnectPolicy(
    () => 0,
    () => 0,
  );

const closing = (more: Partial<Closing> = {}): Closing => ({
  reason: "transport close",
  isActive: false,
  ...more,
});

function refusal(code: ApiErrorCode, isActive = false): ConnectRefusal {
  const data = apiError(code);
  return { error: Object.assign(new Error(data.message), { data }), isActive };
}

describe("rooms layer: whether to come back", () => {
  it("leaves it to the socket where that reconnects by itself", () => {
    const active = closing({ isActive: true, isPaced: true });
    expect(short(newPolicy().closed(active, "none"))).to.equal("wait");
    expect(
      short(newPolicy().refused({ error: new Error("websocket error"), isActive: true }, "none")),
    ).to.equal("wait");
  });

  it("sees to it itself, with longer and longer delays, where the socket would ask a server that closes at once for ever", () => {
    let now = 0;
    const policy = new ReconnectPolicy(
      () => now,
      () => 0,
    );
    const delays = [1, 2, 3].map(() => {
      policy.welcomed();
      now += 9_999;
      const decision = policy.closed(closing({ isActive: true }), "none");
      return decision.do === "reconnect" ? decision.after : decision.do;
    });
    expect(delays).to.deep.equal([250, 500, 1000]);
    policy.welcomed();
    now += 10_000;
    expect(short(policy.closed(closing({ isActive: true }), "none"))).to.equal("wait");
  });

  it("does not come back before the server wants it", () => {
    const data = { ...apiError("unavailable"), retryAfter: 77_000 };
    const decision = newPolicy().refused(
      { error: Object.assign(new Error(""), { data }), isActive: false },
      "none",
    );
    expect(decision).to.include({ do: "reconnect", after: 77_000 });
  });

  it("leaves it to the application where that has disconnected the socket", () => {
    expect(short(newPolicy().closed(closing({ reason: "io client disconnect" }), "none"))).to.equal("wait");
  });

  it("comes back after the server has sent it away without a reason", () => {
    expect(short(newPolicy().closed(closing({ reason: "io server disconnect" }), "none"))).to.equal(
      "reconnect",
    );
  });

  for (const { code, description, reconnect } of Object.values(CLOSE_CODES)) {
    // What was said before such a close decides: the session's end; or it was the client's own wish (1000), or the server's
    // application's (4000), which is as Socket.IO's "io server disconnect". 1009 is of one message, not of the session.
    const isEnd = !reconnect && code !== 1000 && code !== 4000 && code !== 1009;
    it(`${isEnd ? "ends" : "comes back"} after a close with ${code}: ${description}`, () => {
      expect(short(newPolicy().closed(closing({ code }), "none"))).to.equal(
        isEnd ? "end: refused" : "reconnect",
      );
    });
  }

  for (const source of SOURCES) {
    const afterExpiry: Record<TokenSource, string> = {
      provider: "reconnect",
      fixed: "end: token_expired",
      guest: "reconnect as a new guest",
      none: "end: token_expired",
    };

    it(`after token_expired, with a token from ${source}: ${afterExpiry[source]}`, () => {
      expect(short(newPolicy().refused(refusal("token_expired"), source))).to.equal(afterExpiry[source]);
      const policy = newPolicy();
      policy.welcomed();
      policy.endAnnounced(apiError("token_expired"));
      expect(short(policy.closed(closing({ reason: "io server disconnect" }), source))).to.equal(
        afterExpiry[source],
      );
    });

    it(`after token_revoked, with a token from ${source}: it is the end, even if the socket would reconnect`, () => {
      expect(short(newPolicy().refused(refusal("token_revoked"), source))).to.equal("end: token_revoked");
      const policy = newPolicy();
      policy.endAnnounced(apiError("token_revoked"));
      expect(short(policy.closed(closing({ isActive: true }), source))).to.equal("end: token_revoked");
    });
  }

  for (const code of Object.keys(API_ERRORS) as ApiErrorCode[]) {
    if (code === "token_expired") continue;
    const { retryable } = API_ERRORS[code];
    it(`${retryable ? "comes back" : "ends"} after a connect that was refused with ${code}`, () => {
      expect(short(newPolicy().refused(refusal(code), "provider"))).to.equal(
        retryable ? "reconnect" : `end: ${code}`,
      );
    });
  }

  it("becomes a new guest where the old one's token is not good any more", () => {
    expect(short(newPolicy().refused(refusal("unauthorized"), "guest"))).to.equal("reconnect as a new guest");
  });

  it("gives up after two fresh tokens in a row, and counts anew after each welcome", () => {
    const policy = newPolicy();
    const expire = (): string => short(policy.refused(refusal("token_expired"), "provider"));
    expect(expire()).to.equal("reconnect");
    policy.welcomed();
    expect([expire(), expire()]).to.deep.equal(["reconnect", "end: token_expired"]);
  });

  it("ends on an upgrade that was refused with 401 or 403, and on a refusal in words of another application", () => {
    const refused = (more: object): string =>
      short(newPolicy().refused({ error: Object.assign(new Error("no"), more), isActive: false }, "none"));
    expect([
      refused({ status: 401 }),
      refused({ status: 403 }),
      refused({}),
      refused({ data: { code: 1 } }),
    ]).to.deep.equal(["end: unauthorized", "end: forbidden", "end: refused", "end: refused"]);
  });

  it("waits longer each time, and from the beginning again after a connection that held", () => {
    let time = 0;
    const policy = new ReconnectPolicy(
      () => time,
      () => 0,
    );
    const wait = (held: number): number => {
      policy.welcomed();
      time += held;
      const decision = policy.closed(closing({ reason: "io server disconnect" }), "none");
      return decision.do === "reconnect" ? decision.after : NaN;
    };
    expect([1, 1, 1, 60_000, 1].map(wait)).to.deep.equal([250, 500, 1_000, 250, 500]);
  });

  it("does not hold an earlier session's end against a later one", () => {
    const policy = newPolicy();
    policy.endAnnounced(apiError("token_revoked"));
    policy.welcomed();
    expect(short(policy.closed(closing({ isActive: true, isPaced: true }), "none"))).to.equal("wait");
  });
});
