/** One way through the relay: its counters, and what is done to what passes. */
import type { Passed } from "../protocol.js";

export class Passage implements Passed {
  up = 0;
  down = 0;
  /** What is to be lost, once, on its way to a client. */
  swallow: string | undefined;

  constructor(
    /** On 127.0.0.1. */
    readonly upstream: number,
    /** Milliseconds in each direction. */
    readonly oneWay: number,
  ) {}

  /** Whether the piece is the one that is to be lost. */
  swallows(bytes: Buffer): boolean {
    if (this.swallow === undefined || !bytes.includes(this.swallow)) return false;
    this.swallow = undefined;
    return true;
  }
}

/** What happens to the whole network. */
export interface Weather {
  isCut: boolean;
  isStalled: boolean;
}

export interface Link {
  /** Of what it carries, nothing arrives any more, and both ends are told, where there is a way to tell. */
  cut(): void;
  hold(): void;
  release(): void;
}
