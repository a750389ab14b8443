/** What the client needs of the world around it: a clock, randomness, timers, and the network going away. */

import { now } from "./platform.js";

export interface Environment {
  /** Milliseconds of a clock that nobody sets back or forward. */
  now: () => number;
  /** From 0 up to 1. */
  random: () => number;
  /** Runs the task once, `ms` milliseconds from now, unless the function that it returns was called before. */
  after: (ms: number, task: () => void) => () => void;
  /** Runs the task when the device goes offline, until the function that it returns was called. */
  onOffline: (task: () => void) => () => void;
}

/** What setTimeout can wait, in milliseconds. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** The environment of the running program: a page, a worker, or Node. */
export const realEnvironment: Environment = {
  now,
  random: () => Math.random(),
  after: (ms, task) => {
    // A longer delay would be none at all; who waits for that long must be ready to be called early.
    const timer = setTimeout(task, Math.min(ms, LONGEST_DELAY));
    return () => clearTimeout(timer);
  },
  onOffline: (task) => {
    // Node has no global event target: there a lost network shows as a silent connection only.
    if (typeof addEventListener !== "function") return () => undefined;
    addEventListener("offline", task);
    return () => removeEventListener("offline", task);
  },
};
