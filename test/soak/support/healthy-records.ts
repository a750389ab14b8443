/** The records of a small run in which everything was as it should be; a test breaks them in one place. */
import type { Happening, Of, Position, Protocol, Source } from "../records.js";

export const EPOCH = "e1";
export const ROOM = "hall";
export const MESSAGES = 30;
/** The subscriber that loses its connection after this message, and recovers up to `RECOVERED`. */
export const CUT_AT = 10;
export const RECOVERED = 14;
/** Messages to Bob, each with a receipt to Ada. */
export const LETTERS = 6;

const SIGNALS = 6;
/** Milliseconds: when both first devices are doubled, and when all is over, long after. */
export const DOUBLED = 2_000;
const OVER = 30_000;

export type Files = Record<string, Happening[]>;

export function position(offset: number, epoch = EPOCH): Position {
  return { epoch, offset };
}

export function message(n: number): Of<"message"> {
  const kind = "message" as const;
  return { t: 0, kind, room: ROOM, position: position(n), user: "ada", ...content(n) };
}

/** Ada publishes from one device, and has another; Bob has two. All four subscribe to the room. */
export function healthyRun(): Files {
  const over: Happening & { t: number } = { t: OVER, kind: "settled", after: 5 };
  return {
    run: [
      { kind: "run", seed: 1, seconds: 1, rooms: [{ room: ROOM, keeps: 1_000 }] },
      { kind: "fault", fault: "kill", detail: "" },
      { kind: "fault", fault: "cut", detail: "" },
      { kind: "fault", fault: "stall", detail: "" },
      { kind: "fault", fault: "delay", detail: "" },
      { kind: "fault", fault: "clock", detail: "" },
      { kind: "fault", fault: "double", detail: "" },
      { kind: "fault", fault: "visit", detail: "" },
      over,
    ],
    "ada-1": [
      ...[...begin("ada", "1"), ...publishes(), ...sends(), ...signals("signal"), ...subscriber()],
      ...[...items("receipt", "bob", 900), ...older()],
    ],
    "ada-1-double": double("ada", "ada-1"),
    "ada-2": [
      ...[...begin("ada", "2"), ...signals("signalled"), ...subscriber(), ...items("receipt", "bob", 900)],
    ],
    "bob-1": [
      ...[...begin("bob", "1"), ...signals("signalled"), ...subscriber(), ...items("message", "ada", 500)],
      ...older(),
    ],
    "bob-1-double": double("bob", "bob-1"),
    "bob-2": [
      ...[...begin("bob", "2", "frames"), ...signals("signalled"), ...visits(), ...subscriber()],
      ...items("message", "ada", 800),
    ],
    vic: [{ kind: "client", user: "vic", device: "9", protocol: "frames" }, { kind: "closed" }],
    end: [
      ...kept("before"),
      ...kept("after"),
      { kind: "log", room: ROOM, epoch: EPOCH, first: 1, last: MESSAGES },
      { kind: "inbox_end", user: "ada", position: position(LETTERS) },
      { kind: "inbox_end", user: "bob", position: position(LETTERS) },
    ],
  };
}

/** As sources; a record that says no time happens at 100 ms. */
export function sources(files: Files): Source[] {
  return Object.entries(files).map(([name, happenings]) => ({
    name,
    entries: () => happenings.map((happening) => ({ t: 100, ...happening })),
  }));
}

function content(n: number) {
  return { id: `m${n}`, by: "ada-1", n, size: 8, binaries: n % 3 };
}

function begin(user: string, device: string, protocol: Protocol = "plain"): Happening[] {
  return [
    { kind: "client", user, device, protocol },
    { kind: "members", room: ROOM, members: { ada: ["1", "2"], bob: ["1", "2"] } },
    { kind: "joined", room: ROOM, position: position(0) },
    { kind: "inbox_opened", cursor: position(0), since: null },
  ];
}

/** Each is acked; the first is published again. */
function publishes(): Happening[] {
  const all: Happening[] = [];
  for (let n = 1; n <= MESSAGES; n++) {
    all.push({ kind: "publish", room: ROOM, again: false, ...content(n) });
    all.push({ kind: "published", room: ROOM, id: `m${n}`, position: position(n), duplicate: false });
  }
  all.push({ kind: "publish", room: ROOM, again: true, ...content(1) });
  all.push({ kind: "published", room: ROOM, id: "m1", position: position(1), duplicate: true });
  return all;
}

function subscriber(): Happening[] {
  const all: Happening[] = [];
  for (let n = 1; n <= MESSAGES; n++) {
    all.push(message(n));
    if (n !== CUT_AT) continue;
    all.push({ kind: "disconnected", reason: "cut" });
    const recovery = { since: position(CUT_AT), messages: RECOVERED - CUT_AT };
    all.push({ kind: "joined", room: ROOM, position: position(RECOVERED), recovered: true, recovery });
  }
  return all;
}

/** Ada's signals to the others, as she sent them or as they came. */
function signals(kind: "signal" | "signalled"): Happening[] {
  const all: Happening[] = [];
  for (let n = 1; n <= SIGNALS; n++) {
    const told = { room: ROOM, ...content(n), id: `g${n}` };
    all.push(kind === "signal" ? { kind, ...told } : { kind, user: "ada", ...told });
  }
  return all;
}

/** What a client with no layer is told of Vic. */
function visits(): Happening[] {
  const about = { kind: "presence", room: ROOM, user: "vic" } as const;
  const visit: Happening[] = [
    { ...about, type: "join", devices: ["9"], gone: [] },
    { ...about, type: "update", devices: ["8"], gone: ["9"] },
    { ...about, type: "leave", devices: [], gone: [] },
  ];
  return [...visit, ...visit];
}

/** What the older of two connections is told of the newer. */
function older(): (Happening & { t: number })[] {
  return [
    { t: 1_000, kind: "connected" },
    { t: DOUBLED, kind: "device", taken: true },
    { t: DOUBLED + 1_000, kind: "device", taken: false },
  ];
}

function double(user: string, doubles: string): (Happening & { t: number })[] {
  return [
    { t: DOUBLED - 10, kind: "client", user, device: "1", protocol: "frames", doubles },
    { t: DOUBLED, kind: "connected" },
    { t: DOUBLED + 990, kind: "closed" },
  ];
}

function sends(): Happening[] {
  const all: Happening[] = [];
  for (let n = 1; n <= LETTERS; n++) {
    all.push({ kind: "send", to: "bob", receipt: true, again: false, id: `s${n}`, n });
    all.push({ kind: "sent", to: "bob", id: `s${n}`, duplicate: false });
  }
  return all;
}

function items(type: "message" | "receipt", user: string, t: number): Happening[] {
  const all: (Happening & { t: number })[] = [];
  for (let n = 1; n <= LETTERS; n++) {
    all.push({ t, kind: "item", type, id: `s${n}`, position: position(n), user, again: false });
    all.push({ t, kind: "inbox_acked", position: position(n) });
  }
  return all;
}

function kept(way: "before" | "after"): Happening[] {
  const all: Happening[] = [];
  for (let n = 1; n <= MESSAGES; n++) all.push({ ...message(n), kind: "kept", way });
  return all;
}
