/**
 * The message that all of them carry: 100 bytes of JSON, each one different, with the time of its publishing in it. Pure, but for the clock.
 */

export interface Message {
  /** Counts up from 1 for each server. 0 greets a new subscriber, and is never counted; what a client sends counts down from -1. */
  n: number;
  /** Microseconds, by `now()`. */
  at: number;
  text: string;
}

export const MESSAGE_BYTES = 100;

/** The event that carries it, where there are events: the one of the rooms server's API. */
export const EVENT = "message";

/** Microseconds by the machine's monotonic clock, which is one for all processes. */
export function now(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

const FILLING = "the quick brown fox jumps over the lazy dog and runs back into the forest for some rest";

export function makeMessage(n: number, at: number = now()): Message {
  const bare = JSON.stringify({ n, at, text: "" }).length;
  return { n, at, text: FILLING.slice(0, MESSAGE_BYTES - bare) };
}

/** Throws where the text is no message. */
export function readMessage(text: string): Message {
  return asMessage(JSON.parse(text));
}

/** Throws where a library's parsed value is no message. */
export function asMessage(value: unknown): Message {
  const { n, at, text } = value as Partial<Message>;
  if (typeof n !== "number" || typeof at !== "number" || typeof text !== "string")
    throw new Error(`this is no message: ${JSON.stringify(value)}`);
  return { n, at, text };
}
