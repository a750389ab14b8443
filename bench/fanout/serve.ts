/** The frame around a server under test: takes the orchestrator's questions. Runs in Node.js and in Bun. */
import { answerQuestions } from "../shared/questions.js";
import { usage } from "../shared/usage.js";
import type { ServerQuestion } from "./protocol.js";

/** What a server under test can do. */
export interface Subject {
  /** The port on 127.0.0.1 that it listens on. */
  port: number;
  /** Sends the `n`-th message to everybody in the room. */
  broadcast(n: number): void;
  /** Forces a full garbage collection. */
  collectGarbage(): void;
}

/** Bytes of a broadcast's frame, as the orchestrator gives it on the command line. */
export function frameBytesArgument(): number {
  return Number(process.argv[2]);
}

/** Node.js' garbage collection; the orchestrator starts servers with --expose-gc. */
export function collectGarbage(): void {
  if (!globalThis.gc) throw new Error("start with --expose-gc");
  globalThis.gc();
}

/** Answers questions about the subject until the orchestrator is gone. */
export function serve(subject: Subject): void {
  let sent = 0;

  async function broadcast(ticks: number, burst: number): Promise<void> {
    for (let tick = 0; tick < ticks; tick++) {
      await nextTurn();
      for (let i = 0; i < burst; i++) subject.broadcast(sent++);
    }
    await nextTurn();
  }

  answerQuestions({ port: subject.port }, async (question: ServerQuestion) => {
    switch (question.ask) {
      case "broadcast":
        await broadcast(question.ticks, question.burst);
        return {};
      case "usage":
        if (question.gc) {
          // Twice: what the first run finalises, the second one frees.
          subject.collectGarbage();
          await nextTurn();
          subject.collectGarbage();
        }
        return usage();
    }
  });
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
