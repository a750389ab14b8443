import { expect } from "chai";
import { CALLS, type CallAnswer, type CallData, type CallName } from "../../server/api/calls.js";
import { describe as explain } from "../../server/api/describe.js";
import type { EventArgument, ServerEventName } from "../../server/api/events.js";
import type { Ack, ClientEvents, ServerEvents } from "../../server/api/types.js";
import { deviceSchema, nameSchema } from "../../server/api/values.js";
import { assertAnswer, assertConnectError, assertServerEvent, Contract } from "./support/contract.js";
import type { Equal } from "./support/equal-types.js";

/** What types.ts says that a call takes and gives. */
type Taken<E extends CallName> = Parameters<ClientEvents[E]>[0];
type Given<E extends CallName> =
  Parameters<Parameters<ClientEvents[E]>[1]>[0] extends Ack<infer Answer> ? Answer : never;

/** An answer with nothing in it is `object` in types.ts; zod has its own type for that. */
type Fields<Answer> = keyof Answer extends never ? Record<string, never> : Answer;

const position = { epoch: "e", offset: 3 };
const from = { user: "u", name: "Ada", sid: "s", transport: "bridge" };
const message = { room: "r", id: "m", position, from, data: null, at: 42 };
const member = { user: "u", name: "Ada", devices: [{ id: "d", sid: "s", transport: "polling" }] };

/** What each call takes at most; with what may be left out. */
const FULL: { [E in CallName]: CallData<E> } = {
  join: { room: "r", since: position, history: 500 },
  leave: { room: "r" },
  publish: { room: "r", data: [1], id: "m" },
  signal: { room: "r", data: null },
  history: { room: "r", after: position, limit: 500 },
  presence: { room: "r", after: "u", limit: 1 },
  send: { to: "u", data: {}, id: "m", receipt: true },
  inbox: { since: position },
  inbox_ack: { position },
  refresh: { token: "t" },
};

/** Of each call, the fields that it cannot do without. */
const REQUIRED: { [E in CallName]: (keyof CallData<E>)[] } = {
  join: ["room"],
  leave: ["room"],
  publish: ["room", "data"],
  signal: ["room", "data"],
  history: ["room"],
  presence: ["room"],
  send: ["to", "data"],
  inbox: [],
  inbox_ack: ["position"],
  refresh: ["token"],
};

/** An argument that is refused, and what the client is told. */
const WRONG: [CallName, unknown, string][] = [
  ["join", undefined, "join must be an object with a room"],
  ["join", null, "join must be an object with a room"],
  ["join", [], "join must be an object with a room"],
  ["join", {}, "join.room must be a string"],
  ["join", { room: 1 }, "join.room must be a string"],
  ["join", { room: "" }, "join.room must not be empty"],
  ["join", { room: " \u2028\ufeff" }, "join.room must not be empty"],
  ["join", { room: "x".repeat(129) }, "join.room must have at most 128 characters"],
  ["join", { room: "a\u0085" }, "join.room must not have control characters"],
  ["join", { room: "\udc00\ud800" }, "join.room must be valid Unicode"],
  ["join", { room: "r", since: 7 }, "join.since must be a position: an object with epoch and offset"],
  ["join", { room: "r", since: null }, "join.since must be a position: an object with epoch and offset"],
  ["join", { room: "r", since: { offset: 1 } }, "join.since.epoch must be a string"],
  ["join", { room: "r", since: { epoch: "", offset: 1 } }, "join.since.epoch must not be empty"],
  [
    "join",
    { room: "r", since: { epoch: "e".repeat(65), offset: 1 } },
    "join.since.epoch must have at most 64 characters",
  ],
  ...[-1, 0.5, 2 ** 53, "1", null, Infinity].map((offset): [CallName, unknown, string] => [
    "join",
    { room: "r", since: { epoch: "e", offset } },
    "join.since.offset must be a whole number, 0 or more",
  ]),
  ["publish", { data: 1 }, "publish.room must be a string"],
  ["publish", { room: "r" }, "publish.data is missing"],
  ["publish", { room: "r", data: 1, id: "" }, "publish.id must not be empty"],
  ["publish", { room: "r", data: 1, id: "x".repeat(65) }, "publish.id must have at most 64 characters"],
  ["signal", { room: "r" }, "signal.data is missing"],
  ["history", { room: "r", limit: 0 }, "history.limit must be a whole number from 1 to 500"],
  ["history", { room: "r", limit: 501 }, "history.limit must be a whole number from 1 to 500"],
  [
    "history",
    { room: "r", after: position, before: position },
    "history must not have both after and before",
  ],
  ["presence", { room: "r", after: 1 }, "presence.after must be a string"],
  ["send", { data: 1 }, "send.to must be a string"],
  ["send", { to: "x".repeat(129), data: 1 }, "send.to must have at most 128 characters"],
  ["send", { to: "u", data: 1, receipt: 1 }, "send.receipt must be true or false"],
  ["inbox", undefined, "inbox must be an object"],
  ["inbox_ack", {}, "inbox_ack.position must be a position: an object with epoch and offset"],
  ["refresh", {}, "refresh.token must be a string"],
  ["refresh", { token: "" }, "refresh.token must not be empty"],
  ["refresh", { token: "x".repeat(8193) }, "refresh.token must have at most 8192 characters"],
];

