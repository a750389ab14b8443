/**
 * Makes an uncaught exception of what an application's listener threw, as it would be elsewhere, but after the work for
 * all others that it was called in the middle of.
 */
export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error as Error;
  });
}

/** Calls each of them, whatever the others throw. */
export function callAll(callbacks: readonly (() => void)[]): void {
  for (const callback of callbacks) {
    try {
      callback();
    } catch (error) {
      throwLater(error);
    }
  }
}
