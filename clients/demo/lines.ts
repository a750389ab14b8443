/** What a place's list shows, line by line, of a room or a conversation. Pure. */
import type { Self, Sender } from "@crossroom/client/rooms";
import type { Conversation, DirectMessage } from "./conversations.js";
import type { Feed } from "./feed.js";
import { contentOf, type ShownContent } from "./content.js";

/** Milliseconds after which somebody begins anew. */
const PAUSE = 5 * 60_000;

export interface MessageLine extends ShownContent {
  kind: "message";
  key: string;
  name: string;
  /** Not known of direct messages: they may be read long after. */
  transport?: Sender["transport"];
  own: boolean;
  /** Whether it goes on what the same person said just before: then it needs no name. */
  continues?: boolean;
  at: number;
  /** How far one's own message has come. */
  status?: string;
  trouble?: boolean;
}

export type Line =
  | MessageLine
  | { kind: "note"; key: string; text: string; trouble: boolean }
  | { kind: "divider"; key: string; text: string }
  /** The top of the list: where the log begins, or what to load. */
  | { kind: "top"; key: string; text: string; action?: string };

export function roomLines(feed: Feed, self: Self | undefined, name: string): Line[] {
  const lines: Line[] = [...topLines(feed)];
  for (const entry of feed.timeline.entries) {
    if (entry.kind === "message") {
      const { from, data, at } = entry.message;
      const own = from.user === self?.user;
      const { key } = entry;
      lines.push({
        kind: "message",
        key,
        name: from.name,
        transport: from.transport,
        own,
        at,
        ...contentOf(data),
      });
    } else if (entry.kind === "away") {
      lines.push({ kind: "divider", key: entry.key, text: awayText(entry.count) });
    } else {
      lines.push(entry);
    }
  }
  for (const { id, text, picture, at, refusal } of feed.waiting) {
    const status = refusal === undefined ? "waiting to be sent" : `not sent: ${refusal}`;
    const trouble = refusal !== undefined;
    const key = `waiting ${id}`;
    const content = { text, isText: true, ...(picture === undefined ? {} : { picture }) };
    lines.push({ kind: "message", key, name, own: true, ...content, at, status, trouble });
  }
  return grouped(lines);
}

export function directLines({ name, messages }: Conversation, ownName: string): Line[] {
  const top: Line = {
    kind: "top",
    key: "top",
    text: `Between you and ${name}. What you write waits in their inbox until one of their devices is there.`,
  };
  return grouped([
    top,
    ...messages.map((message): Line => {
      const { id, text, picture, at, delivery } = message;
      const own = delivery !== undefined;
      const key = `${own ? "to" : "from"} ${id}`;
      const line: MessageLine = {
        kind: "message",
        key,
        name: own ? ownName : name,
        own,
        text,
        isText: true,
        at,
        ...(picture === undefined ? {} : { picture }),
      };
      return own ? { ...line, status: statusOf(message), trouble: delivery === "refused" } : line;
    }),
  ]);
}

/** Marks each message that goes on what the same person said just before, from the same kind of client. */
function grouped(lines: readonly Line[]): Line[] {
  return lines.map((line, index): Line => {
    const before = lines[index - 1];
    if (line.kind !== "message" || before?.kind !== "message") return line;
    const isSame =
      line.own === before.own &&
      line.name === before.name &&
      line.transport === before.transport &&
      line.at - before.at < PAUSE;
    return isSame ? { ...line, continues: true } : line;
  });
}

export function awayText(count: number): string {
  return count === 1 ? "1 message while you were away" : `${count} messages while you were away`;
}

function statusOf({ delivery, refusal }: DirectMessage): string {
  switch (delivery) {
    case "waiting":
      return "waiting to be sent";
    case "sent":
      return "✓ in their inbox";
    case "delivered":
      return "✓✓ delivered";
    default:
      return `not sent: ${refusal ?? "refused"}`;
  }
}

function topLines({ timeline, loading, failure, joined }: Feed): Line[] {
  const line = (text: string, action?: string): Line[] => [
    { kind: "top", key: "top", text, ...(action === undefined ? {} : { action }) },
  ];
  if (loading) return line("Loading …");
  if (failure !== undefined) return line(`What was before could not be loaded: ${failure}`, "Try again");
  if (timeline.more === true) return joined ? line("", "Load what was before") : [];
  if (timeline.more === undefined) return [];
  const { first } = timeline;
  return line(
    first === undefined || first.offset === 1
      ? "The room begins here"
      : "What was before is not kept any more",
  );
}
