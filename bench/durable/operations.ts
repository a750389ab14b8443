/** What is done to a log while it grows: a closed table, in the order of the results. */

/** Messages in a page of history, and in a long recovery. */
export const PAGE = 100;
export const RECOVERY = 1_000;

/** Appends under way at a time. */
export const CONCURRENCY = 256;

export const OPERATIONS = {
  append: `append, ${CONCURRENCY} at a time`,
  appendWithId: "append with a message id",
  newest: `read the newest ${PAGE}`,
  recent: `read the last ${RECOVERY}`,
  oldest: `read the oldest ${PAGE}`,
} as const;

export type Operation = keyof typeof OPERATIONS;
