/**
 * Takes the requests for some paths before the listeners of an HTTP server see them. A listener more would not do: all of them are called,
 * so that an application of Express would answer the same request too.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";

export type TakeRequest = (request: IncomingMessage, response: ServerResponse) => void;

/** The takers of each server whose `emit` is wrapped: asked in turn, each returns whether the request was its own. */
const takers = new WeakMap<Server, Set<Taker>>();

interface Taker {
  isFor(request: IncomingMessage): boolean;
  take: TakeRequest;
}

/**
 * The events that Node emits for a request. The last two stand for `request` where somebody listens for them: with
 * `Expect: 100-continue`, and with any other `Expect`.
 */
const EVENTS: ReadonlySet<string | symbol> = new Set(["request", "checkContinue", "checkExpectation"]);

/** Has `take` called for the requests that are for it. Returns what ends that. */
export function takeRequests(server: Server, taker: Taker): () => void {
  const all = takers.get(server) ?? wrap(server);
  all.add(taker);
  return () => void all.delete(taker);
}

function wrap(server: Server): Set<Taker> {
  const all = new Set<Taker>();
  takers.set(server, all);
  const emit = server.emit.bind(server) as (event: string | symbol, ...args: unknown[]) => boolean;
  // Stays when all takers have gone: somebody may have wrapped it again.
  server.emit = ((event: string | symbol, ...args: unknown[]): boolean => {
    if (!EVENTS.has(event)) return emit(event, ...args);
    const [request, response] = args as [IncomingMessage, ServerResponse];
    for (const taker of all) {
      if (!taker.isFor(request)) continue;
      if (event === "checkContinue") response.writeContinue();
      taker.take(request, response);
      return true;
    }
    return emit(event, ...args);
  }) as Server["emit"];
  return all;
}
