/** An event loop that is busy: so that much comes in its next tick at once. */

/** Nothing else happens in this process meanwhile. */
export function holdTheLoop(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
