/** What a page of a browser has, and other programs have not: few connections, which it shares with others, and an end without a warning. */

interface LockManager {
  request(
    name: string,
    options: { ifAvailable: boolean },
    held: (lock: unknown) => Promise<void> | undefined,
  ): Promise<unknown>;
}

/** Web Locks of an origin: as many of its pages may have a stream (PROTOCOL.md, 12.19). */
const LOCKS = ["crossroom-stream-1", "crossroom-stream-2", "crossroom-stream-3"];

/** Whether this is a page, or a worker of one. Looked at each time, as in tests. */
export function isPage(): boolean {
  return typeof location !== "undefined";
}

/** Takes one of the locks. @returns what gives it back; undefined where all are taken, or the page has no locks (it came over plain HTTP). */
export async function takeStreamLock(): Promise<(() => void) | undefined> {
  const { locks } = (typeof navigator === "undefined" ? {} : navigator) as { locks?: LockManager };
  if (locks === undefined) return undefined;
  for (const name of LOCKS) {
    const giveBack = await take(locks, name);
    if (giveBack !== undefined) return giveBack;
  }
  return undefined;
}

function take(locks: LockManager, name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve) => {
    const asked = locks.request(name, { ifAvailable: true }, (lock) => {
      if (lock === null) {
        resolve(undefined);
        return undefined;
      }
      // Held until the promise is resolved, or the page is gone.
      return new Promise<void>((giveBack) => resolve(giveBack));
    });
    asked.catch(() => resolve(undefined)); // not allowed here: as if all were taken
  });
}

/** Runs the task when the page goes away, until the function that it returns was called. */
export function onPageHide(task: () => void): () => void {
  if (!isPage() || typeof addEventListener !== "function") return () => undefined;
  addEventListener("pagehide", task);
  return () => removeEventListener("pagehide", task);
}

/** Whether answers can be read while they come. React Native's cannot. */
export function canStream(): boolean {
  return (
    typeof ReadableStream !== "undefined" && typeof Response !== "undefined" && "body" in Response.prototype
  );
}
