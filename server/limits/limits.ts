/** The limits that can be set, and their defaults: docs/limits.md. */
import type { Rates } from "./rates.js";

/** What one user or one connection may do. */
export interface Limits {
  /** Rooms that one connection may be in at a time. */
  roomsPerDevice: number;
  /** Devices that one user may be in one room with, where it is known who is there. */
  devicesPerRoom: number;
  /** Bytes of the `data` of a publish, a signal or a send, as JSON. */
  messageBytes: number;
  /**
   * Publishes, signals and sends of one user a second, on all devices, in bursts of up to twice as many. The rates of what is sent
   * that `rates` does not have grow with it.
   */
  messagesPerSecond: number;
  /** Calls of one connection that are not acked yet. */
  pendingCalls: number;
  /** Items that an inbox may hold. */
  inboxItems: number;
  /** Items of one sender in an inbox. */
  inboxItemsOfSender: number;
  /** Items of all guests together in an inbox: the rest is for users who are signed in. */
  inboxItemsOfGuests: number;
  /** Percent of the disk that the store may have (`--max-disk`) that guests may fill: the rest is for users who are signed in. */
  diskOfGuests: number;
  /** Devices of one user that have a cursor; the one that was seen longest ago is forgotten for a new one. */
  devicesPerUser: number;
  /** How fast users, addresses and rooms may have what; those that are left out are `DEFAULT_RATES`. */
  rates: Partial<Rates>;
}

export const DEFAULT_LIMITS: Limits = {
  roomsPerDevice: 100,
  devicesPerRoom: 20,
  messageBytes: 64 * 1024,
  messagesPerSecond: 100,
  pendingCalls: 1_000,
  inboxItems: 10_000,
  inboxItemsOfSender: 1_000,
  inboxItemsOfGuests: 5_000,
  diskOfGuests: 80,
  devicesPerUser: 20,
  rates: {},
};
