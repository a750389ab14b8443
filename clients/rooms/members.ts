/** Who is in a room, as far as the server has told (docs/rooms-api.md, 8). */
import type { Member } from "./api.js";
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

  change({ type, member }: PresenceChange): void {
    const next = new Map(this.map);
    const wasKnown = next.has(member.user);
    if (type === "leave") next.delete(member.user);
    else next.set(member.user, member);
    // Where only the first of many are known, a stranger may leave.
    if (type === "leave") this.count = Math.max(this.count - 1, next.size);
    else if (type === "join" && !wasKnown) this.count++;
    this.count = Math.max(this.count, next.size);
    this.map = next;
  }
}
