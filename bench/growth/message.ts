/** The messages that are published and the rooms that they are refused in. Pure. */
import { DATA, DATA_BYTES, PLACEHOLDER } from "../inbound/message.js";

export { DATA, DATA_BYTES };

/** What a server takes that is to refuse the larger one, which is hardly larger than the other. */
export const MAX_DATA_BYTES = DATA_BYTES + 16;
export const LARGE_DATA = { ...DATA, more: PLACEHOLDER.repeat(4) };

/** A room in which there is no room for anybody. */
export const FULL_ROOM = "full";

/** How the names of rooms begin to which nobody may publish. */
export const CLOSED_ROOM = "closed ";
