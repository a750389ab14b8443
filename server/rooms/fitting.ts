/** What fits into one answer to a client: how many bytes it has, and for clients of Socket.IO how many binary values. Pure. */
import type { RoomMessage } from "../api/types.js";
import { MAX_BINARIES } from "../limits/limiter.js";
import { sizeOf } from "../api/size.js";
import type { Caller } from "./outcome.js";

/** Bytes of a message beside its data, about. */
const OVERHEAD = 200;

/**
 * As many of the messages as fit, from the front or, with `fromEnd`, from the end; never less than one where there is one.
 * @returns They, in their order, and about how many bytes they have.
 */
export function fitting(
  messages: readonly RoomMessage[],
  { transport }: Caller,
  fromEnd: boolean,
): { messages: RoomMessage[]; bytes: number } {
  // The bridge's frames hold any number of binary values.
  const most = transport === "bridge" || transport === "bridge-http" ? Infinity : MAX_BINARIES;
  const found: RoomMessage[] = [];
  let binaries = 0;
  let total = 0;
  for (let n = 0; n < messages.length; n++) {
    const message = messages.at(fromEnd ? -1 - n : n);
    if (message === undefined) break;
    const size = sizeOf(message.data);
    binaries += size.binaries;
    if (binaries > most && found.length > 0) break;
    total += size.bytes + OVERHEAD;
    found.push(message);
  }
  return { messages: fromEnd ? found.reverse() : found, bytes: total };
}
