/** Waiting, but never for ever. */

/** Milliseconds that a test waits for something that should come at once. */
export const DEADLINE = 5_000;

/** What `promise` resolves to; rejects when `milliseconds` have passed, and says what did not come. */
export async function within<T>(promise: Promise<T>, what: string, milliseconds = DEADLINE): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${milliseconds} ms for ${what}`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves once `holds()` is true; looks again at every turn of the event loop. */
export async function until(holds: () => boolean, what: string, milliseconds = DEADLINE): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited ${milliseconds} ms until ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
