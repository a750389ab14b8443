/**
 * What the layer needs of the world around it: a clock, timers, and randomness; and what stands in for what a platform lacks (React
 * Native may have no `crypto`, `performance` or `queueMicrotask`). Imports nothing.
 */

export interface Environment {
  /** Milliseconds of a clock that nobody sets back or forward. */
  now: () => number;
  /** From 0 up to 1. */
  random: () => number;
  /** A string that is never the same twice: 128 random bits. */
  newId: () => string;
  /** Runs the task once, `ms` milliseconds from now, unless the function that it returns was called before. */
  after: (ms: number, task: () => void) => () => void;
}

interface Scope {
  crypto?: { getRandomValues?: (bytes: Uint8Array) => Uint8Array };
  performance?: { now?: () => number };
  queueMicrotask?: (task: () => void) => void;
}

const scope = globalThis as unknown as Scope;

export const realEnvironment: Environment = {
  now: () => scope.performance?.now?.() ?? Date.now(),
  random: () => Math.random(),
  // Not randomUUID: pages that came over plain HTTP have none.
  newId: () => Array.from(randomBytes(16), (byte) => byte.toString(16).padStart(2, "0")).join(""),
  after: (ms, task) => {
    const timer = setTimeout(task, Math.min(ms, LONGEST_DELAY));
    return () => clearTimeout(timer);
  },
};

/** What setTimeout can wait, in milliseconds; a longer delay would be none at all. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** Runs the task on its own, once what is running now is done: what it throws is an uncaught exception. */
export function runApart(task: () => void): void {
  if (typeof scope.queueMicrotask === "function") scope.queueMicrotask(task);
  else setTimeout(task, 0);
}

/** Ids must differ, and need not be secret: where there is no `crypto`, the engine's own random numbers do. */
function randomBytes(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  if (typeof scope.crypto?.getRandomValues === "function") return scope.crypto.getRandomValues(bytes);
  return bytes.map(() => Math.floor(Math.random() * 256));
}
