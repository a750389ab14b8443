/** What both clients need of the world around them: a clock, randomness and timers. */
import { now } from "./platform.js";

export interface Environment {
  /** Milliseconds of a clock that nobody sets back or forward. */
  now: () => number;
  /** From 0 up to 1. */
  random: () => number;
  /** Runs the task once, `ms` milliseconds from now, unless the function that it returns was called before. */
  after: (ms: number, task: () => void) => () => void;
}

/** What setTimeout can wait, in milliseconds. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** That of the running program. */
export const realEnvironment: Environment = {
  now,
  random: () => Math.random(),
  after: (ms, task) => {
    // A longer delay would be none at all; who waits for that long must be ready to be called early.
    const timer = setTimeout(task, Math.min(ms, LONGEST_DELAY));
    return () => clearTimeout(timer);
  },
};
