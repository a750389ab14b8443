/** One's stay in a room: shows what happens there, and publishes lines, until they end. */
import type { Member, Position, Room, RoomMessage, Rooms, RoomsErrorLike } from "@crossroom/client/rooms";
import { memberChanges } from "./member-changes.js";
import { RefusedError } from "./refused-error.js";
import type { Present, RoomView } from "./room-view.js";
import { LateError, within } from "./waiting.js";

export interface Stay {
  rooms: Rooms;
  room: string;
  view: RoomView;
  /** What to publish; `close` ends it. */
  lines: AsyncIterable<string> & { close(): void };
  /** What a line says. Throws an Error if it says nothing that could be published. */
  read: (line: string) => unknown;
  /** From where on to show messages; undefined: from now. */
  since?: Position;
  /** How many messages before the join to show. */
  history: number;
  /** Milliseconds that the server has for an answer; undefined: for ever. */
  timeout: number | undefined;
  /** Tells of something that went wrong, while the stay goes on. */
  warn: (text: string) => void;
}

/** Lines that may wait for their acks. What is piped in faster has to wait. */
const MAX_WAITING = 100;

/** Messages in one page of the history. */
const PAGE = 500;

/** Throws a RefusedError if the room or some line was refused. */
export async function stayInRoom(stay: Stay): Promise<void> {
  const { rooms, view, lines } = stay;
  const room = rooms.room(stay.room);
  let over: RoomsErrorLike | undefined;
  const end = (error: RoomsErrorLike): void => {
    over = error;
    lines.close();
  };
  rooms.on("end", end);
  room.on("left", end);
  try {
    await enter(room, stay);
    const failed = await publishAll(room, stay);
    if (over !== undefined) throw refusal(over);
    const { position } = room;
    await room.leave();
    view.left(position);
    if (failed > 0)
      throw new RefusedError(
        failed === 1 ? "a line was not published" : `${failed} lines were not published`,
      );
  } catch (error) {
    throw over === undefined ? error : refusal(over);
  } finally {
    lines.close();
    rooms.close();
  }
}

function refusal({ message }: RoomsErrorLike): RefusedError {
  return new RefusedError(message);
}

/** Joins, shows what was there before, and then what comes. */
async function enter(room: Room, { rooms, view, since, history, timeout, warn }: Stay): Promise<void> {
  let held: RoomMessage[] | undefined = [];
  let missed: number | undefined;
  room.on("message", (message) => {
    if (missed !== undefined) missed++;
    if (held === undefined) view.message(message);
    else held.push(message);
  });
  rooms.on("disconnect", (reason) => {
    missed ??= 0;
    view.disconnected(reason);
  });
  let isIn = false;
  /** Of a room that is named. */
  let members: ReadonlyMap<string, Member> | undefined;
  room.on("presence", (next) => {
    if (!isIn) return;
    if (room.isCounted || members === undefined) view.present(presentIn(room));
    else for (const change of memberChanges(members, next)) view.presence(change);
    members = room.isCounted ? undefined : next;
  });
  const joining = room.join(since === undefined ? {} : { since });
  const join = await within(timeout, joining, () => "nothing was published").catch((error: unknown) => {
    throw error instanceof Error ? new RefusedError(error.message) : error;
  });
  isIn = true;
  members = room.isCounted ? undefined : room.members;
  view.joined(join, presentIn(room), since !== undefined);
  for (const message of await lastMessages(room, join.position, history, warn)) view.message(message);
  for (const message of held) view.message(message);
  held = undefined;
  missed = undefined;
  room.on("joined", (again) => {
    view.rejoined(again, missed ?? 0);
    missed = undefined;
  });
}

function presentIn({ isCounted, memberCount: count, members }: Room): Present {
  return isCounted ? { count } : { count, members: [...members.values()] };
}

/** The newest messages up to a position, oldest first. */
async function lastMessages(
  room: Room,
  { epoch, offset }: Position,
  count: number,
  warn: Stay["warn"],
): Promise<RoomMessage[]> {
  let messages: RoomMessage[] = [];
  let before = { epoch, offset: offset + 1 };
  try {
    while (messages.length < count) {
      const page = await room.history({ before, limit: Math.min(count - messages.length, PAGE) });
      messages = [...page.messages, ...messages];
      before = messages[0]?.position ?? before;
      if (!page.more) break;
    }
  } catch (error) {
    warn(`the history cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  return messages;
}

/** Resolves to the number of lines that were refused, when all others are acked. */
async function publishAll(room: Room, { lines, read, timeout, view, warn }: Stay): Promise<number> {
  const waiting = new Set<Promise<void>>();
  let failed = 0;
  const publish = async (line: string): Promise<void> => {
    try {
      const publishing = room.publish(read(line));
      view.published(await within(timeout, publishing, () => "whether the line was published is not known"));
    } catch (error) {
      failed++;
      // Nobody is there: the lines that follow would only wait as long.
      if (error instanceof LateError) lines.close();
      warn(`not published: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  for await (const line of lines) {
    if (line.trim() === "") continue;
    const done = publish(line).finally(() => waiting.delete(done));
    waiting.add(done);
    if (waiting.size >= MAX_WAITING) await Promise.race(waiting);
  }
  await Promise.all(waiting);
  return failed;
}
