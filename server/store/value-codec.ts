/**
 * Values as bytes, and back exactly: JSON text, and beside it the binary values with their paths, so that nothing inside
 * the JSON has to stand for something else. What a `-0`, an `undefined` or a `toJSON` becomes is what JSON.stringify makes
 * of it. Pure.
 *
 *     0x00, JSON text
 *     0x01, length of the index (32 bits), index, length of the text (32 bits), JSON text, the binary values
 *
 * Lengths are big-endian. The index is JSON: a list of [path, length in bytes], in the order of the binary values.
 */
import type { Draft } from "./log.js";
import { StoreError } from "./store.js";

type Path = (string | number)[];
type Binary = ArrayBuffer | ArrayBufferView;

const PLAIN = 0;
const WITH_BINARY = 1;

/** @throws TypeError if the value is not JSON: undefined, a function, a BigInt, or a circle. */
export function encodeValue(value: unknown): Buffer {
  const found: { path: Path; bytes: Buffer }[] = [];
  collectBinary(value, [], found);
  if (found.length === 0) return encodeJson(textOf(JSON.stringify(value)));
  const text = Buffer.from(textOf(JSON.stringify(value, withoutBinary)));
  const index = Buffer.from(JSON.stringify(found.map(({ path, bytes }) => [path, bytes.length])));
  return Buffer.concat([
    Buffer.of(WITH_BINARY),
    lengthOf(index),
    index,
    lengthOf(text),
    text,
    ...found.map(({ bytes }) => bytes),
  ]);
}

/** The same of a value without binary, from its JSON text. */
export function encodeJson(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(1 + Buffer.byteLength(text));
  bytes[0] = PLAIN;
  bytes.write(text, 1);
  return bytes;
}

/** The same of what is to be appended to a log. */
export function encodeDraft({ value, json }: Draft): Buffer {
  return json === undefined ? encodeValue(value) : encodeJson(json);
}

/**
 * The value, with each binary value as a Buffer of its own.
 * @throws StoreError "damaged" if `encodeValue` did not make these bytes.
 */
export function decodeValue(bytes: Buffer): unknown {
  try {
    if (bytes[0] === PLAIN) return JSON.parse(bytes.toString("utf8", 1)) as unknown;
    if (bytes[0] === WITH_BINARY) return decodeWithBinary(bytes);
  } catch (error) {
    throw damaged(error);
  }
  throw damaged();
}

function decodeWithBinary(bytes: Buffer): unknown {
  let at = 1;
  const take = (length: number) => {
    if (at + length > bytes.length) throw new RangeError("a length points beyond the end");
    at += length;
    return bytes.subarray(at - length, at);
  };
  const takeText = () => take(take(4).readUInt32BE()).toString();
  const index = JSON.parse(takeText()) as [Path, number][];
  const root = { value: JSON.parse(takeText()) as unknown };
  for (const [path, length] of index) put(root, ["value", ...path], Buffer.from(take(length)));
  return root.value;
}

function put(root: object, path: Path, bytes: Buffer): void {
  let container = root as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) container = container[key] as typeof container;
  const key = path.at(-1) ?? "";
  // Not an assignment: one to a "__proto__" key would set the prototype.
  Object.defineProperty(container, key, {
    value: bytes,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

function collectBinary(value: unknown, path: Path, found: { path: Path; bytes: Buffer }[]): void {
  if (typeof value !== "object" || value === null) return;
  if (isBinary(value)) {
    found.push({ path: [...path], bytes: bytesOf(value) });
    return;
  }
  // What such an object becomes is text of its own making, in which these paths would lead nowhere.
  if ("toJSON" in value && typeof value.toJSON === "function") return;
  const isList = Array.isArray(value);
  for (const [key, item] of Object.entries(value)) {
    path.push(isList ? Number(key) : key);
    collectBinary(item, path, found);
    path.pop();
  }
}

/** A replacer for JSON.stringify. It looks at the holder: a Buffer's own toJSON has been called on `value` already. */
function withoutBinary(this: unknown, key: string, value: unknown): unknown {
  return isBinary((this as Record<string, unknown>)[key]) ? 0 : value;
}

function isBinary(value: unknown): value is Binary {
  return value instanceof ArrayBuffer || ArrayBuffer.isView(value);
}

function bytesOf(binary: Binary): Buffer {
  if (binary instanceof ArrayBuffer) return Buffer.from(binary);
  return Buffer.from(binary.buffer, binary.byteOffset, binary.byteLength);
}

function lengthOf(bytes: Buffer): Buffer {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(bytes.length);
  return length;
}

/** JSON.stringify gives undefined for what is not JSON at all, which its type does not say. */
function textOf(text: string | undefined): string {
  if (text === undefined) throw new TypeError("only a JSON value can be kept");
  return text;
}

function damaged(cause?: unknown): StoreError {
  return new StoreError(
    "damaged",
    "A stored value is damaged. Restore the data folder from a backup, or start with an empty one.",
    { cause },
  );
}
