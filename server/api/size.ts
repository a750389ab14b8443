/** How large a message is. Pure. */

export interface Size {
  /** As JSON; binary counts with its own bytes. */
  bytes: number;
  /** Binary values. */
  binaries: number;
}

/** Recursive: the value's depth must have been checked. */
export function sizeOf(value: unknown): Size {
  const size = { bytes: 0, binaries: 0 };
  addTo(size, value);
  return size;
}

function addTo(size: Size, value: unknown): void {
  if (typeof value === "string") size.bytes += bytesOf(value);
  else if (typeof value !== "object" || value === null) size.bytes += String(value).length;
  else if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    size.bytes += value.byteLength;
    size.binaries++;
  } else if (Array.isArray(value)) {
    // Brackets, and a comma for each item but the first.
    size.bytes += 2 + Math.max(value.length - 1, 0);
    for (const item of value) addTo(size, item);
  } else {
    const entries = Object.entries(value);
    size.bytes += 2 + Math.max(entries.length - 1, 0);
    for (const [key, item] of entries) {
      size.bytes += bytesOf(key) + 1;
      addTo(size, item);
    }
  }
}

function bytesOf(text: string): number {
  return Buffer.byteLength(JSON.stringify(text));
}
