/** What a run gives: figures alone, with no words. Milliseconds, bytes and microseconds, as the names say. */
import type { Missed, Passed } from "./protocol.js";
import type { SubjectName } from "./subjects.js";

export interface Results {
  machine: Machine;
  settings: {
    steady: number;
    proxied: number;
    cpuClients: number;
    idleClients: number;
    instances: number;
    cut: number;
  };
  /** In the order of the table of subjects. */
  subjects: SubjectResult[];
  /** Message for message, the two ways into one room; missing where they were not both measured. */
  pairs?: Pairs;
  cuts: CutResult[];
  proxies: ProxyResult[];
}

export interface Machine {
  /** As YYYY-MM-DD. */
  date: string;
  node: string;
  cores: number;
  cpu: string;
  /** Of what was measured, by name. */
  versions: Record<string, string>;
  /** That the run took. */
  seconds: number;
  /** Milliseconds that a message was published too late, at worst. */
  slip: number;
}

export interface SubjectResult {
  name: SubjectName;
  /** Milliseconds from publish to the application, at 1 message a second and at 200. */
  latency?: Latency;
  latencyFast?: Latency;
  /** Bytes for each message, at 1 a second and at 200. */
  bytes?: Passed;
  bytesFast?: Passed;
  /** Bytes for each message that a client sends. */
  sending?: Passed;
  /** Microseconds of server CPU for each message that was delivered; one for each round. */
  cpuMicros?: number[];
  idle?: {
    clients: number;
    /** Of the server's memory, for each client; 1 kilobyte is 1,000 bytes. */
    kilobytes: number;
    /** Milliseconds of server CPU for each client in a minute. */
    cpuMillisPerMinute: number;
  };
  first?: { roundTrips: number } & Passed;
  /** Milliseconds until the last of 5 messages, 20 ms apart, was there, over a round trip of 100 ms; from its publish. */
  burst?: number;
}

export interface Latency {
  p50: number;
  p95: number;
  count: number;
}

/** Of the messages that both clients got: milliseconds by which the plain client had them earlier, median; and how often it was first. */
export interface Pairs {
  count: number;
  plainFirst: number;
  medianLead: number;
}

export interface CutResult {
  name: SubjectName;
  /** "As it comes": with no recovery turned on. */
  kind: "as it comes" | "with recovery";
  by: string;
  /** Messages that were published while nothing passed, about. */
  meanwhile: number;
  /** Of each client. */
  cut: Missed[];
  stall: Missed[];
}

export type ProxyKind = "proxy_pass" | "upgrade";

export interface ProxyResult {
  name: SubjectName;
  /** Whether the server said to proxies that they are not to hold its answer back. */
  unbuffered: boolean;
  /** Of how many. */
  of: number;
  /** That came within 2 s of their publishing. */
  came: Record<ProxyKind, number>;
}
