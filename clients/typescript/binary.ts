/**
 * Binary values in JSON (PROTOCOL.md, section 5): `{"$binary":"<base64>"}`. Pure. Imports nothing.
 * Node's Buffer is used where there is one, and not needed where there is none.
 */

/** A frame from the client has at most this many binary values (PROTOCOL.md, 5.3). */
export const MAX_BINARIES = 10;

interface NodeBuffer {
  from(text: string, encoding: "base64"): Uint8Array;
  from(bytes: ArrayBufferLike, offset: number, length: number): { toString(encoding: "base64"): string };
}

/** Only in Node itself: a page may have a polyfill of Buffer, and still expects an ArrayBuffer. */
function nodeBuffer(): NodeBuffer | undefined {
  const scope = globalThis as unknown as { Buffer?: NodeBuffer; process?: { versions?: { node?: string } } };
  return scope.process?.versions?.node === undefined ? undefined : scope.Buffer;
}

/**
 * `JSON.stringify`, with every ArrayBuffer and view of one replaced by its binary object.
 * @throws TypeError for a Blob, which cannot be read synchronously, and for what JSON.stringify refuses.
 * @throws RangeError for more than MAX_BINARIES binary values.
 */
export function stringify(value: unknown): string {
  let count = 0;
  return JSON.stringify(value, function (this: Record<string, unknown>, key: string, json: unknown): unknown {
    // The value itself is taken from its holder: a Buffer's own toJSON has already run on `json`.
    const bytes = bytesOf(this[key]);
    if (bytes === undefined) return json;
    if (++count > MAX_BINARIES) {
      throw new RangeError(`a message may have ${MAX_BINARIES} binary values, no more`);
    }
    return { $binary: encodeBase64(bytes) };
  });
}

/** The same value with its binary objects replaced, in place: by a Buffer in Node, by an ArrayBuffer elsewhere. */
export function revive(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const holder = value as Record<string, unknown>;
  const keys = Object.keys(holder);
  if (keys.length === 1 && !Array.isArray(value)) {
    const text = holder["$binary"];
    if (typeof text === "string" && isBase64(text)) return decodeBase64(text);
  }
  for (const key of keys) {
    const before = holder[key];
    const after = revive(before);
    // Defining, not assigning: a key named __proto__ stays an ordinary key.
    if (after !== before) Object.defineProperty(holder, key, { value: after });
  }
  return holder;
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  // By tag, not by instanceof: the value may come from another realm (a frame, a test runner).
  switch (Object.prototype.toString.call(value)) {
    case "[object ArrayBuffer]":
      return new Uint8Array(value as ArrayBuffer);
    case "[object Blob]":
    case "[object File]":
      throw new TypeError(
        "a Blob cannot be sent: it cannot be read at once; send `await blob.arrayBuffer()`",
      );
    default:
      return undefined;
  }
}

function encodeBase64(bytes: Uint8Array): string {
  const buffer = nodeBuffer();
  if (buffer) return buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  const pieces: string[] = [];
  // In pieces: a call takes only so many arguments.
  for (let i = 0; i < bytes.length; i += 0x8000) {
    pieces.push(String.fromCharCode(...bytes.subarray(i, i + 0x8000)));
  }
  return btoa(pieces.join(""));
}

function decodeBase64(text: string): ArrayBuffer | Uint8Array {
  const buffer = nodeBuffer();
  if (buffer) return buffer.from(text, "base64");
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer;
}

/** RFC 4648, section 4: the standard alphabet, padded. Searched, not matched: a match of a long text may backtrack. */
function isBase64(text: string): boolean {
  if (text.length % 4 !== 0) return false;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  if (/[^A-Za-z0-9+/]/.test(text.slice(0, text.length - padding))) return false;
  // Before padding, the last character has four or two bits that are not used: they are zero.
  const last = text.charAt(text.length - padding - 1);
  return padding === 0 || (padding === 1 ? "AEIMQUYcgkosw048" : "AQgw").includes(last);
}
