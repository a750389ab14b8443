/** The port of how far each device of a user has processed the user's inbox. */
import type { Position } from "../api/types.js";

export interface DeviceCursor {
  device: string;
  /** Up to and with this the device has processed the inbox. */
  cursor: Position;
  /** When the device was last connected, by the store's clock. */
  seen: number;
  /**
   * Items after the cursor, or before it, were dropped before the device had processed them; whether it was told, as far as one can know.
   * "restored": the store was put back from a copy. The inbox has an epoch since that the device learns with the loss.
   */
  lost?: "untold" | "told" | "restored";
}

/**
 * In the place of a device: its cursor is where receipts were sent up to. It outlives the devices, of which the one that had
 * processed most may be forgotten before the others come that far. No device has this name: theirs are not empty.
 */
export const RECEIPTED = "";

/** Guarantee: `put` and `remove` resolve when they are durable, and reject with a StoreError if nothing was changed. */
export interface Devices {
  /** The user's devices, in no order; empty for a user who has none. */
  of(user: string): Promise<DeviceCursor[]>;
  put(user: string, cursor: DeviceCursor): Promise<void>;
  remove(user: string, device: string): Promise<void>;
  /** Forgets devices that were seen at `cutoff` or before, by the store's clock. To be called now and then. */
  sweep(cutoff: number): Promise<void>;
}
