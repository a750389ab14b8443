/** What there is to know of the `data` of a call, found in one walk that makes nothing: it may be larger than what is taken. Pure. */

/**
 * Arrays and objects in a message may be nested this deeply. Socket.IO's encoder recurses into what it sends, so
 * that without a bound one message could exhaust the stack. The bridge allows 128 for a whole frame.
 */
export const MAX_DATA_DEPTH = 100;

export interface DataLook {
  /** What is wrong with it, where something is; then the rest is not known. */
  fault: string | undefined;
  /** Bytes that it holds in memory, roughly. */
  held: number;
  /** Binary values in it. */
  binaries: number;
  /** Whether it is what JSON.parse makes and nothing else: then its JSON text is all that there is to it. */
  isJson: boolean;
}

export function lookAt(data: unknown): DataLook {
  const look: DataLook = { fault: undefined, held: 0, binaries: 0, isJson: !hasInheritedToJSON() };
  walk(data, 1, look);
  return look;
}

/** Goes no further than the first fault. It calls itself no more often than a value may be deep. */
function walk(value: unknown, depth: number, look: DataLook): void {
  if (typeof value === "string") {
    look.held += 16 + value.length;
  } else if (typeof value !== "object" || value === null) {
    look.held += 8;
    if (typeof value === "number") {
      if (!Number.isFinite(value)) look.fault = "must not have a number beyond those of a double";
    } else if (typeof value !== "boolean" && value !== null) look.isJson = false;
  } else if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    look.held += 96 + value.byteLength;
    look.binaries++;
    look.isJson = false;
  } else if (depth > MAX_DATA_DEPTH) {
    look.fault = `must not be nested more than ${MAX_DATA_DEPTH} deep`;
  } else if (Array.isArray(value)) {
    look.held += 32;
    for (const item of value as unknown[]) {
      walk(item, depth + 1, look);
      if (look.fault !== undefined) return;
    }
  } else walkObject(value, depth, look);
}

function walkObject(value: object, depth: number, look: DataLook): void {
  look.fault = faultOfKeys(value);
  look.held += 32;
  if (!isPlain(value)) look.isJson = false;
  for (const key of Object.keys(value)) {
    if (look.fault !== undefined) return;
    look.held += key.length;
    walk((value as Record<string, unknown>)[key], depth + 1, look);
  }
}

function faultOfKeys(value: { _placeholder?: unknown }): string | undefined {
  // What Socket.IO's parser takes for the place of a binary value (socket.io-parser 4.2). In a packet with binary values,
  // another message's among them, it would be replaced by one of those, or break the packet for its receiver.
  if (Object.hasOwn(value, "_placeholder") && value._placeholder === true) {
    return "must not have an object whose _placeholder is true";
  }
  // What Socket.IO's parser drops from a packet with binary values: it assigns to the key.
  return Object.hasOwn(value, "__proto__") ? "must not have a key __proto__" : undefined;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Whether a program has given all objects, or all arrays, a say in what JSON they become. */
function hasInheritedToJSON(): boolean {
  return "toJSON" in Array.prototype;
}
