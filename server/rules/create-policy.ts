/** Who may do what, by the rules of the configuration and by what tokens grant. */
import type { Identity } from "../rooms/identity.js";
import type { Policy, Rights } from "../rooms/policy.js";
import { claimOf, Pattern, PatternError } from "./patterns.js";
import { ACTIONS, type Action, type RoomRule, type Rules, type Who } from "./rules.js";

const ALL: Rights = { join: true, publish: true, presence: true, history: true };
const NONE: Rights = { join: false, publish: false, presence: false, history: false };

/**
 * In a room that no rule matches everyone may do everything, as long as no rule says whom it allows anything. Once one does,
 * such a room is closed: a mistyped pattern then shows at once, as `forbidden`, and never as an open door.
 *
 * A token's claim `rooms`, `{"pattern": ["join", "publish"]}`, gives its user rights beside those of the rules.
 *
 * Throws a PatternError for a pattern that is none.
 */
export function createPolicy({ rooms, send }: Pick<Rules, "rooms" | "send">): Policy {
  const rules = rooms.map((rule) => ({ rule, pattern: Pattern.parse(rule.pattern) }));
  const otherwise = rooms.some(({ allow }) => allow !== undefined) ? NONE : ALL;
  const grants = new WeakMap<Identity, readonly Grant[]>();

  return {
    rights(who, room) {
      const matching = rules.find(({ pattern }) => pattern.matches(room, who));
      const rights = matching === undefined ? otherwise : rightsOf(matching.rule, who);
      let granted = grants.get(who);
      if (granted === undefined) grants.set(who, (granted = grantsOf(who)));
      return granted.reduce((sum, grant) => withGrant(sum, grant, room, who), rights);
    },
    maySend: (who) => isOneOf(send, who),
  };
}

function rightsOf({ allow }: RoomRule, who: Identity): Rights {
  if (allow === undefined) return ALL;
  const { join = "everyone" } = allow;
  const may = (action: Action): boolean => isOneOf(allow[action] ?? join, who);
  return { join: may("join"), publish: may("publish"), presence: may("presence"), history: may("history") };
}

function isOneOf(allowed: Who, who: Identity): boolean {
  if (allowed === "everyone") return true;
  if (allowed === "users") return !who.guest;
  if (allowed === "nobody") return false;
  const claim = claimOf(who, allowed.claim);
  if ("equals" in allowed) return claim === allowed.equals;
  return Array.isArray(claim) && claim.includes(allowed.includes);
}

interface Grant {
  pattern: Pattern;
  actions: readonly Action[];
}

function withGrant(rights: Rights, { pattern, actions }: Grant, room: string, who: Identity): Rights {
  if (actions.every((action) => rights[action]) || !pattern.matches(room, who)) return rights;
  const added = { ...rights };
  for (const action of actions) added[action] = true;
  return added;
}

/** What is not of the shape grants nothing: other services may have a claim of this name. */
function grantsOf(who: Identity): readonly Grant[] {
  const claim = claimOf(who, "rooms");
  if (typeof claim !== "object" || claim === null || Array.isArray(claim)) return [];
  return Object.entries(claim).flatMap(([text, list]: [string, unknown]): Grant[] => {
    const actions = Array.isArray(list) ? ACTIONS.filter((action) => list.includes(action)) : [];
    if (actions.length === 0) return [];
    try {
      return [{ pattern: Pattern.parse(text), actions }];
    } catch (error) {
      if (error instanceof PatternError) return [];
      throw error;
    }
  });
}
