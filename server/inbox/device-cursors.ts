/** What the rows of a user's devices say of the inbox: what is left of it for whom, and who holds it back. Pure. */
import type { Position } from "../api/types.js";
import { RECEIPTED, type DeviceCursor } from "../store/devices.js";
import type { LogState } from "../store/log.js";

/**
 * What a device that opens its inbox has processed, and whether it gets all the rest. It does not where what it says and what it is known
 * to have processed both end before what is kept, or where it has not heard yet of something that was lost: an answer that tells it
 * may be lost itself, so it has heard when it has processed something since.
 *
 * A `since` of another epoch moves nothing, though the inbox may have been put back from a copy that has that offset too: whatever the
 * device has processed beyond the copy's cursor comes again, with the same id, and what has taken the place of lost items is not passed over.
 */
export function whatIsLeft(
  before: DeviceCursor | undefined,
  since: Position | undefined,
  { epoch, first, last }: LogState,
): { known: boolean; processed: Position; recovered: boolean; lost: DeviceCursor["lost"] } {
  const known = before?.cursor.epoch === epoch;
  if (before === undefined && since === undefined) {
    return { known, processed: { epoch, offset: first - 1 }, recovered: true, lost: undefined };
  }
  const said = since?.epoch === epoch && since.offset <= last ? since : undefined;
  const isNews = said !== undefined && isAfter(said, before?.cursor);
  // What it has acked counts where it says less: another connection of the device has processed that.
  const claimed = isNews || (since !== undefined && said === undefined) ? said : before?.cursor;
  const isNewEpoch = before?.lost === "restored";
  const hasHeard =
    before?.lost === undefined ||
    (before.lost === "told" && isNews) ||
    // That there is such an epoch is said by nothing but the answer that tells of the loss, and what follows it.
    (isNewEpoch && said !== undefined);
  const recovered = claimed?.epoch === epoch && claimed.offset >= first - 1 && hasHeard;
  const other = since?.epoch === epoch ? undefined : since;
  const processed = isNews ? said : (before?.cursor ?? other ?? { epoch, offset: 0 });
  const lost = isNewEpoch && !hasHeard ? "restored" : "told";
  return { known, processed, recovered, lost: recovered ? undefined : lost };
}

/** Positions of another epoch count as before. */
export function isAfter({ epoch, offset }: Position, known: Position | undefined): boolean {
  return known === undefined || known.epoch !== epoch || offset > known.offset;
}

/**
 * Up to where items are only held back by devices that lag far behind: by one that all others are ahead of, or by those that
 * lag by more than `most` items while another does not. 0 where there are none.
 */
export function heldBack(all: readonly DeviceCursor[], epoch: string, last: number, most: number): number {
  const cursors = all
    .filter(({ device }) => device !== RECEIPTED)
    .map(({ cursor }) => (cursor.epoch === epoch ? cursor.offset : 0))
    .sort((a, b) => a - b);
  return Math.max(cursors[1] ?? 0, cursors.find((offset) => last - offset <= most) ?? 0);
}
