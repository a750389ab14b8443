/**
 * How an orchestrator and its child processes talk: one JSON object per line, over standard input and output, because that
 * works in Node.js and Bun alike. Each question has one answer, in order.
 */
import { createInterface } from "node:readline";

/** An answer that says only that it is done. */
export type Done = Record<string, never>;

/** The first line of a child, before any question. */
export interface Hello {
  /** The port that a server listens on; 0 for children that do not listen. */
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
