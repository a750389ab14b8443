/** How rooms behave, by the rules of the configuration. */
import type { RoomSettings } from "../rooms/room-settings.js";
import { Pattern } from "./patterns.js";
import type { Rules } from "./rules.js";

/** Names whose settings are kept at hand; then they are found anew. */
const MAX_KNOWN = 10_000;

/**
 * The settings of a room, which are the same for all its members: a pattern's placeholders stand for anything here. The first
 * rule that matches holds. Throws a PatternError for a pattern that is none.
 */
export function createRoomSettings({
  rooms,
  defaults,
}: Pick<Rules, "rooms" | "defaults">): (room: string) => RoomSettings {
  const rules = rooms.map(({ pattern, history, presence, maxMembers, maxNames }) => ({
    pattern: Pattern.parse(pattern),
    settings: {
      history: {
        count: history?.messages ?? defaults.history.count,
        age: history?.age ?? defaults.history.age,
      },
      presence: presence ?? defaults.presence,
      maxMembers: maxMembers ?? defaults.maxMembers,
      maxNames: maxNames ?? defaults.maxNames,
    },
  }));
  if (rules.length === 0) return () => defaults;
  const known = new Map<string, RoomSettings>();
  return (room) => {
    const found = known.get(room);
    if (found !== undefined) return found;
    if (known.size >= MAX_KNOWN) known.clear();
    const settings = rules.find(({ pattern }) => pattern.matchesForAnyone(room))?.settings ?? defaults;
    known.set(room, settings);
    return settings;
  };
}
