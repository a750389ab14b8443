/** The servers that are compared: a closed table. */
import type { Entry } from "./protocol.js";

export interface SubjectInfo {
  /** How receivers enter. */
  readonly entry: Entry;
  /** What runs its script, servers/NAME.js unless `script` says otherwise. */
  readonly runtime: "node" | "bun";
  /** The script, where another subject's is the same server. */
  readonly script?: string;
  /** Whether its idle connections are measured; one of two servers that differ in broadcasts alone is enough. */
  readonly idle: boolean;
}

export const SUBJECTS = {
  "ws-send": { entry: "raw", runtime: "node", idle: true },
  "ws-preframed": { entry: "raw", runtime: "node", idle: false },
  socketio: { entry: "socket.io", runtime: "node", idle: true },
  "crossroom-bridge": { entry: "bridge", runtime: "node", idle: true },
  "crossroom-sse": { entry: "sse", runtime: "node", idle: true, script: "crossroom-bridge" },
  "crossroom-socketio": { entry: "socket.io", runtime: "node", idle: true },
  uws: { entry: "raw", runtime: "bun", idle: true },
} as const satisfies Record<string, SubjectInfo>;

export type SubjectName = keyof typeof SUBJECTS;

/**
 * Heartbeats so far apart that none falls into a run: receivers only count bytes, and would answer none. Milliseconds.
 * Every connection has its heartbeat's timer all the same.
 */
export const HEARTBEAT = { pingInterval: 900_000, pingTimeout: 900_000 } as const;
