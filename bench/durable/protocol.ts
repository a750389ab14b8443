/** What the orchestrator asks its child processes, and what they answer. */
import type { Cost } from "./cost.js";
import type { Protocol } from "../shared/wires.js";
import type { Operation } from "./operations.js";
import type { StoreName } from "./settings.js";

/** To a rooms server; there is but one. Answer: `Usage`. */
export interface ServerQuestion {
  ask: "usage";
}

/** To the load generator. */
export type LoadQuestion =
  /** Connect `count` publishers, each to a room of its own. Answer: `Done`. */
  | { ask: "publishers"; group: string; protocol: Protocol; port: number; count: number }
  /** Have `count` of a group publish. Answer: `PublishResult`. */
  | { ask: "publish"; group: string; count: number; warmUp: number; milliseconds: number }
  /** Make clients that miss messages. Answer: `Done`. */
  | ({ ask: "leave"; port: number } & Absence)
  /** Have them come back. Answer: `ReturnResult`. */
  | { ask: "come back"; group: string; port: number };

/** Clients that each have missed as many messages in as many rooms. */
export interface Absence {
  group: string;
  clients: number;
  /** Of each client. */
  rooms: number;
  /** Of each room. */
  messages: number;
}

export interface PublishResult {
  /** Publishes acked in `milliseconds`. */
  counted: number;
  milliseconds: number;
  /** Publishes acked since the question came: those of the warm-up, and the last ones, as well. */
  all: number;
}

export interface ReturnResult {
  /** From the first connection until everything that was missed is there and parsed. */
  milliseconds: number;
  /** The same from the first `join`. */
  joinMilliseconds: number;
}

/** To the process with both stores: append to `appenders` logs for `milliseconds`. Answer: `Cost`. */
export interface AppendQuestion {
  ask: "append";
  store: StoreName;
  appenders: number;
  milliseconds: number;
}

/** To the process with the growing logs: what things cost in a log of `messages`. Answer: `GrowthResult`. */
export interface GrowthQuestion {
  ask: "sample";
  messages: number;
}

export type GrowthResult = Record<Operation, Cost>;
