/** Reads, when all is over, what the server has: each room's log from either end, and where each inbox ends. */
import { within } from "../support/deadline.js";
import { contentOf } from "./clients/device.js";
import type { Message } from "./clients/journal.js";
import { type Answer, Wire } from "./clients/wire.js";
import type { Position, Recorder } from "./records.js";

/** Milliseconds for an answer; the machine may be busy with other things. */
const PATIENCE = 30_000;

/** Messages in a page; not the largest one, so that there is more than one. */
const PAGE = 200;

export interface AuditOptions {
  /** Of the server itself, on 127.0.0.1. */
  port: number;
  rooms: readonly string[];
  users: readonly string[];
  token: (user: string) => Promise<string>;
  recorder: Recorder;
}

export async function audit(options: AuditOptions): Promise<void> {
  const { rooms, users, recorder } = options;
  for (const user of users) {
    await asUser(user, options, async (call) => {
      const { cursor, waiting } = await call("inbox", {});
      const { epoch, offset } = cursor as Position;
      recorder.write({ kind: "inbox_end", user, position: { epoch, offset: offset + Number(waiting) } });
    });
  }
  await asUser(users[0] ?? "", options, async (call) => {
    for (const room of rooms) await readLog(room, call, recorder);
  });
}

type Call = (event: string, argument: object) => Promise<Record<string, unknown>>;

async function readLog(room: string, call: Call, recorder: Recorder): Promise<void> {
  const { position } = await call("join", { room });
  const { epoch, offset: last } = position as Position;
  const read = async (way: "before" | "after", from: Position): Promise<Message[]> => {
    const messages: Message[] = [];
    for (let at = from, more = true; more;) {
      const page = await call("history", { room, [way]: at, limit: PAGE });
      const found = page["messages"] as Message[];
      if (way === "before") messages.unshift(...found);
      else messages.push(...found);
      at = (way === "before" ? messages[0]?.position : messages.at(-1)?.position) ?? from;
      more = page["more"] === true && found.length > 0;
    }
    return messages;
  };
  const before = await read("before", { epoch, offset: last + 1 });
  const first = before[0]?.position.offset ?? last + 1;
  const after = await read("after", { epoch, offset: first - 1 });
  for (const [way, messages] of [
    ["before", before],
    ["after", after],
  ] as const) {
    for (const { id, position: at, from, data } of messages) {
      recorder.write({ kind: "kept", way, room, position: at, user: from.user, ...contentOf(id, data) });
    }
  }
  recorder.write({ kind: "log", room, epoch, first, last });
}

/** On a connection of a device of its own, whose cursor is of no importance. */
async function asUser(
  user: string,
  { port, token }: AuditOptions,
  work: (call: Call) => Promise<void>,
): Promise<void> {
  const auth = { token: await token(user), device: "auditor" };
  let failed: (error: Error) => void = () => undefined;
  const lost = new Promise<never>((_resolve, reject) => (failed = reject));
  lost.catch(() => undefined); // whoever waits then hears of it
  let wire: Wire | undefined;
  const welcome = new Promise<void>((resolve) => {
    wire = new Wire(`ws://127.0.0.1:${port}/bridge`, auth, {
      welcome: () => resolve(),
      event: () => undefined,
      closed: (reason) => failed(new Error(`the auditor's connection is lost: ${reason}`)),
    });
  });
  const call: Call = (event, argument) => {
    const answered = new Promise<Record<string, unknown>>((resolve, reject) => {
      wire?.call(event, argument, (answer: Answer) => {
        if (answer.ok) resolve(answer);
        else reject(new Error(`the auditor's ${event} was refused: ${answer.error.message}`));
      });
    });
    return within(Promise.race([answered, lost]), `the ack of the auditor's ${event}`, PATIENCE);
  };
  try {
    await within(Promise.race([welcome, lost]), "the auditor's welcome", PATIENCE);
    await work(call);
  } finally {
    wire?.drop("over");
  }
}
