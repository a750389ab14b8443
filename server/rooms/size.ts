/** How large a message is. Pure. */

/**
 * Bytes of a value as JSON; binary counts with its own bytes. Recursive: the value's depth must have been checked.
 */
export function sizeOf(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(JSON.stringify(value));
  if (typeof value !== "object" || value === null) return String(value).length;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength;
  // Brackets, and a comma for each item but the first.
  if (Array.isArray(value))
    return value.reduce((sum: number, item) => sum + sizeOf(item) + 1, value.length > 0 ? 1 : 2);
  const entries = Object.entries(value);
  return entries.reduce(
    (sum, [key, item]) => sum + sizeOf(key) + sizeOf(item) + 2,
    entries.length > 0 ? 1 : 2,
  );
}
