/**
 * What not every platform has. React Native, for one, has no Buffer, and may have no `btoa`, `atob`, `TextEncoder`,
 * `queueMicrotask`, `performance` or `crypto`: what stands in for them is here, and nowhere else. Looked for at each use, as applications
 * bring some of them later. Imports nothing.
 */

interface NodeBuffer {
  from(text: string, encoding: "base64"): Uint8Array;
  from(bytes: ArrayBufferLike, offset: number, length: number): { toString(encoding: "base64"): string };
}

interface Scope {
  Buffer?: NodeBuffer;
  process?: { versions?: { node?: string } };
  btoa?: (bytes: string) => string;
  atob?: (text: string) => string;
  queueMicrotask?: (task: () => void) => void;
  performance?: { now?: () => number };
  Blob?: unknown;
  crypto?: { getRandomValues?: (bytes: Uint8Array) => Uint8Array };
}

const scope = globalThis as unknown as Scope;

/** Milliseconds of a clock that nobody sets, where there is one; what it counts from says nothing. */
export function now(): number {
  return scope.performance?.now?.() ?? Date.now();
}

/** Runs the task on its own, once what is running now is done: what it throws is an uncaught exception. */
export function runApart(task: () => void): void {
  if (typeof scope.queueMicrotask === "function") scope.queueMicrotask(task);
  else setTimeout(task, 0);
}

/** For ids, which must differ and need not be secret: where there is no `crypto`, the engine's own random numbers do. */
export function randomBytes(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  if (typeof scope.crypto?.getRandomValues === "function") return scope.crypto.getRandomValues(bytes);
  return bytes.map(() => Math.floor(Math.random() * 256));
}

/** Whether it is a Blob or a File, by class or, where it comes from another realm, by tag. */
export function isBlob(value: object): boolean {
  const { Blob } = scope;
  if (typeof Blob === "function" && value instanceof Blob) return true;
  return /^\[object (Blob|File)\]$/.test(Object.prototype.toString.call(value));
}

/** Bytes of the text in UTF-8. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    // Half of a pair: the two halves are four bytes together. One alone is replaced, by three.
    const isPair = unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00;
    length += unit < 0x800 ? 1 : 2;
    if (isPair) i++;
  }
  return length;
}

/** RFC 4648, section 4. */
export function encodeBase64(bytes: Uint8Array): string {
  const buffer = nodeBuffer();
  if (buffer) return buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  if (typeof scope.btoa !== "function") return encodeByHand(bytes);
  const pieces: string[] = [];
  // In pieces: a call takes only so many arguments.
  for (let i = 0; i < bytes.length; i += 0x8000) {
    pieces.push(String.fromCharCode(...bytes.subarray(i, i + 0x8000)));
  }
  return scope.btoa(pieces.join(""));
}

/** Of valid base64: a Buffer in Node, an ArrayBuffer elsewhere. */
export function decodeBase64(text: string): ArrayBuffer | Uint8Array {
  const buffer = nodeBuffer();
  if (buffer) return buffer.from(text, "base64");
  if (typeof scope.atob !== "function") return decodeByHand(text);
  return Uint8Array.from(scope.atob(text), (character) => character.charCodeAt(0)).buffer;
}

/** Only in Node itself: a page may have a polyfill of Buffer, and still expects an ArrayBuffer. */
function nodeBuffer(): NodeBuffer | undefined {
  return scope.process?.versions?.node === undefined ? undefined : scope.Buffer;
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function encodeByHand(bytes: Uint8Array): string {
  const pieces: string[] = [];
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(i, i + 3);
    const digits = [a >> 2, ((a & 3) << 4) | (b >> 4), ((b & 15) << 2) | (c >> 6), c & 63];
    const count = Math.min(bytes.length - i, 3) + 1;
    pieces.push(...digits.map((digit, at) => (at < count ? DIGITS.charAt(digit) : "=")));
  }
  return pieces.join("");
}

function decodeByHand(text: string): ArrayBuffer {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  for (let i = 0, at = 0; i < text.length; i += 4) {
    const [a = 0, b = 0, c = 0, d = 0] = [0, 1, 2, 3].map((n) =>
      Math.max(DIGITS.indexOf(text.charAt(i + n)), 0),
    );
    // Past its end an array of bytes takes nothing: that is where the padding goes.
    bytes[at++] = (a << 2) | (b >> 4);
    bytes[at++] = (b << 4) | (c >> 2);
    bytes[at++] = (c << 6) | d;
  }
  return bytes.buffer;
}
