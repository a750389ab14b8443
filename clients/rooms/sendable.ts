/** What no server takes, seen before it is sent: it would be refused, or end the connection, again and again. Pure. */
import { RoomsError } from "./errors.js";

/** As docs/rooms-api.md, 4.2. */
const MAX_DEPTH = 100;
const MAX_BINARIES = 10;

/**
 * Bytes of a message's data, as the server counts them: as JSON, binary values with their own bytes.
 * @throws RoomsError `invalid_argument` for what cannot be sent over both transports.
 */
export function sizeOf(data: unknown): number {
  let binaries = 0;
  let bytes = 0;
  /** What is being gone through, from the outermost to the innermost. */
  const holders: unknown[] = [];
  try {
    const text = JSON.stringify([data], function (this: Record<string, unknown>, key: string, json: unknown) {
      while (holders.length > 0 && holders.at(-1) !== this) holders.pop();
      if (key === "__proto__") throw invalid("has a key __proto__");
      if (key === "_placeholder" && json === true) throw invalid("has an object whose _placeholder is true");
      const size = binarySize(this[key]);
      if (size !== undefined) {
        if (++binaries > MAX_BINARIES) throw invalid(`has more than ${MAX_BINARIES} binary values`);
        bytes += size;
        return "";
      }
      if (typeof json !== "object" || json === null) return json;
      // The list around the data is one more.
      if (holders.length > MAX_DEPTH) throw invalid(`is nested more than ${MAX_DEPTH} deep`);
      holders.push(json);
      return json;
    });
    // Without the list around it, and the quotes that stand for binary values.
    return bytes + utf8Length(text) - 2 - 2 * binaries;
  } catch (thrown) {
    throw thrown instanceof RoomsError ? thrown : invalid(`cannot be sent: ${String(thrown)}`);
  }
}

function invalid(what: string): RoomsError {
  return new RoomsError("invalid_argument", `data ${what}`);
}

function binarySize(value: unknown): number | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  const { Blob } = globalThis as { Blob?: unknown };
  const tag = Object.prototype.toString.call(value);
  if (tag === "[object ArrayBuffer]") return (value as ArrayBuffer).byteLength;
  const isBlob = typeof Blob === "function" && value instanceof Blob;
  if (isBlob || tag === "[object Blob]" || tag === "[object File]") {
    throw invalid("has a Blob, which cannot be read at once; send `await blob.arrayBuffer()`");
  }
  return undefined;
}

/** By hand: React Native may have no TextEncoder. JSON has no half of a surrogate pair. */
function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800 || (unit >= 0xd800 && unit < 0xe000)) length += 1;
    else length += 2;
  }
  return length;
}
