/** Values in JSON, binary among them (PROTOCOL.md, section 5): `{"$binary":"<base64>"}`. Pure. */

import { UnsendableError } from "./errors.js";
import { decodeBase64, encodeBase64, isBlob } from "./shared/platform.js";

/** A frame from the client has at most this many binary values (PROTOCOL.md, 5.3). */
export const MAX_BINARIES = 10;

/** Arrays and objects in one another, the frame itself counted: a little less than servers take (PROTOCOL.md, 2.8). */
export const MAX_DEPTH = 122;

/**
 * `JSON.stringify`, with every ArrayBuffer and view of one replaced by its binary object.
 * @throws UnsendableError for what JSON or the protocol cannot carry: a cycle, a BigInt, a Blob (which cannot be read at once), a
 * buffer that is shared or detached, more
 * than MAX_BINARIES binary values, nesting beyond MAX_DEPTH; beside binary, a key `__proto__` or a `_placeholder` that is true.
 */
export function stringify(value: unknown): string {
  const check = new FrameCheck();
  try {
    const text = JSON.stringify(value, function (this: Record<string, unknown>, key: string, json: unknown) {
      // The value itself is taken from its holder: a Buffer's own toJSON has already run on `json`.
      const bytes = bytesOf(this[key]);
      if (bytes !== undefined || (typeof json === "object" && json !== null && isBinaryObject(json)))
        check.count();
      const sent = bytes === undefined ? json : { $binary: encodeBase64(bytes) };
      check.see(this, key, sent);
      return sent;
    });
    check.end();
    return text;
  } catch (thrown) {
    throw thrown instanceof UnsendableError ? thrown : new UnsendableError(String(thrown), { cause: thrown });
  }
}

/** Looks at the values that JSON.stringify goes through, in its order. */
class FrameCheck {
  /** What is being gone through, from the outermost to the innermost. */
  readonly #holders: unknown[] = [];
  #binaries = 0;
  #odd: string | undefined;

  see(holder: object, key: string, json: unknown): void {
    while (this.#holders.length > 0 && this.#holders.at(-1) !== holder) this.#holders.pop();
    if (key === "__proto__") this.#odd = "a key __proto__";
    if (key === "_placeholder" && json === true) this.#odd = "an object whose _placeholder is true";
    if (typeof json !== "object" || json === null) return;
    if (this.#holders.length >= MAX_DEPTH)
      throw new UnsendableError("arrays and objects are nested too deep");
    this.#holders.push(json);
  }

  count(): void {
    if (++this.#binaries > MAX_BINARIES) {
      throw new UnsendableError(`a message may have ${MAX_BINARIES} binary values, no more`);
    }
  }

  end(): void {
    if (this.#binaries === 0 || this.#odd === undefined) return;
    throw new UnsendableError(`${this.#odd} cannot be sent beside binary values`);
  }
}

/** The same value with its binary objects replaced, in place. However deep it is: what a server sends ends no program. */
export function revive(value: unknown): unknown {
  const whole = { value };
  const holders: Record<string, unknown>[] = [whole];
  for (let holder = holders.pop(); holder !== undefined; holder = holders.pop()) {
    for (const key of Object.keys(holder)) {
      const before = holder[key];
      if (typeof before !== "object" || before === null) continue;
      const bytes = binaryOf(before);
      // Defining, not assigning: a key named __proto__ stays an ordinary key.
      if (bytes !== undefined) Object.defineProperty(holder, key, { value: bytes });
      else holders.push(before as Record<string, unknown>);
    }
  }
  return whole.value;
}

function binaryOf(value: object): ArrayBuffer | Uint8Array | undefined {
  return isBinaryObject(value) ? decodeBase64(value.$binary) : undefined;
}

/** Whether it is what stands for binary on the wire, whoever has made it. */
function isBinaryObject(value: object): value is { $binary: string } {
  if (!Object.hasOwn(value, "$binary") || Object.keys(value).length !== 1 || Array.isArray(value))
    return false;
  const text = (value as { $binary: unknown }).$binary;
  return typeof text === "string" && isBase64(text);
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  const tag = Object.prototype.toString.call(value);
  if (tag === "[object SharedArrayBuffer]") {
    throw new UnsendableError("a SharedArrayBuffer cannot be sent: send a view of it, or a copy");
  }
  // By tag, not by instanceof: the value may come from another realm (a frame, a test runner).
  if (tag === "[object ArrayBuffer]") return new Uint8Array(value as ArrayBuffer);
  if (isBlob(value)) {
    const advice = "it cannot be read at once; send `await blob.arrayBuffer()`";
    throw new UnsendableError(`a Blob cannot be sent: ${advice}`);
  }
  return undefined;
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
