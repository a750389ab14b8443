/** What is measured, and how large. */
import type { ServerName } from "./subjects.js";

export const PARTS = ["publish", "join", "rejoin", "storm"] as const;
export type Part = (typeof PARTS)[number];

export interface Settings {
  servers: ServerName[];
  /** The checkouts whose Crossroom is measured; this one is the first. */
  checkouts: Checkout[];
  only: Part[];
  /** Times that each server is measured. */
  rounds: number;
  /** Clients that publish at the same time, each alone in its room. */
  publishers: number;
  /** Publishes of one measurement, of all of them together. */
  publishes: number;
  /** Clients that come in in one measurement. */
  joins: number;
  /** Clients that come back at the same time. */
  absentees: number;
  /** Clients that all connect at once. */
  clients: number;
  /** The small storm that the large one is held against, for what grows. */
  fewClients: number;
  /** Storms of each kind; what counts is the median of the times. */
  storms: number;
  /** Seconds after which a client of a storm that is not in counts as lost. */
  patience: number;
  /** Where the data is put while the benchmark runs. */
  folder: string;
  /** Its program, if it is to be measured. */
  centrifugo: string | undefined;
}

/** A folder with this repository, with its dist/ made. */
export interface Checkout {
  folder: string;
  /** What is put behind the names of its servers: nothing for this one. */
  suffix: string;
}
