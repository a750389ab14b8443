/** Values made comparable: what differs between clients by design, and not in meaning, is made the same. Pure. */

/** How binary values stand in results: a client may give a Buffer, an ArrayBuffer or a view of one. */
export function bytes(...values: number[]): string {
  return bytesOf(Buffer.from(values));
}

/** As `bytes`, of a buffer. */
export function bytesOf(value: ArrayBufferView): string {
  return `bytes ${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")}`;
}

/** A deep copy with binary as `bytes(...)` says it, and errors as their messages. */
export function normalise(value: unknown): unknown {
  if (value instanceof ArrayBuffer) return bytesOf(new Uint8Array(value));
  if (ArrayBuffer.isView(value)) return bytesOf(value);
  if (value instanceof Error) return `error ${value.message}`;
  if (value instanceof Set) return [...value].map(normalise);
  if (Array.isArray(value)) return value.map(normalise);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, normalise(item)]));
}
