/** All ports of one store, and what can go wrong with it. */
import type { Durations } from "../metrics/instruments/durations.js";
import type { Devices } from "./devices.js";
import type { GuestTokens } from "./guest-tokens.js";
import type { Log, LogOptions } from "./log.js";
import type { Presence } from "./presence.js";
import type { Revocations } from "./revocations.js";
import type { Clock } from "./store-clock.js";

/** What every implementation needs. */
export interface StoreOptions extends Omit<LogOptions, "clock"> {
  /** Milliseconds since the Unix epoch. */
  now: () => number;
  /** Milliseconds since the machine was started. Default: as the system says. */
  uptime?: () => number;
  /** Names that start, and is another after the next. Default: as the system says. */
  boot?: string;
}

/** What a store tells of itself, to be looked at. */
export interface StoreStats {
  /** Of the batches that were written, from their begin until they were on disk. */
  readonly commits: Pick<Durations, "read">;
  /** Bytes that are in use; 0 once the store is closed. */
  bytes(): number;
  /** Whether the last batch could not be written. */
  isFailing(): boolean;
}

/**
 * Guarantee: what is asked for is done, and becomes durable, in the order of the calls, whichever parts they are of. Where the store fails,
 * so does all that was asked for after what failed and before it was known.
 */
export interface Store {
  /** By which what is kept grows old. */
  readonly clock: Clock;
  readonly log: Log;
  readonly presence: Presence;
  readonly devices: Devices;
  readonly guestTokens: GuestTokens;
  readonly revocations: Revocations;
  /** Of a store on disk. */
  readonly stats?: StoreStats;
  /** Resolves when everything is on disk and the store can be opened by another process. */
  close(): Promise<void>;
}

/** Why a store could not do what was asked. */
export type StoreErrorCode =
  /** Another process has the data folder open. */
  | "locked"
  /** The disk, or the size that the store may have, is used up. */
  | "full"
  /** The folder or its files may not be written. */
  | "read_only"
  /** The data is damaged: truncated, or not ours. */
  | "damaged"
  /** The data was written by a newer release. */
  | "newer_format"
  /** The store is closed. */
  | "closed"
  /** Anything else that the system refused. */
  | "failed";

/** Its message says what is wrong and what to do about it. */
export class StoreError extends Error {
  constructor(
    readonly code: StoreErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "StoreError";
  }
}
