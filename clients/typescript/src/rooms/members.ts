/** Who is in a room, as far as the server has told (docs/rooms-api.md, 8). */
import type { Device, Member } from "./api.js";
import type { PresenceChange, PresenceEvent } from "./wire.js";

export class Members {
  /** In the order in which they came; empty in a counted room. A new map after each event: whoever keeps one keeps a picture of a moment. */
  map: ReadonlyMap<string, Member> = new Map();
  /** In the server's count. */
  count = 0;
  /** Whether the server tells how many are there, and no names. */
  isCounted = false;

  /** What a join is answered with, or an event says. */
  told({ count, members, changes }: Omit<PresenceEvent, "room">): void {
    this.count = count;
    this.isCounted = members === undefined && changes === undefined;
    const known = changes === undefined ? [] : this.map;
    const next = new Map(members?.map((member) => [member.user, member]) ?? known);
    for (const change of changes ?? []) apply(change, next);
    this.map = next;
  }
}

function apply({ type, member, gone = [] }: PresenceChange, members: Map<string, Member>): void {
  const known = members.get(member.user);
  if (type === "leave") members.delete(member.user);
  else if (type === "join" || known === undefined) members.set(member.user, member);
  else members.set(member.user, { ...member, devices: merged(known.devices, member.devices, gone) });
}

/** Those of an update take the place of those with their ids, or come behind. */
function merged(before: readonly Device[], changed: readonly Device[], gone: readonly string[]): Device[] {
  const devices = new Map([...before, ...changed].map((device) => [device.id, device]));
  for (const id of gone) devices.delete(id);
  return [...devices.values()];
}
