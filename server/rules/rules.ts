/** The rules of rooms, as the configuration has them. */
import type { RoomSettings } from "../rooms/room-settings.js";

/** What a user may be let do in a room. */
export const ACTIONS = ["join", "publish", "presence", "history"] as const;
export type Action = (typeof ACTIONS)[number];

type ClaimValue = string | number | boolean;

/** Whom something is allowed to: `users` are those who are no guests. */
export type Who =
  | "everyone"
  | "users"
  | "nobody"
  /** Whose token has this claim, with this value. */
  | { claim: string; equals: ClaimValue }
  /** Whose token has this claim, a list with this value among others. */
  | { claim: string; includes: ClaimValue };

/** The rule for all rooms whose names match its pattern, and no pattern of a rule before it. */
export interface RoomRule {
  /** See patterns.ts. */
  pattern: string;
  /** Without it, everyone may do everything. What it does not name is allowed to whom `join` is. */
  allow?: { [A in Action]?: Who | undefined } | undefined;
  /** What is not set is as in `Rules.defaults`. */
  history?: { messages?: number | undefined; /** Milliseconds. */ age?: number | undefined } | undefined;
  presence?: boolean | undefined;
  maxMembers?: number | undefined;
  maxNames?: number | undefined;
}

export interface Rules {
  /** The first one that matches holds, and no other. */
  rooms: readonly RoomRule[];
  /** Who may send to inboxes. */
  send: Who;
  /** Of rooms whose rule does not say otherwise. */
  defaults: RoomSettings;
}
