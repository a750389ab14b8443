/** Who came to a room and who went, between two moments. Pure. */
import type { Member } from "@crossroom/client/rooms";

export interface MemberChange {
  type: "join" | "leave" | "update";
  member: Member;
}

type Members = ReadonlyMap<string, Member>;

export function memberChanges(before: Members, after: Members): MemberChange[] {
  const gone = [...before.values()].filter(({ user }) => !after.has(user));
  const others = [...after.values()].flatMap((member): MemberChange[] => {
    const earlier = before.get(member.user);
    if (earlier === undefined) return [{ type: "join", member }];
    return isSame(earlier, member) ? [] : [{ type: "update", member }];
  });
  return [...gone.map((member): MemberChange => ({ type: "leave", member })), ...others];
}

/** A device that came back has another `sid`, and nobody needs to hear of that. */
function isSame(one: Member, other: Member): boolean {
  const seen = ({ name, devices }: Member): string =>
    JSON.stringify([name, devices.map(({ id, transport }) => [id, transport])]);
  return seen(one) === seen(other);
}
