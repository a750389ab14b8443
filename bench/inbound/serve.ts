/** The frame around a server under test: takes the orchestrator's questions. */
import { createServer, type Server } from "node:http";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { listen } from "../shared/listen.js";
import { answerQuestions } from "../shared/questions.js";
import type { LoopDelay, ServerQuestion } from "./protocol.js";

/** Milliseconds between two looks at the event loop. */
const RESOLUTION = 10;

/** Heartbeats so far apart that none falls into a run, for all that have them. Milliseconds. */
export const HEARTBEAT = { pingInterval: 900_000, pingTimeout: 900_000 } as const;

/** More than anybody can send: what one user or address may do is not what is measured. */
export const UNLIMITED = 1_000_000_000;

/** Listens with what `attach` puts on an HTTP server, and answers questions until the orchestrator is gone. */
export async function serve(attach: (http: Server) => void): Promise<void> {
  const http = createServer();
  attach(http);
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION });
  answerQuestions({ port: await listen(http) }, (question: ServerQuestion): object | LoopDelay => {
    switch (question.ask) {
      case "watch":
        delays.enable();
        return {};
      case "loop delay":
        return { p99: lateness(delays.percentile(99)), max: lateness(delays.max) };
    }
  });
}

/** The histogram has nanoseconds from one look to the next: the time between them that is meant is in it. */
function lateness(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e6 - RESOLUTION);
}
