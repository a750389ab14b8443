/** Who is in a room, as far as the server has told (docs/rooms-api.md, 8). */
import type { Device, Member } from "./api.js";
import type { Joined, PresenceChange } from "./wire.js";

export class Members {
  /** In the order in which they came. A new map after each change: whoever keeps one keeps a picture of a moment. */
  map: ReadonlyMap<string, Member> = new Map();
  /** In the server's count. */
  count = 0;

  reset({ members, count }: Pick<Joined, "members" | "count">): void {
    this.map = new Map(members.map((member) => [member.user, member]));
    this.count = count;
  }

  change({ type, member, gone = [] }: PresenceChange): void {
    const next = new Map(this.map);
    const known = next.get(member.user);
    if (type === "leave") next.delete(member.user);
    else if (type === "join" || known === undefined) next.set(member.user, member);
    else next.set(member.user, { ...member, devices: merged(known.devices, member.devices, gone) });
    // Where only the first of many are known, a stranger may leave.
    if (type === "leave") this.count = Math.max(this.count - 1, next.size);
    else if (type === "join" && known === undefined) this.count++;
    this.count = Math.max(this.count, next.size);
    this.map = next;
  }
}

/** Those of an update take the place of those with their ids, or come behind. */
function merged(before: readonly Device[], changed: readonly Device[], gone: readonly string[]): Device[] {
  const devices = new Map([...before, ...changed].map((device) => [device.id, device]));
  for (const id of gone) devices.delete(id);
  return [...devices.values()];
}
