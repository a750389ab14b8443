/** What can go wrong, as the records would show it, and the rules that are broken by it. */
import type { Rule } from "../checker/index.js";
import type { Happening, Members, Position } from "../records.js";
import { CUT_AT, LETTERS, message, MESSAGES, position, ROOM } from "./healthy-records.js";
import { TamperedRun } from "./tampered-run.js";

export const tampered = () => new TamperedRun();
export const at = (offset: number) => ({ position: position(offset) });
const LAST = MESSAGES;
const PUBLISH_10 = { room: ROOM, id: "m10" };

/** The ack of a message that no subscriber was given, and that is not in the log. */
const acked = (where: Position) =>
  tampered().add(
    "ada-1",
    { kind: "publish", room: ROOM, again: false, id: "x", by: "ada-1", n: 99, size: 8, binaries: 0 },
    { kind: "published", room: ROOM, id: "x", position: where },
  );

/** What the second subscriber is told at its return, in place of what is so. */
export const returned = (fields: Partial<Extract<Happening, { kind: "joined" }>>) =>
  tampered().change("bob-1", "joined", { recovered: true }, fields);

/** Like a server that begins each recovery one too far. */
const recoveredFromOneTooFar = () =>
  returned({ recovery: { since: position(CUT_AT), messages: 3 } }).drop("bob-1", "message", at(CUT_AT + 1));

/** Like a server that knows nothing any more of a message that it had acked and told. */
const forgotten = () =>
  tampered()
    .keep("end", (found) => found.kind !== "kept" || found.position.offset < LAST)
    .change("end", "log", {}, { last: LAST - 1 });

export const item = (n: number, id: string, again = false): Happening => {
  return { kind: "item", type: "message", id, position: position(n), user: "ada", again };
};
const receipt = (n: number, id: string, user = "bob"): Happening => {
  return { kind: "item", type: "receipt", id, position: position(n), user, again: false };
};
export const opened = (cursor: number, since: Position | null): Happening => {
  return { kind: "inbox_opened", cursor: position(cursor), since };
};
const inboxEnd = (run: TamperedRun, user: string, offset: number) =>
  run.change("end", "inbox_end", { user }, at(offset));
/** What a program has in memory, in MiB, second by second. */
export const memory = (size: (second: number) => number): Happening[] =>
  Array.from({ length: 60 }, (_, n) => ({ kind: "memory", program: "rust", bytes: size(n) * 2 ** 20 }));
/** Both devices process a message after its sender has the receipt. */
const processedLate = () =>
  tampered().change("bob-1", "item", at(3), { t: 950 }).change("bob-2", "item", at(3), { t: 950 });
const signal = (n: number): Happening => {
  const content = { id: `g${n}`, by: "ada-1", n, size: 8, binaries: n % 3 };
  return { kind: "signalled", room: ROOM, user: "ada", ...content };
};
const members = (all: Members): Happening => ({ kind: "members", room: ROOM, members: all });
const change = { kind: "presence", room: ROOM, user: "vic", gone: [] as string[] } as const;
/** Bob's first device processes an item on another connection, at a time; the first connection goes on at 500 ms. */
export const sharedInbox = (t: number) =>
  tampered()
    .drop("bob-1", "item", at(3))
    .add("bob-1-double", opened(0, null), ...[1, 2, 3].map((n) => ({ t, ...item(n, `s${n}`) })));
const notAcked = (found: Happening) => found.kind !== "inbox_acked";

