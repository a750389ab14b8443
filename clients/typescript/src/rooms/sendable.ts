/** What no server takes, seen before it is sent: it would be refused, or end the connection, again and again. Pure. */
import { isBlob, utf8Length } from "../shared/platform.js";
import { RoomsError } from "./errors.js";

/** As docs/rooms-api.md, 4.2. */
const MAX_DEPTH = 100;
const MAX_BINARIES = 10;

const COPY = "send a copy, `Uint8Array.from(bytes)`";

/**
 * Bytes of a message's data, as the server counts them: as JSON, binary values with their own bytes.
 * @throws RoomsError `invalid_argument` for what cannot be sent over both transports.
 */
export function sizeOf(data: unknown): number {
  let binaries = 0;
  let bytes = 0;
  /** That stand for binary values in the text. */
  let quotes = 0;
  /** What is being gone through, from the outermost to the innermost. */
  const holders: unknown[] = [];
  try {
    const text = JSON.stringify([data], function (this: Record<string, unknown>, key: string, json: unknown) {
      while (holders.length > 0 && holders.at(-1) !== this) holders.pop();
      if (key === "__proto__") throw invalid("has a key __proto__");
      if (key === "_placeholder" && json === true) throw invalid("has an object whose _placeholder is true");
      const size = binarySize(this[key]);
      const isBinary = size !== undefined || isBinaryObject(json);
      if (isBinary && ++binaries > MAX_BINARIES) {
        throw invalid(`has more than ${MAX_BINARIES} binary values`);
      }
      if (size !== undefined) {
        bytes += size;
        quotes += 2;
        return "";
      }
      if (holders.length === 1 && !isJson(json)) throw invalid("is nothing that JSON has");
      if (typeof json !== "object" || json === null) return json;
      // The list around the data is one more.
      if (holders.length > MAX_DEPTH) throw invalid(`is nested more than ${MAX_DEPTH} deep`);
      holders.push(json);
      return json;
    });
    // Without the list around it.
    return bytes + utf8Length(text) - 2 - quotes;
  } catch (thrown) {
    throw thrown instanceof RoomsError ? thrown : invalid(`cannot be sent: ${String(thrown)}`);
  }
}

/** The data has more bytes than the server takes. */
export function tooLarge(bytes: number, most: number): RoomsError {
  return new RoomsError("message_too_large", `data has ${bytes} bytes as JSON; at most ${most} are taken`);
}

function invalid(what: string): RoomsError {
  return new RoomsError("invalid_argument", `data ${what}`);
}

function binarySize(value: unknown): number | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const buffer = ArrayBuffer.isView(value) ? value.buffer : value;
  const tag = Object.prototype.toString.call(buffer);
  // WebSockets of browsers take neither of the two.
  if (tag === "[object SharedArrayBuffer]") throw invalid(`has a SharedArrayBuffer; ${COPY}`);
  if (tag === "[object ArrayBuffer]") {
    if ((buffer as { resizable?: boolean }).resizable === true) {
      throw invalid(`has a resizable ArrayBuffer; ${COPY}`);
    }
    try {
      new Uint8Array(buffer as ArrayBuffer); // older engines have no `detached`
    } catch {
      throw invalid("has an ArrayBuffer that was detached: its bytes are elsewhere now");
    }
    return (value as ArrayBuffer | ArrayBufferView).byteLength;
  }
  if (isBlob(value)) {
    throw invalid("has a Blob, which cannot be read at once; send `await blob.arrayBuffer()`");
  }
  return undefined;
}

/** Whether it is what stands for a binary value over the bridge (PROTOCOL.md, 5.2), and may count as one. */
function isBinaryObject(json: unknown): boolean {
  if (typeof json !== "object" || json === null || !Object.hasOwn(json, "$binary")) return false;
  return Object.keys(json).length === 1 && typeof (json as { $binary: unknown }).$binary === "string";
}

function isJson(value: unknown): boolean {
  return value !== undefined && typeof value !== "function" && typeof value !== "symbol";
}
