/** Who may do what, as the services ask it. */
import type { Identity } from "./identity.js";

/** What a user may do in a room. Without `join`, the rest means nothing. */
export interface Rights {
  join: boolean;
  publish: boolean;
  /** See who is in the room. */
  presence: boolean;
  /** Read what was published: `history`, and `join` with `since`. */
  history: boolean;
}

/** Decides who may do what. If it throws or rejects, the call gets the error `internal`. */
export interface Policy {
  /** Asked at every join, and again for each room that one is in when the token is refreshed. */
  rights(who: Identity, room: string): Rights | Promise<Rights>;
  /** Whether one user may send to another's inbox. */
  maySend(who: Identity, to: string): boolean | Promise<boolean>;
}
