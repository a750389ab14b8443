/** One client of the soak, on one device of one user: what the load makes it do, and what the runner waits for. */
import type { Content, Position, Protocol } from "../records.js";

export interface Device {
  readonly name: string;
  readonly user: string;
  /** The device's id, one of the user's. */
  readonly device: string;
  /** Connects, joins all rooms and opens the inbox; resolves when all that is done. */
  start(): Promise<void>;
  /** Publishes until it is acked, in the order of the calls. */
  publish(room: string, content: Content): void;
  /** Tells the others in the room, if it is there; once. */
  signal(room: string, content: Content): void;
  /** Sends to a user until it is acked. */
  send(letter: Letter): void;
  /** Closes it and begins anew with what an application would have kept, as when a page is loaded again. */
  reload(): void;
  /** Disconnects for good. */
  stop(): void;
}

export interface Letter {
  to: string;
  id: string;
  n: number;
  receipt: boolean;
}

export interface DeviceOptions {
  user: string;
  device: string;
  protocol: Protocol;
  /** Where the proxy listens, on 127.0.0.1. */
  port: number;
  rooms: readonly string[];
  /** A new token of the user. */
  token: () => Promise<string>;
}

/** A signal has no id; in the records it has this one. */
export function signalId(by: string, n: number): string {
  return `signal ${by}-${n}`;
}

/** What travels as the `data` of a publish or a send. */
export interface Payload {
  by: string;
  n: number;
  fill: string;
  /** Absent where there is none. */
  parts?: Uint8Array[];
}

/** What of it is no JSON, as PROTOCOL.md (5.2) writes it. */
interface Binary {
  $binary: string;
}

/** A filling that shows whether any of it was lost or changed. */
function filling(by: string, n: number, size: number): string {
  return `${by}:${n}:`.repeat(Math.ceil(size / 4)).slice(0, size);
}

/** A binary value that shows the same, and which one of the message's it is. */
function part(by: string, n: number, index: number): Buffer {
  return Buffer.from(`${index}:${n}:${by}`);
}

export function payload({ by, n, size, binaries }: Omit<Content, "id">): Payload {
  const parts = Array.from({ length: binaries }, (_, index) => part(by, n, index));
  return { by, n, fill: filling(by, n, size), ...(binaries === 0 ? {} : { parts }) };
}

/** The payload for those who write JSON themselves. */
export function jsonPayload(content: Omit<Content, "id">): Omit<Payload, "parts"> & { parts?: Binary[] } {
  const { parts, ...rest } = payload(content);
  if (parts === undefined) return rest;
  return { ...rest, parts: parts.map((bytes) => ({ $binary: Buffer.from(bytes).toString("base64") })) };
}

/** What a delivered message says, in either form; of anything that is not ours, what can be said of it. */
export function contentOf(id: string, data: unknown): Content {
  const { by, n, fill, parts = [] } = (data ?? {}) as Partial<Record<keyof Payload, unknown>>;
  if (typeof by !== "string" || typeof n !== "number" || typeof fill !== "string" || !Array.isArray(parts)) {
    return { id, by: "", n: -1, size: -1, binaries: -1 };
  }
  const isWhole =
    fill === filling(by, n, fill.length) &&
    parts.every((found, index) => bytesOf(found)?.equals(part(by, n, index)) === true);
  return { id, by, n, size: isWhole ? fill.length : -1, binaries: parts.length };
}

function bytesOf(value: unknown): Buffer | undefined {
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  const { $binary } = (value ?? {}) as Partial<Record<keyof Binary, unknown>>;
  return typeof $binary === "string" ? Buffer.from($binary, "base64") : undefined;
}

export function isAfter(position: Position, other: Position | undefined): boolean {
  return other?.epoch !== position.epoch || position.offset > other.offset;
}
