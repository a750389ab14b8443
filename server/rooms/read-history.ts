/** Reading a page of a room's log, for whoever may. */
import { refused, type Refused } from "../api/refused.js";
import type { History, Position, RoomMessage } from "../api/types.js";
import type { Log } from "../store/log.js";
import { roomLog } from "./log-names.js";
import { messageOf } from "./messages.js";

/** Messages in a page, where the caller names no limit. */
const PAGE = 100;

/** Bytes of messages in a page. */
const PAGE_BYTES = 1024 * 1024;

export interface HistoryRange {
  after?: Position | undefined;
  before?: Position | undefined;
  limit?: number | undefined;
}

/** What of the messages goes into one answer, and about how many bytes it has. */
type Fit = (messages: RoomMessage[]) => { messages: RoomMessage[]; bytes: number };

/** @returns The page and about how many bytes it has; or why there is none. */
export async function readHistory(
  log: Log,
  room: string,
  { after, before, limit = PAGE }: HistoryRange,
  fit: Fit,
): Promise<{ ok: true; result: History; bytes: number } | Refused<"unknown_position">> {
  const limits = { entries: limit, bytes: PAGE_BYTES };
  const page =
    after === undefined
      ? await log.before(roomLog(room), before?.offset ?? Infinity, limits)
      : await log.after(roomLog(room), after.offset, limits);
  const { epoch, first, last } = page.state;
  const from = after ?? before;
  if (from !== undefined && from.epoch !== epoch) return refused("unknown_position");
  if (after !== undefined && (after.offset > last || after.offset + 1 < first)) {
    return refused("unknown_position");
  }
  const { messages, bytes } = fit(page.entries.map((entry) => messageOf(room, epoch, entry)));
  const [oldest, newest] = [messages[0], messages.at(-1)];
  const more =
    after === undefined
      ? oldest !== undefined && oldest.position.offset > first
      : newest !== undefined && newest.position.offset < last;
  return { ok: true, result: { messages, more, position: { epoch, offset: last } }, bytes };
}
