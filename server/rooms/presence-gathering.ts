/**
 * Changes of who is in a room, gathered until they are told: of one user who comes and goes, others hear what it comes to. Knows no
 * socket, and no time: whoever owns it says when.
 */
import type { Device, Member, PresenceChange } from "../api/types.js";

/** A change, and the connection whose doing it is, which has its own answer. */
interface Part {
  change: PresenceChange;
  by: string | undefined;
}

/** To be told to everybody in a room but some connections, or to one of those alone. */
export type Telling =
  | { type: "all"; change: PresenceChange; except: readonly string[] }
  | { type: "one"; change: PresenceChange; sid: string };

export class PresenceGathering {
  /** By room, then by user; in neither map is anything empty. */
  readonly #pending = new Map<string, Map<string, Part[]>>();

  add(change: PresenceChange, by?: string): void {
    const users = this.#pending.get(change.room) ?? new Map<string, Part[]>();
    this.#pending.set(change.room, users);
    const parts = users.get(change.member.user);
    if (parts === undefined) users.set(change.member.user, [{ change, by }]);
    else parts.push({ change, by });
  }

  /** The rooms that something is gathered for. */
  rooms(): string[] {
    return [...this.#pending.keys()];
  }

  /** What is to be told to a room, and is then gathered no more. */
  take(room: string): Telling[] {
    const users = this.#pending.get(room);
    if (users === undefined) return [];
    this.#pending.delete(room);
    return [...users.values()].flatMap(tellingsOf);
  }
}

function tellingsOf(parts: readonly Part[]): Telling[] {
  const except = [...new Set(parts.flatMap(({ by }) => by ?? []))];
  const all = merged(parts.map(({ change }) => change));
  const toAll = all.map((change): Telling => ({ type: "all", change, except }));
  if (except.length < 2) return toAll;
  // Each of several has only its own answer, and must hear of the others.
  const toEach = except.flatMap((sid) => {
    const others = parts.filter(({ by }) => by !== sid).map(({ change }) => change);
    return merged(others.flatMap(forOneWhoIsThere)).map((change): Telling => ({ type: "one", change, sid }));
  });
  return [...toAll, ...toEach];
}

/** To the user's own other device: the user is there, and it knows which devices were there when it came. */
function forOneWhoIsThere(change: PresenceChange): PresenceChange[] {
  if (change.type === "leave") return [];
  return [{ ...change, type: "update" }];
}

/** What changes of one user in one room, in their order, come to: none, one, or that the user went and came anew. */
export function merged(changes: readonly PresenceChange[]): PresenceChange[] {
  const wasThere = changes[0]?.type !== "join";
  let left: PresenceChange | undefined;
  let last: PresenceChange | undefined;
  for (const change of changes) {
    if (change.type === "leave") {
      left = wasThere ? change : undefined;
      last = undefined;
    } else {
      last = last === undefined || change.type === "join" ? change : withUpdate(last, change);
    }
  }
  return [left, last].filter((change) => change !== undefined);
}

function withUpdate(before: PresenceChange, update: PresenceChange): PresenceChange {
  const came = new Set(update.member.devices.map(({ id }) => id));
  const went = new Set(update.gone);
  const isKept = ({ id }: Device): boolean => !came.has(id) && !went.has(id);
  const devices = [...before.member.devices.filter(isKept), ...update.member.devices];
  const member: Member = { ...update.member, devices };
  const { room, type } = before;
  if (type === "join") return { room, type, member };
  const gone = [...(before.gone ?? []).filter((id) => !came.has(id) && !went.has(id)), ...went];
  return { room, type, member, ...(gone.length > 0 ? { gone } : {}) };
}
