/**
 * What a run writes down: JSON lines, one for each thing that happened, in one file for each client that saw it, and one
 * for what the runner itself did. Imports nothing of the product: the checker reads these alone.
 */
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { basename, join } from "node:path";

export interface Position {
  epoch: string;
  offset: number;
}

/** A message as it was published; the same wherever it is met. */
export interface Content {
  id: string;
  /** The client that published it, and how many it had published before. */
  by: string;
  n: number;
  /** Length of its filling. -1: the filling, or one of the binary values, is not what was sent. */
  size: number;
  /** Binary values that it holds. */
  binaries: number;
}

interface Delivered extends Content {
  room: string;
  position: Position;
  /** Who published it, as the server says. */
  user: string;
}

/** How one can be connected: Socket.IO's client or the plain one, with the rooms layer; bare frames; or a native SDK. */
export const PROTOCOLS = ["socket.io", "plain", "frames", "kotlin", "swift", "rust"] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export type Fault = "kill" | "cut" | "stall" | "delay" | "clock" | "double" | "visit";

/** Who is in a room: each user's devices. */
export type Members = Record<string, string[]>;

/** What the runner did. */
type OfTheRun =
  | { kind: "run"; seed: number; seconds: number; rooms: { room: string; keeps: number }[] }
  | { kind: "fault"; fault: Fault; detail: string }
  /** "died": it ended though nobody ended it; "failed": it logged an error. */
  | { kind: "server"; state: "ready" | "killed" | "stopped" | "died" | "failed"; detail: string }
  /** What a program of native clients has in memory. */
  | { kind: "memory"; program: string; bytes: number }
  | { kind: "settled"; after: number }
  | { kind: "unsettled"; waitingFor: string[] };

/** What a client did in rooms, and what it saw. */
type OfARoom =
  | ({ kind: "publish"; room: string; again: boolean } & Content)
  /** The ack; `duplicate` where the client sees it. */
  | { kind: "published"; room: string; id: string; position: Position; duplicate?: boolean }
  | { kind: "joined"; room: string; position: Position; recovered?: boolean; recovery?: Recovery }
  | ({ kind: "message" } & Delivered)
  /** A signal was sent; whether it came to anybody is not known. */
  | ({ kind: "signal"; room: string } & Content)
  /** A signal came. */
  | ({ kind: "signalled" } & Omit<Delivered, "position">)
  /** Who is there: by the ack of a join, or as the client has it after a change. */
  | { kind: "members"; room: string; members: Members }
  /** A change, where the client sees it; `gone`: ids of devices. */
  | {
      kind: "presence";
      room: string;
      type: "join" | "update" | "leave";
      user: string;
      devices: string[];
      gone: string[];
    };

/** What was in a join's ack, where the client sees it. */
export interface Recovery {
  since: Position;
  messages: number;
}

/** What a client did with inboxes, and what it saw. */
type OfAnInbox =
  | { kind: "send"; to: string; receipt: boolean; again: boolean; id: string; n: number }
  | { kind: "sent"; to: string; id: string; duplicate?: boolean }
  /** `since` is null where the client gave none. */
  | { kind: "inbox_opened"; cursor: Position; since?: Position | null }
  /** An item was processed; or dropped, being one that had been processed before. */
  | {
      kind: "item";
      type: "message" | "receipt";
      id: string;
      position: Position;
      user: string;
      again: boolean;
    }
  | { kind: "inbox_acked"; position: Position };

/** A client's own fate. */
type OfAClient =
  /** `doubles`: the client whose device this one has too. */
  | { kind: "client"; user: string; device: string; protocol: Protocol; doubles?: string }
  | { kind: "connected" }
  | { kind: "disconnected"; reason: string }
  /** The client was closed and made anew with what it had kept, as when a page is loaded again. */
  | { kind: "reloaded" }
  /** It has gone for good. */
  | { kind: "closed" }
  /** Another connection has taken its device, or has gone. */
  | { kind: "device"; taken: boolean }
  /** Something that went on by itself; for whoever reads the records. */
  | { kind: "warning"; message: string }
  /** A call was refused for good, or the session has ended: nothing that a fault may cause. */
  | { kind: "refused"; call: string; code: string; message: string };

/** What a fresh client read when all was over. */
type OfTheEnd =
  | ({ kind: "kept"; way: "before" | "after" } & Delivered)
  /** A room's log; `first` is the oldest offset that is kept, `last + 1` where none is. */
  | { kind: "log"; room: string; epoch: string; first: number; last: number }
  | { kind: "inbox_end"; user: string; position: Position };

export type Happening = OfTheRun | OfARoom | OfAnInbox | OfAClient | OfTheEnd;

/** `t`: milliseconds since the run began, on one clock for all files of a run. */
export type Entry = Happening & { t: number };

export type Of<K extends Happening["kind"]> = Extract<Entry, { kind: K }>;

/** One file of a run, read anew at each call. */
export interface Source {
  name: string;
  entries(): Iterable<Entry>;
}

/** Name of the runner's own records. */
export const RUN = "run";

/** Takes down what one client sees. What was written is in the file at once: a runner that dies loses nothing. */
export class Recorder {
  readonly #now: () => number;
  /** Records that were written. */
  length = 0;
  readonly #file: number;

  constructor(
    folder: string,
    readonly name: string,
    now: () => number,
  ) {
    this.#now = now;
    mkdirSync(folder, { recursive: true });
    this.#file = openSync(join(folder, `${name}.jsonl`), "w");
  }

  write(happening: Happening): void {
    this.length++;
    const t = Math.round(this.#now() * 1000) / 1000;
    writeSync(this.#file, `${JSON.stringify({ t, ...happening })}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** All records of a run, the runner's own first. */
export function readRun(folder: string): Source[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
  return files
    .map((name) => ({
      name: basename(name, ".jsonl"),
      *entries() {
        for (const line of readFileSync(join(folder, name), "utf8").split("\n")) {
          if (line !== "") yield JSON.parse(line) as Entry;
        }
      },
    }))
    .sort((a, b) => Number(b.name === RUN) - Number(a.name === RUN) || (a.name < b.name ? -1 : 1));
}
