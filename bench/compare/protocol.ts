/** What the orchestrator asks its child processes, and what they answer. */
import type { ClientSettings, Way } from "./clients/client.js";

/** When to publish. With a seed the gaps are those of a Poisson process, otherwise even. */
export interface Schedule {
  count: number;
  perSecond: number;
  seed?: number;
}

export interface Published {
  /** Numbers of the messages. */
  first: number;
  last: number;
  /** Milliseconds by which a message was late, at worst, before it was stamped. */
  slip: number;
}

export type ServerQuestion =
  /** Answer: `Published`, when the last one is out. */
  | ({ ask: "publish" } & Schedule)
  /** Answer: `Usage`. With `gc` a full garbage collection is forced before. */
  | { ask: "usage"; gc: boolean }
  /** How many messages clients have sent to it. Answer: `{count}`. */
  | { ask: "received" };

/** Bytes that have passed a relay's port, without the headers of TCP, UDP and IP. */
export interface Passed {
  up: number;
  down: number;
}

export type RelayQuestion =
  /** Listen for `name`. `oneWay` milliseconds are waited in each direction. Answer: `{port}`. */
  | { ask: "open"; name: string; upstream: number; oneWay: number }
  /** Answer: `Passed`, in all. */
  | { ask: "passed"; name: string }
  /** End every connection, and any new one at once, until `restore`. Answer: `Done`. */
  | { ask: "cut" }
  | { ask: "restore" }
  /** Hold everything back, until `release`. Answer: `Done`. */
  | { ask: "stall" }
  | { ask: "release" }
  /** Lose the next piece that holds this text on its way to a client. Answer: `Done`. */
  | { ask: "swallow"; name: string; text: string };

/** What one group of clients has got, each client by itself. */
export interface Got {
  /** Milliseconds from publish to the application's code, of all clients. */
  latencies: number[];
}

/** Messages that a client did not get, or got more than once, of those that were asked about. */
export interface Missed {
  lost: number;
  repeated: number;
}

export type LoadQuestion =
  /** Connect `count` clients and wait until each was greeted. Answer: `{milliseconds}`, of each. */
  | {
      ask: "connect";
      group: string;
      way: Way;
      port: number;
      count: number;
      settings: ClientSettings;
      /** Milliseconds after which it has failed. */
      patience: number;
    }
  /** Wait until each client has these messages. Each one once and in order, or the answer is an error. Answer: `Got`. */
  | { ask: "expect"; group: string; first: number; last: number; patience: number }
  /** What each client has of these messages just now, within `inTime` milliseconds of their publishing. Answer: `{missed: Missed[]}`. */
  | { ask: "missed"; group: string; first: number; last: number; inTime?: number }
  /** One client of the group sends. Answer: `Done`, when all have been handed over. */
  | { ask: "send"; group: string; count: number; every: number }
  | { ask: "drop"; group: string };
