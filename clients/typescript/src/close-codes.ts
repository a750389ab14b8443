/**
 * Which WebSocket close codes mean that the client should reconnect by itself (PROTOCOL.md, section 8).
 * The client stands alone, so it has a table of its own; a test checks it against the bridge's. Imports nothing.
 */

/** Codes whose rule is not the rule of their range. */
const EXCEPTIONS: ReadonlyMap<number, boolean> = new Map([
  [1000, false], // The end was wanted.
  [1002, false], // The WebSocket library broke RFC 6455: it would do so again.
  [1007, false], // A message was not UTF-8: the same.
  [1008, false], // A message had too many fragments: the same.
  [1009, false], // A message was too big: sent again it would be too big again.
]);

/** Whether a client should reconnect by itself after a close with this code. */
export function shouldReconnect(code: number): boolean {
  return EXCEPTIONS.get(code) ?? !(code >= 4000 && code <= 4499);
}

/** HTTP statuses of a refused upgrade after which a client must not retry by itself (PROTOCOL.md, 1.4). */
const FINAL_STATUSES: ReadonlySet<number> = new Set([400, 401, 403]);

/** Whether an upgrade refused with this HTTP status may be tried again with the same credentials. */
export function mayRetryUpgrade(status: number | undefined): boolean {
  return status === undefined || !FINAL_STATUSES.has(status);
}
