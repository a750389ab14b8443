/** Entries for a log as the rooms service writes them, for where a store is measured without a server. Pure. */
import { keyOf, type StoredMessage } from "../../server/rooms/messages.js";
import type { Draft } from "../../server/store/log.js";
import { DATA, idOf } from "./message.js";

/** As random as a guest's. */
const USER = "guest-0f1e2d3c4b5a6978";
const FROM = { user: USER, name: "Guest 0f1e", sid: "3l7ofvWWwwMctWrpAAAA", transport: "bridge" } as const;

/** The `n`-th message of a log, as it is published with an id of the client's own. */
export function draftWithId(n: number): Draft {
  return { ...draft(n), key: keyOf(USER, idOf(n)) };
}

/** The same, published without one: its repetition would not be noticed. */
export function draft(n: number): Draft {
  const value: StoredMessage = { id: idOf(n), from: FROM, data: DATA };
  return { value, at: Date.now() };
}
