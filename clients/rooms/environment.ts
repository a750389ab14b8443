/** What the layer needs of the world around it: a clock, timers, and randomness. Imports nothing. */

export interface Environment {
  /** Milliseconds of a clock that also counts while the machine sleeps. */
  now: () => number;
  /** From 0 up to 1. */
  random: () => number;
  /** A string that is never the same twice: 128 random bits. */
  newId: () => string;
  /** Runs the task once, `ms` milliseconds from now, unless the function that it returns was called before. */
  after: (ms: number, task: () => void) => () => void;
}

export const realEnvironment: Environment = {
  now: () => Date.now(),
  random: () => Math.random(),
  // Not randomUUID: pages that came over plain HTTP have none.
  newId: () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join(
      "",
    ),
  after: (ms, task) => {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
};