describe("the schemas of the room API", () => {
  it("have the types of types.ts, no wider and no narrower", () => {
    const proofs: [
      Equal<{ [E in CallName]: CallData<E> }, { [E in keyof ClientEvents]: Taken<E> }>,
      Equal<{ [E in CallName]: CallAnswer<E> }, { [E in keyof ClientEvents]: Fields<Given<E>> }>,
      Equal<
        { [E in ServerEventName]: EventArgument<E> },
        { [E in keyof ServerEvents]: Parameters<ServerEvents[E]>[0] }
      >,
    ] = [true, true, true];
    // The comparison itself: what it must tell apart, though one is assignable to the other.
    const differences: [
      Equal<{ a: 1; b?: 2 }, { a: 1 }>,
      Equal<{ a?: 1 }, { a?: 1 | undefined }>,
      Equal<{ a: [{ b: string }] }, { a: [{ b: "x" }] }>,
      Equal<{ a: unknown }, { a: object }>,
    ] = [false, false, false, false];
    expect([...proofs, ...differences]).to.deep.equal([true, true, true, false, false, false, false]);
  });

  for (const [call, full] of Object.entries(FULL) as [CallName, Record<string, unknown>][]) {
    it(`take a ${call} with all its fields, and with those alone that it needs`, () => {
      expect(CALLS[call].data.parse(full)).to.deep.equal(full);
      const least = Object.fromEntries(
        Object.entries(full).filter(([key]) => REQUIRED[call].some((required) => required === key)),
      );
      expect(CALLS[call].data.parse(least)).to.deep.equal(least);
      for (const missing of REQUIRED[call]) {
        expect(CALLS[call].data.safeParse({ ...full, [missing]: undefined }).success, missing).to.be.false;
      }
    });

    it(`drop the fields of a ${call} that they do not know`, () => {
      expect(CALLS[call].data.parse({ ...full, extra: 1 })).to.deep.equal(full);
    });
  }

  for (const [call, argument, text] of WRONG) {
    const shown = argument === undefined ? "nothing" : JSON.stringify(argument).slice(0, 60);
    it(`say "${text}" of ${shown}`, () => {
      const result = CALLS[call].data.safeParse(argument);
      expect(result.error && explain(result.error, call)).to.equal(text);
    });
  }

  it("count a string's length in UTF-16 code units", () => {
    expect(CALLS.join.data.safeParse({ room: "😀".repeat(64) }).success).to.be.true;
    expect(CALLS.join.data.safeParse({ room: "😀".repeat(65) }).success).to.be.false;
  });

  it("leave the white space of a room and of a device, and drop that around a name", () => {
    expect(CALLS.join.data.parse({ room: " r " })).to.deep.equal({ room: " r " });
    expect(deviceSchema.parse(" d ")).to.equal(" d ");
    expect(nameSchema.parse(` ${"x".repeat(64)}\n`)).to.equal("x".repeat(64));
    expect(nameSchema.safeParse(" \n").success).to.be.false;
  });

  it("take binary values in data as they are", () => {
    const data = { picture: Buffer.alloc(1000), also: [new Uint8Array(3).buffer] };
    expect(CALLS.publish.data.parse({ room: "r", data }).data).to.equal(data);
  });
});

describe("what a server sends", () => {
  it("is one of the room API's events, with its one argument", () => {
    assertServerEvent("message", [message]);
    expect(() => assertServerEvent("constructor", [message])).to.throw("no event constructor");
    expect(() => assertServerEvent("message", [message, 1])).to.throw("arguments of message");
    expect(() => assertServerEvent("message", [{ ...message, at: "now" }])).to.throw("message.at");
  });

  it("has no field that is not in the contract, however deep", () => {
    const leak = { ...member, devices: [{ ...member.devices[0], address: "::1" }] };
    const event = { room: "r", count: 1, changes: [{ type: "join", member }] };
    assertServerEvent("presence", [event]);
    const leaking = { ...event, changes: [{ type: "join", member: leak }] };
    expect(() => assertServerEvent("presence", [leaking])).to.throw("not in the contract");
  });

  it("answers a call with its own result, or an error of the closed table", () => {
    const joined = { ok: true, room: "r", position, members: [member], count: 1, maxNames: 200 };
    assertAnswer("join", joined);
    assertAnswer("join", { ...joined, recovered: true, messages: [message] });
    expect(() => assertAnswer("leave", joined)).to.throw("not in the contract");
    const error = { code: "not_joined", message: "Join it first.", retryable: false };
    assertAnswer("publish", { ok: false, error });
    assertConnectError(error);
    expect(() => assertAnswer("publish", { ok: false, error: { ...error, code: "oops" } })).to.throw(
      "error.code",
    );
    expect(() => assertAnswer("publish", { ok: false, error, id: "m" })).to.throw("not in the contract");
  });

  it("answers an event that is no call with unknown_event", () => {
    const error = { code: "unknown_event", message: "There is none.", retryable: false };
    assertAnswer("dance", { ok: false, error });
    expect(() => assertAnswer("dance", { ok: true })).to.throw("ack of dance");
  });

  it("begins with a welcome, and acks each call once", () => {
    const welcome = { user: "u", name: "Ada", sid: "s", device: "s", guest: true };
    const contract = new Contract();
    contract.received({ type: "connected", sid: "s", pingInterval: 1, pingTimeout: 1, maxPayload: 1 });
    expect(() => contract.received({ type: "event", event: "message", args: [message] })).to.throw(
      "before the welcome",
    );
    contract.received({ type: "event", event: "welcome", args: [welcome] });
    contract.received({ type: "event", event: "message", args: [message] });
    contract.sent({ type: "event", event: "leave", id: 0 });
    contract.received({ type: "ack", id: 0, args: [{ ok: true }] });
    expect(() => contract.received({ type: "ack", id: 0, args: [{ ok: true }] })).to.throw("ack of nothing");
  });
});
