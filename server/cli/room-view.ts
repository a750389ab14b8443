/** What one sees of a room in a terminal: for people as text, for programs as a JSON object in each line. */
import type { Member, Position, RoomMessage } from "@crossroom/client/rooms";
import type { MemberChange } from "./member-changes.js";
import { shownData, shownPosition, shownText, shownTime, toJson } from "./shown.js";

export interface Join {
  recovered: boolean;
  position: Position;
}

/** Who is in the room: without `members` it is counted. */
export interface Present {
  count: number;
  members?: readonly Member[];
}

export interface RoomView {
  /** In the room for the first time. `since`: whether that was to be from an earlier position on. */
  joined(join: Join, present: Present, since: boolean): void;
  message(message: RoomMessage): void;
  presence(change: MemberChange): void;
  /** The room is counted, and so many are there; or it is named again. */
  present(present: Present): void;
  disconnected(reason: string): void;
  /** In the room again; the messages that were missed have been shown. */
  rejoined(join: Join, missed: number): void;
  published(result: { id: string; position: Position; at: number }): void;
  left(position: Position | undefined): void;
}

type Print = (line: string) => void;

export function jsonView(room: string, print: Print): RoomView {
  const say = (type: string, fields: object): void => print(toJson({ type, ...fields }));
  return {
    joined: (join, present, since) =>
      say("joined", {
        room,
        position: join.position,
        ...(since ? { recovered: join.recovered } : {}),
        ...present,
      }),
    message: (message) => say("message", message),
    presence: ({ type, member }) => say("presence", { room, change: type, member }),
    present: (present) => say("presence", { room, ...present }),
    disconnected: (reason) => say("disconnected", { reason }),
    rejoined: (join, missed) => say("rejoined", { room, ...join, missed }),
    published: (result) => say("published", { room, ...result }),
    left: (position) => say("left", { room, position }),
  };
}

/** @param styled Whether the output can show bold and dim. @param now Milliseconds since the Unix epoch. */
export function textView(room: string, print: Print, styled: boolean, now: () => number): RoomView {
  const style = (code: string, text: string): string => (styled ? `\u001b[${code}m${text}\u001b[0m` : text);
  const dim = (text: string): void => print(style("2", text));
  const shownRoom = shownText(room);
  let isCounted = false;
  const show = (present: Present): void => {
    // Of a counted room that it is, and not each count: what is said would be lost among them.
    if (!isCounted || present.members !== undefined) dim(`-- ${shownRoom}: ${whoIsThere(present)}`);
    isCounted = present.members === undefined;
  };
  return {
    joined({ recovered }, present, since) {
      if (since && !recovered) dim("-- what was published since is not kept any more");
      show(present);
    },
    present: show,
    message: (message) => print(shownMessage(message, now(), (name) => style("1", name))),
    presence({ type, member }) {
      const time = shownTime(now(), now());
      dim(`${time} ${shownText(member.name)} ${deed(type, member)}`);
    },
    disconnected: (reason) => dim(`-- the connection is lost (${shownText(reason)}); trying to get it back`),
    rejoined: ({ recovered }, missed) => dim(`-- connected again; ${whatCame(recovered, missed)}`),
    // The message itself comes back, as to all others.
    published: () => undefined,
    left: (position) =>
      dim(`-- left ${shownRoom}${position === undefined ? "" : ` at ${shownPosition(position)}`}`),
  };
}

export function shownMessage(
  { at, from, data }: Pick<RoomMessage, "at" | "from" | "data">,
  now: number,
  styled: (name: string) => string = (name) => name,
): string {
  const time = shownTime(at, now);
  return `${time} ${styled(shownText(from.name))} (${from.transport}) ${shownData(data, " ".repeat(time.length + 1))}`;
}

function whoIsThere({ count, members }: Present): string {
  if (members === undefined) return `${count} are there, too many to show who comes and goes`;
  const who = members.map((member) => `${shownText(member.name)} (${transports(member)})`).join(", ");
  return who === "" ? "nobody can be seen" : who;
}

function deed(type: MemberChange["type"], member: Member): string {
  switch (type) {
    case "join":
      return `came (${transports(member)})`;
    case "leave":
      return "left";
    case "update":
      return `is there now as: ${transports(member)}`;
  }
}

/** Of each device one. */
function transports({ devices }: Member): string {
  return devices.map(({ transport }) => transport).join(", ");
}

function whatCame(recovered: boolean, missed: number): string {
  if (!recovered) return "some messages in between are lost";
  if (missed === 0) return "nothing was missed";
  return missed === 1 ? "the last message came meanwhile" : `the last ${missed} messages came meanwhile`;
}