/** What goes wrong, what the records are then, and exactly the rules that are broken by it. */
export const BREACHES: [what: string, run: () => TamperedRun, rules: Rule[]][] = [
  ["an acked publish is past the log's end", () => acked(position(LAST + 1)), ["lost"]],
  ["an acked publish is of an epoch that is over", () => acked(position(3, "e0")), ["lost"]],
  ["an acked publish's place has another message", () => acked(position(3)), ["lost", "one_place"]],
  ["a message that was delivered is not in the log", forgotten, ["gap", "lost"]],
  ["no log can be read at the end", () => tampered().drop("end", "log"), ["activity", "gap", "lost"]],
  [
    "a log has a hole when read backward",
    () => tampered().drop("end", "kept", { way: "before", ...at(7) }),
    ["log"],
  ],
  [
    "a log has a hole when read forward",
    () => tampered().drop("end", "kept", { way: "after", ...at(7) }),
    ["log"],
  ],
  ["a log keeps less than it is to keep", () => tampered().change("end", "log", {}, { first: 2 }), ["log"]],
  [
    "a message has two places",
    () => tampered().change("bob-1", "message", at(5), { id: "m4" }),
    ["one_place"],
  ],
  [
    "a filling is not what was published",
    () => tampered().change("bob-1", "message", at(5), { size: -1 }),
    ["content"],
  ],
  [
    "a binary value is missing",
    () => tampered().change("bob-1", "message", at(5), { binaries: 1 }),
    ["content"],
  ],
  [
    "a message is said to be another user's",
    () => tampered().change("bob-1", "message", at(5), { user: "eve" }),
    ["content"],
  ],
  ["a message was published by nobody", () => tampered().drop("ada-1", "publish", PUBLISH_10), ["content"]],
  [
    "a message is nowhere as it was published",
    () => tampered().change("ada-1", "publish", PUBLISH_10, { size: 9 }),
    ["content"],
  ],
  [
    "messages are not in the order of their publishing",
    () => tampered().changeAll({ id: "m10" }, { n: 11 }),
    ["publisher_order"],
  ],
  [
    "a publish made again is acked as new",
    () => tampered().change("ada-1", "published", { duplicate: true }, { duplicate: false }),
    ["duplicate"],
  ],
  [
    "a publish made again has another place",
    () => tampered().change("ada-1", "published", { duplicate: true }, at(LAST + 1)),
    ["duplicate", "one_place"],
  ],
  ["a publish is never acked", () => tampered().drop("ada-1", "published", { id: "m10" }), ["unanswered"]],
  [
    "a publish is refused for good",
    () => tampered().add("ada-1", { kind: "refused", call: "publish", code: "forbidden", message: "" }),
    ["refused"],
  ],
  [
    "a client cannot read what it was sent",
    () => tampered().add("bob-2", { kind: "disconnected", reason: "parse error" }),
    ["readable"],
  ],
  ["a subscriber is never given a message", () => tampered().drop("bob-1", "message", at(20)), ["gap"]],
  [
    "a subscriber is never given the last message",
    () => tampered().drop("bob-1", "message", at(LAST)),
    ["gap"],
  ],
  [
    "a subscriber is given a message before its join",
    () => tampered().drop("bob-1", "joined", at(0)),
    ["gap"],
  ],
  [
    "a subscriber is given a message of another epoch",
    () => tampered().change("bob-1", "message", at(20), { position: position(20, "e0") }),
    ["gap", "one_place"],
  ],
  [
    "a subscriber is given a message twice in a row",
    () => tampered().behind("bob-1", "message", at(20), message(20)),
    ["twice"],
  ],
  [
    "a subscriber is given an older message again",
    () => tampered().behind("bob-1", "message", at(20), message(12)),
    ["twice"],
  ],
  [
    "two messages change places",
    () => tampered().drop("bob-1", "message", at(20)).behind("bob-1", "message", at(21), message(20)),
    ["gap", "order"],
  ],
  [
    "a recovery is a part of what was missed",
    () => returned({ recovery: { since: position(CUT_AT), messages: 1 } }),
    ["recovery"],
  ],
  ["a recovery begins one too far", recoveredFromOneTooFar, ["gap", "recovery"]],
  [
    "a recovery goes on in another epoch",
    () => returned({ recovery: { since: position(CUT_AT, "e0"), messages: 4 } }),
    ["recovery"],
  ],
  ["a loss is declared though all is kept", () => returned({ recovered: false }), ["recovery", "twice"]],
  [
    "a log ends before what was delivered",
    () => returned({ recovery: { since: position(0), messages: 9 }, ...at(CUT_AT - 1) }),
    ["recovery"],
  ],
  [
    "a device never processes an item",
    () => tampered().drop("bob-2", "item", at(3)),
    ["inbox_lost", "inbox_order"],
  ],
  [
    "a device never processes the last item",
    () => tampered().drop("bob-2", "item", at(LETTERS)),
    ["inbox_lost"],
  ],
  [
    "a device processes an item twice",
    () => tampered().behind("bob-2", "item", at(LETTERS), item(LETTERS, `s${LETTERS}`)),
    ["inbox_twice"],
  ],
  [
    "a message is put into an inbox twice",
    () => inboxEnd(tampered().add("bob-1", item(7, "s1")).add("bob-2", item(7, "s1")), "bob", 7),
    ["inbox_twice"],
  ],
  [
    "devices of a user disagree about the inbox",
    () => tampered().change("bob-2", "item", at(3), { id: "s9" }),
    ["content", "inbox_lost", "inbox_order"],
  ],
  ["an item comes before the inbox is open", () => tampered().drop("bob-2", "inbox_opened"), ["inbox_order"]],
  [
    "what comes again is not in order",
    () =>
      tampered()
        .keep("bob-2", notAcked)
        .add("bob-2", opened(2, null), item(4, "s4", true)),
    ["inbox_order"],
  ],
  [
    "a cursor runs ahead of the device",
    () => tampered().add("bob-2", opened(LETTERS + 1, null)),
    ["inbox_cursor"],
  ],
  ["a cursor forgets an ack", () => tampered().add("bob-2", opened(LETTERS - 1, null)), ["inbox_cursor"]],
  [
    "a cursor is not what was given as `since`",
    () =>
      tampered()
        .keep("bob-2", notAcked)
        .add("bob-2", opened(LETTERS - 1, position(LETTERS))),
    ["inbox_cursor"],
  ],
  [
    "a message comes to a user that it was not sent to",
    () => tampered().change("ada-1", "send", { id: "s3" }, { to: "eve" }),
    ["content", "receipt"],
  ],
  ["a send is never acked", () => tampered().drop("ada-1", "sent", { id: "s3" }), ["unanswered"]],
  [
    "a send made again is acked as new",
    () => tampered().add("ada-1", { kind: "sent", to: "bob", id: "s3", duplicate: false }),
    ["duplicate"],
  ],
  [
    "a receipt is never given",
    () =>
      inboxEnd(tampered().drop("ada-1", "item", at(LETTERS)).drop("ada-2", "item", at(LETTERS)), "ada", 5),
    ["receipt"],
  ],
  [
    "a receipt is given twice",
    () => inboxEnd(tampered().add("ada-1", receipt(7, "s1")).add("ada-2", receipt(7, "s1")), "ada", 7),
    ["receipt"],
  ],
  [
    "a receipt comes that nobody asked for",
    () => tampered().change("ada-1", "send", { id: "s3" }, { receipt: false }),
    ["receipt"],
  ],
  [
    "a receipt is said to be from another",
    () => tampered().change("ada-2", "item", at(3), { user: "eve" }),
    ["receipt"],
  ],
  ["a receipt comes before its message is processed", processedLate, ["receipt"]],
  [
    "a signal comes twice",
    () => tampered().behind("bob-1", "signalled", { id: "g3" }, signal(3)),
    ["signal"],
  ],
  [
    "a signal is changed",
    () => tampered().change("bob-1", "signalled", { id: "g3" }, { size: -1 }),
    ["signal"],
  ],
  [
    "a signal comes to another room",
    () => tampered().change("ada-1", "signal", { id: "g3" }, { room: "x" }),
    ["signal"],
  ],
  ["a signal comes from nobody", () => tampered().drop("ada-1", "signal", { id: "g3" }), ["signal"]],
  [
    "a signal is said to be another user's",
    () => tampered().change("bob-2", "signalled", { id: "g3" }, { user: "eve" }),
    ["signal"],
  ],
  [
    "signals and presence come before the room is joined",
    () => tampered().drop("bob-2", "members"),
    ["presence_change", "signal"],
  ],
  [
    "one who has gone is believed to be there",
    () => tampered().add("bob-1", members({ ada: ["1", "2"], bob: ["1", "2"], vic: ["9"] })),
    ["presence"],
  ],
  [
    "one who is there is not known",
    () => tampered().add("bob-1", members({ ada: ["1", "2"], bob: ["1"] })),
    ["presence"],
  ],
  [
    "a leave is not told",
    () => tampered().add("bob-2", { ...change, type: "join", devices: ["9"] }),
    ["presence"],
  ],
  [
    "a join is told of one who is there",
    () =>
      tampered().behind("bob-2", "presence", { type: "update" }, { ...change, type: "join", devices: ["9"] }),
    ["presence_change"],
  ],
  [
    "a leave is told of one who is not there",
    () => tampered().add("bob-2", { ...change, type: "leave", devices: [] }),
    ["presence_change"],
  ],
  [
    "an older connection is not told that its device was taken",
    () => tampered().drop("bob-1", "device").drop("bob-1", "device"),
    ["device"],
  ],
  [
    "an older connection is told twice that its device was taken",
    () => tampered().behind("bob-1", "device", { taken: true }, { kind: "device", taken: true }),
    ["device"],
  ],
  [
    "an older connection is not told that it has its device again",
    () => tampered().drop("bob-1", "device", { taken: false }),
    ["device"],
  ],
  [
    "a connection is told that it has its device again, and had it",
    () => tampered().add("ada-2", { kind: "connected" }, { kind: "device", taken: false }),
    ["device"],
  ],
  [
    "an item is skipped that the device's other connection processed too late",
    () => sharedInbox(900),
    ["inbox_order"],
  ],
  [
    "the server ends by itself",
    () => tampered().add("run", { kind: "server", state: "died", detail: "1" }),
    ["server"],
  ],
  [
    "the server logs an error",
    () => tampered().add("run", { kind: "server", state: "failed", detail: "internal" }),
    ["server"],
  ],
  ["a program grows", () => tampered().add("run", ...memory((n) => 100 + 2 * n)), ["memory"]],
  [
    "something does not arrive in time",
    () => tampered().change("run", "settled", {}, { kind: "unsettled", waitingFor: ["bob-1"] } as object),
    ["settled"],
  ],
];
