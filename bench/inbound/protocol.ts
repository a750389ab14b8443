/** What the orchestrator asks its child processes, and what they answer. */
import type { Absence } from "../durable/protocol.js";
import type { DialectName } from "./dialects.js";

/** To a server under test. */
export type ServerQuestion =
  /** Watch the event loop from now on. Answer: `Done`. */
  | { ask: "watch" }
  /** How late it was since. Answer: `LoopDelay`. */
  | { ask: "loop delay" };

/** By how many milliseconds the event loop was late. */
export interface LoopDelay {
  p99: number;
  max: number;
}

/** To a process with clients. */
export type LoadQuestion =
  /** Connect `count` publishers, each to a room of its own. Answer: `Done`. */
  | { ask: "publishers"; group: string; dialect: DialectName; port: number; count: number }
  /** Have each of them publish `each` messages, one after the other. Answer: `Done`. */
  | { ask: "publish"; group: string; each: number }
  /** Have `count` clients come in, some at a time, each to a room of its own. Answer: `Done`. */
  | { ask: "join"; group: string; dialect: DialectName; port: number; count: number }
  /** Make clients that miss messages. Answer: `Done`. */
  | ({ ask: "leave"; port: number } & Absence)
  /** Have them come back. Answer: `ReturnResult`. */
  | { ask: "come back"; group: string; port: number }
  /** Have `count` clients come in, all at once, to one room. Answer: `StormResult`. */
  | { ask: "storm"; group: string; dialect: DialectName; port: number; count: number; patience: number }
  /** Cut the connections of a group that joined. Answer: `Done`. */
  | { ask: "drop"; group: string };

export interface StormResult {
  /** From the storm's beginning until a client was in, one for each that came in. */
  milliseconds: number[];
  /** Clients that did not come in, or that were cut off. */
  lost: number;
  /** What became of the first one of them. */
  reason?: string;
  /** Answers of 503 with `Retry-After`. */
  toldToWait: number;
  /** Bytes that all of them have got, from the first one of the handshake. */
  bytes: number;
}
