/** The ways that are compared: a closed table. To add one, write a file in `servers/` and one in `clients/`, and a row here. */
import type { ClientSettings, Way } from "./clients/client.js";
import type { ServerProgram } from "./processes.js";

/** What people would call it when they choose. */
export type Family =
  "floor" | "polling" | "long polling" | "SSE" | "WebSocket" | "Socket.IO" | "bridge" | "WebRTC" | "rooms";

export type Part = "first" | "steady" | "sending" | "burst" | "fast" | "cpu" | "idle" | "cuts" | "proxies";

export const PARTS: readonly Part[] = [
  ...(["first", "steady", "proxies", "sending", "burst"] as const),
  ...(["fast", "cpu", "idle", "cuts"] as const),
];

/** How one behaves in a cut: as it comes, or with what it has to get back what it missed. */
export interface CutVariant {
  readonly kind: "as it comes" | "with recovery";
  /** What that is. */
  readonly by: string;
  readonly server?: ServerProgram;
  readonly settings?: ClientSettings;
}

export interface Subject {
  readonly title: string;
  /** In the middle of a sentence. */
  readonly spoken: string;
  readonly family: Family;
  /** Whether it is this project's own. */
  readonly ours: boolean;
  readonly server: ServerProgram;
  readonly way: Way;
  readonly settings: ClientSettings;
  readonly parts: readonly Part[];
  readonly cuts: readonly CutVariant[];
  /** Milliseconds that a message may take at worst, outside a cut. */
  readonly patience: number;
  /** Whether it can be put behind an HTTP proxy. */
  readonly proxied: boolean;
  /** Its settings there, where they are others: Socket.IO's client falls back only by default. */
  readonly proxiedSettings?: ClientSettings;
  /** Clients of the measurement of memory; fewer where each costs a great deal. */
  readonly mostIdle?: number;
  /** Milliseconds of a measurement of CPU, where it needs more than others: several polls. */
  readonly cpuWindow?: number;
}

const ALL: readonly Part[] = PARTS;
const but = (...left: Part[]): readonly Part[] => ALL.filter((part) => !left.includes(part));

const POLLING: ServerProgram = { script: "polling" };
const SOCKET_IO: ServerProgram = { script: "socketio" };
const SOCKET_IO_RECOVERY: ServerProgram = { script: "socketio", args: ["recovery"] };
const BRIDGE: ServerProgram = { script: "socketio", args: ["bridge"] };
const BRIDGE_RECOVERY: ServerProgram = { script: "socketio", args: ["bridge", "recovery"] };
const ROOMS: ServerProgram = { script: "rooms", isRooms: true };

const SOON = 10_000;
const own = { ours: false, patience: SOON, proxied: true, parts: ALL } as const;

const socketIoCuts: readonly CutVariant[] = [
  { kind: "as it comes", by: "socket.io-client" },
  { kind: "with recovery", by: "connectionStateRecovery", server: SOCKET_IO_RECOVERY },
];

/** A session outlasts the cut, and is read on; what Socket.IO recovers is for longer ones. */
const bridgeHttpCuts: readonly CutVariant[] = [
  { kind: "as it comes", by: "its session, for 20 s" },
  { kind: "with recovery", by: "connectionStateRecovery besides", server: BRIDGE_RECOVERY },
];

const roomsCuts: readonly CutVariant[] = [
  { kind: "as it comes", by: "joins anew at each connect", settings: { resume: false } },
  { kind: "with recovery", by: "the rooms layer", settings: { resume: true } },
];

