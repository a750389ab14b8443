/**
 * Binary values in JSON: `{"$binary":"<base64>"}`, and nothing else (PROTOCOL.md, 5.2). Pure.
 */

/** Socket.IO's parser takes no more binary values in one packet (socket.io-parser 4.2.6, maxAttachments). */
export const MAX_ATTACHMENTS = 10;

/** Whether JSON text can hold a binary value at all: the key stands there plainly, or some key is escaped. */
export function mayHoldBinary(text: string): boolean {
  return text.includes("$binary") || text.includes("\\u");
}

/**
 * Puts `replace(bytes, n)` in the place of the n-th binary object inside `args`, which is changed, and returns all
 * the bytes. Recursive: the frame parser has bounded the depth.
 */
export function takeBinary(args: unknown[], replace: (bytes: Buffer, n: number) => unknown): Buffer[] {
  const found: Buffer[] = [];
  const visit = (container: object): void => {
    for (const [key, item] of Object.entries(container)) {
      if (typeof item !== "object" || item === null) continue;
      const bytes = bytesOf(item as object);
      if (bytes === undefined) {
        visit(item as object);
        continue;
      }
      // Not an assignment: one to a parsed "__proto__" key would set the prototype.
      Object.defineProperty(container, key, { value: replace(bytes, found.length) });
      found.push(bytes);
    }
  };
  visit(args);
  return found;
}

/**
 * What inside `value` does not pass through Socket.IO beside binary values: its parser takes an object with
 * `_placeholder: true` for the place of an attachment, and drops a key `__proto__`. Undefined where all does.
 */
export function findUnsafeBesideBinary(value: unknown): "_placeholder" | "__proto__" | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (Object.hasOwn(value, "_placeholder") && (value as { _placeholder: unknown })._placeholder === true) {
    return "_placeholder";
  }
  if (Object.hasOwn(value, "__proto__")) return "__proto__";
  for (const item of Object.values(value)) {
    const found = findUnsafeBesideBinary(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The value with `replace(item)` in the place of each item that `is` accepts; containers on the way are copied. */
export function mapDeep(
  value: unknown,
  is: (item: object) => boolean,
  replace: (item: object) => unknown,
): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (is(value)) return replace(value);
  if (Array.isArray(value)) return value.map((item) => mapDeep(item, is, replace));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapDeep(item, is, replace)]));
}

/** The object that stands for bytes in a frame. */
export function binaryObject(bytes: unknown): { $binary: string } {
  return { $binary: toBuffer(bytes).toString("base64") };
}

export function isBinary(value: unknown): boolean {
  return value instanceof ArrayBuffer || ArrayBuffer.isView(value);
}

/** A Blob or a File: Socket.IO's parser calls them binary, but their bytes cannot be read at once. */
export function isBlob(value: unknown): boolean {
  return value instanceof Blob;
}

/** Whether a Blob is anywhere in what is emitted; looked for as socket.io-parser looks for binary values (4.2, hasBinary). */
export function holdsBlob(value: unknown, isJson = false): boolean {
  if (typeof value !== "object" || value === null || isBinary(value)) return false;
  if (isBlob(value)) return true;
  if (Array.isArray(value)) return value.some((item) => holdsBlob(item));
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === "function" && !isJson) return holdsBlob(toJSON.call(value), true);
  return Object.values(value).some((item) => holdsBlob(item));
}

/** What an emit throws that would bring a Blob to a plain client. */
export function blobError(): TypeError {
  return new TypeError(
    "a Blob or File cannot be sent to a plain client: its bytes cannot be read at once. Send `await blob.arrayBuffer()`",
  );
}

function bytesOf(item: object): Buffer | undefined {
  const keys = Object.keys(item);
  if (keys.length !== 1 || keys[0] !== "$binary") return undefined;
  const text = (item as { $binary: unknown }).$binary;
  if (typeof text !== "string") return undefined;
  const bytes = Buffer.from(text, "base64");
  // Node decodes leniently; what does not come out the same was not valid base64.
  return bytes.toString("base64") === text ? bytes : undefined;
}

function toBuffer(bytes: unknown): Buffer {
  if (bytes instanceof ArrayBuffer) return Buffer.from(bytes);
  if (ArrayBuffer.isView(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  throw blobError(); // the one other kind that Socket.IO calls binary
}
