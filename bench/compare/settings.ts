/** What a run measures, and how much of it. */
import type { Part, SubjectName } from "./subjects.js";

export interface Settings {
  subjects: readonly SubjectName[];
  only: readonly Part[];
  /** Milliseconds after which what a connection began with is over. */
  settle: number;
  /** Messages at 1 a second, and the first of them that the proxies' table counts. */
  steady: number;
  proxied: number;
  /** Messages at 200 a second. */
  fast: number;
  /** Connections through a round trip of 100 ms. */
  firsts: number;
  sends: number;
  bursts: number;
  /** Measurements of CPU for each way; the lower quartile counts. */
  rounds: number;
  cpuClients: number;
  /** Milliseconds of one measurement of CPU. */
  cpuWindow: number;
  idleClients: number;
  /** Milliseconds that they are watched for. */
  idleWindow: number;
  /** Clients of each way in a cut: when they come back is random. */
  instances: number;
  /** Milliseconds that a cut and a stall last, and that there is peace before and after. */
  cut: number;
  peace: number;
  /** Of nginx's program; undefined leaves the table of proxies out. */
  nginx: string | undefined;
  /** A folder for the servers' data; has to be there. */
  folder: string;
  /** The way of which the relay loses one message, to see the run fail. */
  loseOne?: SubjectName;
}
