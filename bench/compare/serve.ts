/** The frame around a server under test: takes the orchestrator's questions. */
import { type Server } from "node:http";
import { answerQuestions } from "../shared/questions.js";
import { usage } from "../shared/usage.js";
import type { Message } from "./message.js";
import { Publisher } from "./publishing.js";
import type { ServerQuestion } from "./protocol.js";

/** The same for all that have one; milliseconds. */
export const HEARTBEAT = 25_000;

/** What a server under test can do. */
export interface Served {
  /** On 127.0.0.1. */
  port: number;
  /** To all subscribers. Left out where clients of the server's own publish. */
  publish?: (message: Message) => void;
}

let received = 0;

/** A server calls it with each message that a client has sent, parsed: these count down from -1. */
export function onReceived(message: Message): void {
  if (message.n < 0) received++;
}

/** What the orchestrator gives on the command line. */
export const args = process.argv.slice(2);

/** Connections stay for a minute between requests: of Node's own default, 5 s, pollers would have to connect each time. */
export function keepAlive(http: Server): Server {
  http.keepAliveTimeout = 60_000;
  return http;
}

/** Answers questions until the orchestrator is gone. */
export function serve({ port, publish }: Served): void {
  const publisher = new Publisher(publish ?? nobody);
  answerQuestions({ port }, async (question: ServerQuestion) => {
    switch (question.ask) {
      case "publish":
        return publisher.run(question);
      case "usage":
        if (question.gc) await collectGarbage();
        return usage();
      case "received":
        return { count: received };
    }
  });
}

function nobody(): never {
  throw new Error("this server has its messages published by a client");
}

/** Several times, with pauses: what one run finalises, the next one frees, and pages are given back a little later. */
async function collectGarbage(): Promise<void> {
  if (!globalThis.gc) throw new Error("start with --expose-gc");
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
