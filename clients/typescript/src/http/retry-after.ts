/** The header of a refusal that says when to come back. Pure. Imports nothing. */

/** `Retry-After` in seconds (PROTOCOL.md, 1.6), as milliseconds. */
export function retryAfterOf(header: unknown): number | undefined {
  return typeof header === "string" && /^\d{1,9}$/.test(header) ? Number(header) * 1000 : undefined;
}
