/** How long to wait before a reconnection attempt: the formula of socket.io-client 4.8. Pure; imports nothing. */

/** Names and meanings are those of socket.io-client's options of the same names. */
export interface BackoffSettings {
  /** Milliseconds before the first attempt. */
  readonly reconnectionDelay: number;
  /** Milliseconds before any attempt, at most. */
  readonly reconnectionDelayMax: number;
  /** From 0 (none) to 1: by what part of itself a delay may be shorter or longer. */
  readonly randomizationFactor: number;
}

/** Past this many doublings every delay is at its maximum; a power that overflowed would make the delay NaN. */
const MAX_DOUBLINGS = 52;

/**
 * The delay before attempt number `attempt`, the first being 0, in whole milliseconds.
 * `random`, from 0 up to 1, decides both how far the delay is from its mean and on which side.
 */
export function backoffDelay(attempt: number, settings: BackoffSettings, random: number): number {
  const mean = settings.reconnectionDelay * 2 ** Math.min(attempt, MAX_DOUBLINGS);
  const deviation = Math.floor(random * jitterOf(settings) * mean);
  // One random number does for both: its size is the deviation, the parity of its first decimal the sign.
  const shorter = Math.floor(random * 10) % 2 === 0;
  return Math.floor(Math.min(shorter ? mean - deviation : mean + deviation, settings.reconnectionDelayMax));
}

/** A factor out of range means no jitter, as in socket.io-client. */
function jitterOf({ randomizationFactor: factor }: BackoffSettings): number {
  return factor > 0 && factor <= 1 ? factor : 0;
}
