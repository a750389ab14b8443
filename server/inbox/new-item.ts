/** A message that is to be put into an inbox. */
import type { Payload } from "../api/payload.js";
import type { Sender } from "../api/types.js";
import type { Draft } from "../store/log.js";

export interface NewItem extends Pick<Draft, "key" | "reserve"> {
  /** The user whose inbox it is. */
  to: string;
  from: Sender;
  data: Payload;
  /** The sender's own; default a new one. */
  id?: string | undefined;
  receipt?: boolean | undefined;
  isGuest?: boolean;
  /** How many items the inbox may hold to take it. Default: the limit `inboxItems`. */
  limit?: () => number | Promise<number>;
}
