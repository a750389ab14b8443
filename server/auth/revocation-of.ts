/** What is revoked, with the moment up to which a user's tokens are. Pure. */
import type { Revocation } from "../store/revocations.js";
import type { Clock } from "../store/store-clock.js";

/** A token by its `jti`, or all of a user's that were issued until now. */
export type RevocationTarget = { tokenId: string } | { user: string };

/** @param now Milliseconds since the Unix epoch. @param clock The store's. */
export function revocationOf(
  target: RevocationTarget,
  now: number,
  clock: Pick<Clock, "now" | "wall">,
): Revocation {
  if ("tokenId" in target) return { type: "token", id: target.tokenId };
  // Whichever clock is ahead: one that was set back since has made tokens that are later than now. Tokens tell whole seconds:
  // those of this very second go too, as nobody can say which came first.
  const second = Math.floor(Math.max(now, clock.wall()) / 1_000);
  return {
    type: "user",
    user: target.user,
    issuedBefore: (second + 1) * 1_000,
    stampedBefore: clock.now() + 1,
  };
}
