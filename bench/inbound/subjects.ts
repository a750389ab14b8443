/** The servers that are compared: a closed table. */
import type { DialectName } from "./dialects.js";
import type { Part } from "./settings.js";

export interface Subject {
  /** The script of `servers/` that runs it, with its arguments; or a program of others. */
  readonly program: { script: string; args?: readonly string[] } | "centrifugo";
  /** How clients speak to it. */
  readonly dialect: DialectName;
  /** Whether the code under test is Crossroom's, so that another checkout's can stand beside it. */
  readonly ours: boolean;
  readonly parts: readonly Part[];
  /** Whether it can tell who is in a room. */
  readonly presence: boolean;
}

const ALL: readonly Part[] = ["publish", "join", "storm"];
/** Those of the rooms server alone have something to come back to. */
const ROOMS: readonly Part[] = [...ALL, "rejoin"];

const memory = { script: "rooms", args: ["memory"] } as const;
const lmdb = { script: "rooms", args: ["lmdb"] } as const;

export const SUBJECTS = {
  crossroom: { program: memory, dialect: "rooms", ours: true, parts: ROOMS, presence: true },
  "crossroom-ids": { program: memory, dialect: "rooms-ids", ours: true, parts: ["publish"], presence: true },
  "crossroom-lmdb": { program: lmdb, dialect: "rooms", ours: true, parts: ROOMS, presence: true },
  "crossroom-socketio": {
    program: memory,
    dialect: "rooms-socketio",
    ours: true,
    parts: ALL,
    presence: true,
  },
  "bridge-minimal": {
    program: { script: "bridge-minimal" },
    ...{ dialect: "bridge", ours: true, parts: ALL, presence: false },
  },
  "socketio-minimal": {
    program: { script: "socketio-minimal" },
    ...{ dialect: "socketio", ours: false, parts: ALL, presence: false },
  },
  ws: { program: { script: "ws" }, dialect: "plain", ours: false, parts: ALL, presence: false },
  centrifugo: { program: "centrifugo", dialect: "centrifugo", ours: false, parts: ALL, presence: true },
} as const satisfies Record<string, Subject>;

export type ServerName = keyof typeof SUBJECTS;

export const SERVERS = Object.keys(SUBJECTS) as ServerName[];

/** A server of one checkout, as it is called in the results. */
export interface Contender extends Subject {
  readonly name: string;
  /** The folder that its code is of. */
  readonly checkout: string;
}

/** Those that a part is measured for, each with those of other checkouts behind it. */
export function contenders(
  part: Part,
  {
    servers,
    checkouts,
  }: { servers: readonly ServerName[]; checkouts: readonly { folder: string; suffix: string }[] },
): Contender[] {
  return servers.flatMap((server) => {
    const subject: Subject = SUBJECTS[server];
    if (!subject.parts.includes(part)) return [];
    return checkouts
      .filter(({ suffix }) => subject.ours || suffix === "")
      .map(({ folder, suffix }) => ({ ...subject, name: server + suffix, checkout: folder }));
  });
}
