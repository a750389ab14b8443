/** One client of the soak, on one device of one user: what the load makes it do, and what the runner waits for. */
import type { Content, Position, Protocol } from "../records.js";

export interface Device {
  readonly name: string;
  readonly user: string;
  /** Connects, joins all rooms and opens the inbox; resolves when all that is done. */
  start(): Promise<void>;
  /** Publishes until it is acked, in the order of the calls. */
  publish(room: string, content: Content): void;
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

/** What travels as the `data` of a publish or a send. */
export interface Payload {
  by: string;
  n: number;
  fill: string;
}

/** A filling that shows whether any of it was lost or changed. */
function filling(by: string, n: number, size: number): string {
  return `${by}:${n}:`.repeat(Math.ceil(size / 4)).slice(0, size);
}

export function payload({ by, n, size }: Omit<Content, "id">): Payload {
  return { by, n, fill: filling(by, n, size) };
}

/** What a delivered message says; of anything that is not ours, what can be said of it. */
export function contentOf(id: string, data: unknown): Content {
  const { by, n, fill } = (data ?? {}) as Partial<Record<keyof Payload, unknown>>;
  if (typeof by !== "string" || typeof n !== "number" || typeof fill !== "string") {
    return { id, by: "", n: -1, size: -1 };
  }
  return { id, by, n, size: fill === filling(by, n, fill.length) ? fill.length : -1 };
}

export function isAfter(position: Position, other: Position | undefined): boolean {
  return other?.epoch !== position.epoch || position.offset > other.offset;
}
