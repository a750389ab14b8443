/** Who is in a room, as the page shows it. Pure. */
import type { Device, Member } from "@crossroom/client/rooms";

type Members = ReadonlyMap<string, Member>;
type Transport = Device["transport"];

/** On what a member is there, each transport once, with how many devices use it. */
export function transportsOf({ devices }: Member): { transport: Transport; count: number }[] {
  const counts = new Map<Transport, number>();
  for (const { transport } of devices) counts.set(transport, (counts.get(transport) ?? 0) + 1);
  return [...counts].map(([transport, count]) => ({ transport, count }));
}

/** Who came and who went, oneself left out. */
export function comings(before: Members, after: Members, self: string | undefined) {
  const missing = (from: Members, of: Members): Member[] =>
    [...of.values()].filter(({ user }) => user !== self && !from.has(user));
  return { came: missing(before, after), went: missing(after, before) };
}
