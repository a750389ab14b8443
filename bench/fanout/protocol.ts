/**
 * What the orchestrator asks its child processes, and what they answer: one JSON object per line, over standard input
 * and output, because that works in Node.js and Bun alike. Each question has one answer, in order.
 */
import { createInterface } from "node:readline";

/** How receivers enter a server: after the WebSocket handshake alone, or with a `connect` of the protocol. */
export type Entry = "raw" | "socket.io" | "bridge";

export type ServerQuestion =
  /** Issue `turns` bursts of `burst` broadcasts, each burst in an event-loop turn of its own. Answer: `Done`. */
  | { ask: "broadcast"; turns: number; burst: number }
  /** Answer: `Usage`. With `gc` a full garbage collection is forced before. */
  | { ask: "usage"; gc: boolean };

export type ReceiverQuestion =
  /** Open `count` connections more for `group`. Answer: `Done`, when all have entered. */
  | { ask: "connect"; group: string; entry: Entry; port: number; count: number }
  /** Answer: `Done`, when each connection of the group got exactly `bytes` more; an error after `deadline` ms. */
  | { ask: "expect"; group: string; bytes: number; deadline: number }
  /** Cut all connections of the group. Answer: `Done`. */
  | { ask: "drop"; group: string };

export type Done = Record<string, never>;

/** What a process used since it began. */
export interface Usage {
  /** Microseconds of CPU, user and system. */
  cpu: number;
  /** Resident memory, bytes. */
  rss: number;
}

/** The first line of a child, before any question. */
export interface Hello {
  /** The port that a server listens on; 0 for receivers. */
  port: number;
}

export type Answer<Value> = { ok: Value } | { error: string };

/**
 * The child's side: answers questions until standard input ends, which ends the process. What a question is, `handle`
 * says: the orchestrator asks each kind of child only what that kind is asked.
 */
export function answerQuestions(hello: Hello, handle: (question: never) => object | Promise<object>): void {
  const say = (answer: Answer<object>) => process.stdout.write(`${JSON.stringify(answer)}\n`);
  const answer = async (line: string) => {
    try {
      say({ ok: await handle(JSON.parse(line) as never) });
    } catch (error) {
      say({ error: error instanceof Error ? error.message : String(error) });
    }
  };
  let last = Promise.resolve();
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    last = last.then(() => answer(line));
  });
  lines.once("close", () => process.exit(0));
  say({ ok: hello });
}