export const SUBJECTS = {
  pipe: {
    ...{
      ...own,
      title: "an empty TCP pipe",
      spoken: "an empty TCP pipe",
      family: "floor",
      server: { script: "pipe" },
    },
    ...{ way: "pipe", settings: {}, cuts: [], proxied: false },
    parts: ["first", "steady", "sending", "burst", "fast", "cpu", "idle"],
  },
  "polling-10s": {
    ...{
      ...own,
      title: "polling each 10 s",
      spoken: "polling each 10 s",
      family: "polling",
      server: POLLING,
      way: "polling",
    },
    ...{ settings: { pollEvery: 10_000 }, cuts: [], patience: 25_000, proxied: false },
    parts: ["first", "steady"],
  },
  "polling-1s": {
    ...{
      ...own,
      title: "polling each second",
      spoken: "polling each second",
      family: "polling",
      server: POLLING,
      way: "polling",
    },
    ...{ settings: { pollEvery: 1_000 }, parts: but("burst"), cpuWindow: 2_000 },
    cuts: [{ kind: "with recovery", by: "asks since which one" }],
  },
  "long-polling": {
    ...{
      ...own,
      title: "long polling",
      spoken: "long polling",
      family: "long polling",
      server: POLLING,
      way: "long-polling",
    },
    settings: {},
    cuts: [
      { kind: "as it comes", by: "begins at the newest", settings: { resume: false } },
      { kind: "with recovery", by: "asks since which one" },
    ],
  },
  sse: {
    ...{
      ...own,
      title: "SSE",
      spoken: "SSE",
      family: "SSE",
      server: { script: "sse" },
      way: "sse",
      settings: {},
    },
    cuts: [
      { kind: "as it comes", by: "events without ids", settings: { resume: false } },
      { kind: "with recovery", by: "ids, and a server that looks at Last-Event-ID" },
    ],
  },
  "sse-h2": {
    ...{
      ...own,
      title: "SSE over HTTP/2",
      spoken: "SSE over HTTP/2",
      family: "SSE",
      server: { script: "sse-h2" },
      way: "sse-h2",
    },
    ...{ settings: {}, proxied: false },
    cuts: [
      { kind: "as it comes", by: "events without ids", settings: { resume: false } },
      { kind: "with recovery", by: "ids, and a server that looks at Last-Event-ID" },
    ],
  },
  ws: {
    ...{
      ...own,
      title: "bare WebSocket (ws)",
      spoken: "a bare WebSocket",
      family: "WebSocket",
      server: { script: "ws" },
      way: "ws",
    },
    settings: {},
    cuts: [
      { kind: "as it comes", by: "a client that reconnects" },
      {
        kind: "with recovery",
        by: "your own log, and code that asks since which one",
        settings: { resume: true },
      },
    ],
  },
  "socketio-polling": {
    ...{
      ...own,
      title: "Socket.IO, polling",
      spoken: "Socket.IO on polling alone",
      family: "Socket.IO",
      server: SOCKET_IO,
      way: "socketio",
    },
    ...{ settings: { transports: ["polling"] }, cuts: socketIoCuts },
  },
  "socketio-websocket": {
    ...{
      ...own,
      title: "Socket.IO, WebSocket",
      spoken: "Socket.IO on WebSocket alone",
      family: "Socket.IO",
      server: SOCKET_IO,
    },
    ...{ way: "socketio", settings: { transports: ["websocket"] }, cuts: socketIoCuts },
  },
  socketio: {
    ...{
      ...own,
      title: "Socket.IO, default",
      spoken: "Socket.IO",
      family: "Socket.IO",
      server: SOCKET_IO,
      way: "socketio",
    },
    ...{ settings: {}, cuts: socketIoCuts },
  },
  bridge: {
    ...{
      ...own,
      title: "the bridge",
      spoken: "the bridge",
      family: "bridge",
      ours: true,
      server: BRIDGE,
      way: "bridge",
    },
    settings: {},
    cuts: [
      { kind: "as it comes", by: "@crossroom/client" },
      { kind: "with recovery", by: "connectionStateRecovery, by pid and offset", server: BRIDGE_RECOVERY },
    ],
  },
  "bridge-sse": {
    ...{ ...own, title: "the bridge, by SSE", spoken: "the bridge by SSE", family: "bridge", ours: true },
    ...{ server: BRIDGE, way: "bridge-http", settings: { reading: "stream" }, cuts: bridgeHttpCuts },
  },
  "bridge-polling": {
    ...{ ...own, title: "the bridge, by polling", spoken: "the bridge by polling", family: "bridge" },
    ...{
      ours: true,
      server: BRIDGE,
      way: "bridge-http",
      settings: { reading: "polls" },
      cuts: bridgeHttpCuts,
    },
  },
  webrtc: {
    ...{
      ...own,
      title: "WebRTC data channel",
      spoken: "WebRTC",
      family: "WebRTC",
      server: { script: "webrtc" },
      way: "webrtc",
    },
    ...{ settings: {}, proxied: false, mostIdle: 100 },
    cuts: [{ kind: "as it comes", by: "a new connection where the old one failed" }],
  },
  "rooms-socketio": {
    ...{
      ...own,
      title: "rooms: Socket.IO client",
      spoken: "the rooms server’s Socket.IO client",
      family: "rooms",
      ours: true,
      server: ROOMS,
    },
    ...{ way: "rooms", settings: { over: "socket.io", transports: ["websocket"] }, cuts: roomsCuts },
    proxiedSettings: { over: "socket.io" },
  },
  "rooms-plain": {
    ...{
      ...own,
      title: "rooms: plain client",
      spoken: "the rooms server’s plain client",
      family: "rooms",
      ours: true,
      server: ROOMS,
    },
    ...{ way: "rooms", settings: { over: "bridge" }, cuts: roomsCuts },
  },
} as const satisfies Record<string, Subject>;

export type SubjectName = keyof typeof SUBJECTS;

export const SUBJECT_NAMES = Object.keys(SUBJECTS) as SubjectName[];

/** Those of a run that take part in a part, with their names. */
export function subjectsOf(
  names: readonly SubjectName[],
  part: Part,
): [name: SubjectName, subject: Subject][] {
  return names
    .map((name): [SubjectName, Subject] => [name, SUBJECTS[name]])
    .filter(([, { parts }]) => parts.includes(part));
}
