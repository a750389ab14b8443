/** What is measured, and how large. */

/** The stores that are compared, by what a server with them is called in the results. */
export const STORES = ["memory", "lmdb"] as const;
export type StoreName = (typeof STORES)[number];

export const PARTS = ["publish", "append", "recovery", "growth"] as const;
export type Part = (typeof PARTS)[number];

export interface Settings {
  parts: Part[];
  /** Times that each cell is measured; what counts is the median. */
  rounds: number;
  /** Of one measurement of publishes or appends. */
  milliseconds: number;
  /** Publishers, or appenders, at a time: a row of the results for each. */
  publishers: number[];
  /** Messages that one client has missed in one room. */
  missed: number;
  /** Clients that come back at the same time, each to as many rooms, with as many messages missed in each. */
  clients: number;
  rooms: number;
  missedEach: number;
  /** Messages in a log when its costs are measured: a column of the results for each. */
  sizes: number[];
  /** Where the data is put while the benchmark runs. */
  folder: string;
}
