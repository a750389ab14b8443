/** What is measured, and how large. */

export const PARTS = [
  "idle",
  "upkeep",
  "ids",
  "disconnect",
  "acks",
  "refusals",
  "logs",
  "trim",
  "mixed",
] as const;
export type Part = (typeof PARTS)[number];

export const STORES = ["lmdb", "memory"] as const;
export type StoreName = (typeof STORES)[number];

export interface Settings {
  only: Part[];
  /** Times that what has no state is measured; the median counts. */
  rounds: number;
  /** Idle connections, and the fewer that they are held against. */
  connections: number;
  fewConnections: number;
  /** Logs that nobody uses. */
  idleLogs: number;
  /** Seconds for which a server with them is watched. */
  upkeepSeconds: number;
  /** Ids that are within their window at a time. */
  ids: number;
  /** Members of a room of which half are cut off. */
  members: number;
  /** Milliseconds that who is cut off counts as there. */
  grace: number;
  /** Items of one user's inbox. */
  items: number;
  /** Publishes of one measurement. */
  publishes: number;
  /** Entries of a long log, and of the short one that it is held against. */
  entries: number;
  fewEntries: number;
  /** Logs of a store, and of the small one that it is held against. */
  heads: number;
  fewHeads: number;
  /** Of mixed load. */
  minutes: number;
  /** Where the data is put while the benchmark runs. */
  folder: string;
}
