/** Whether what was written before a reload may be sent again. */
import { RoomsError } from "@crossroom/client/rooms";

/**
 * Milliseconds. The server knows a message's id for five minutes at least (docs/rooms-api.md, 4.5); sent again later, the
 * message could be there twice.
 */
const REPEATABLE = 4 * 60_000;

export const UNCONFIRMED = "it is not known whether it was sent before this page was left";

/** @param at when it was written, in milliseconds since the epoch. */
export function mayRepeat(at: number): boolean {
  return Date.now() - at < REPEATABLE;
}

/** Whether a message was only given up because its user signed out: it is still to be sent when they are back. */
export function isClosed(error: unknown): boolean {
  return error instanceof RoomsError && error.code === "closed";
}
