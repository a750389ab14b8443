/** Keys of the tables, as bytes. LMDB's order is that of the bytes, and 1,978 of them is the most. Pure. */
import { createHash } from "node:crypto";

/** Bytes of a text beyond which its hash takes their place. */
const LONGEST = 800;

const SHORT = 0;
const HASHED = 1;

/**
 * A name, in the order of JavaScript's `<`. Of a name of more than 400 characters only the start counts for the order.
 * UTF-16 rather than UTF-8: lone surrogates, which JSON can hold, stay apart.
 */
export function orderedKey(name: string): Buffer {
  const bytes = utf16(name);
  if (bytes.length <= LONGEST) return Buffer.concat([Buffer.of(SHORT), bytes]);
  return Buffer.concat([Buffer.of(SHORT), bytes.subarray(0, LONGEST), hash(bytes)]);
}

/** Texts that together name a row. The key of the first few is the start of the key of all. */
export function rowKey(...texts: string[]): Buffer {
  return Buffer.concat(texts.map(segment));
}

/** The end of the range of keys that start with `prefix`, which is a key of `rowKey`. */
export function endOf(prefix: Buffer): Buffer {
  return Buffer.concat([prefix, Buffer.of(0xff)]);
}

/** Whole numbers from 0 to 2^48 - 1, in their order; each takes six bytes. */
export function numbersKey(...numbers: number[]): Buffer {
  const key = Buffer.allocUnsafe(numbers.length * 6);
  numbers.forEach((number, index) => key.writeUIntBE(number, index * 6, 6));
  return key;
}

/** The number at a place in a key of `numbersKey`. */
export function numberIn(key: Buffer, index: number): number {
  return key.readUIntBE(index * 6, 6);
}

function segment(text: string): Buffer {
  const bytes = utf16(text);
  const isShort = bytes.length <= LONGEST;
  const body = isShort ? bytes : hash(bytes);
  const start = Buffer.allocUnsafe(3);
  start[0] = isShort ? SHORT : HASHED;
  start.writeUInt16BE(body.length, 1);
  return Buffer.concat([start, body]);
}

function utf16(text: string): Buffer {
  return Buffer.from(text, "utf16le").swap16();
}

function hash(bytes: Buffer): Buffer {
  return createHash("sha256").update(bytes).digest();
}
