/** What changes of who is in a room come to. Pure. */
import type { Device, Member, PresenceChange } from "../api/types.js";

/**
 * What changes of one user in one room, in their order, come to: one, or that the user went and came anew. That somebody came and
 * went is told too, as others may have been answered in between.
 */
export function merged(changes: readonly PresenceChange[]): PresenceChange[] {
  const [first] = changes;
  let left: PresenceChange | undefined;
  let last: PresenceChange | undefined;
  for (const change of changes) {
    if (change.type === "leave") {
      left = change;
      last = undefined;
    } else {
      last = last === undefined || change.type === "join" ? change : withUpdate(last, change);
    }
  }
  const wasThere = first?.type !== "join";
  const told = wasThere ? [left, last] : [last ?? first, last === undefined ? left : undefined];
  return told.filter((change) => change !== undefined);
}

function withUpdate(before: PresenceChange, update: PresenceChange): PresenceChange {
  const came = new Set(update.member.devices.map(({ id }) => id));
  const went = new Set(update.gone);
  const isKept = ({ id }: Device): boolean => !came.has(id) && !went.has(id);
  const devices = [...before.member.devices.filter(isKept), ...update.member.devices];
  const member: Member = { ...update.member, devices };
  const { type } = before;
  if (type === "join") return { type, member };
  const gone = [...(before.gone ?? []).filter((id) => !came.has(id) && !went.has(id)), ...went];
  return { type, member, ...(gone.length > 0 ? { gone } : {}) };
}
