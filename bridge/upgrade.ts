/**
 * Upgrade requests, up to the decision: origin, limits, the engine's middlewares and `allowRequest`, `authenticate`.
 */
import { IncomingMessage, ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { REFUSALS, type Refusal } from "./close-codes.js";
import { applicationMiddlewares, generateId, ownAllowRequest, type Engine } from "./host.js";
import type { Authenticate, ParsedOptions } from "./options.js";
import { calledBack, when } from "./when.js";

/** A request that is let in, or a refusal. */
export type Decision = Admission | { refusal: Refusal; message?: string };

export interface Admission {
  /** The connection's id. */
  id: string;
  /** What is kept as `socket.request`. */
  request: IncomingMessage;
  /** Header lines that middlewares want on the answer. */
  headers: string[];
}

/** Whether the request is for `path`, with or without a slash at its end. */
export function isFor(path: string, request: IncomingMessage): boolean {
  const url = request.url ?? "";
  const query = url.indexOf("?");
  const pathname = query === -1 ? url : url.slice(0, query);
  return pathname === path || pathname === `${path}/`;
}

export function isOriginAllowed(request: IncomingMessage, allowed: ParsedOptions["allowedOrigins"]): boolean {
  const { origin } = request.headers;
  if (allowed === undefined || origin === undefined) return true;
  // Not `test`: with the flag g or y it begins where it ended the last time.
  return allowed.some((one) => (typeof one === "string" ? one === origin : origin.search(one) !== -1));
}

/**
 * Asks everybody who has a say, for as long as `upgradeTimeout` allows. Never throws or rejects. Where nobody waits for anything, as in
 * most servers, the answer is there at once: a thousand clients that come back together cost no promises and no timers.
 */
export function decide(
  request: IncomingMessage,
  socket: Duplex,
  engine: Engine,
  options: ParsedOptions,
  response?: ServerResponse,
): Decision | Promise<Decision> {
  try {
    const decision = ask(request, socket, engine, options, response);
    return decision instanceof Promise ? inTime(decision, options.upgradeTimeout) : decision;
  } catch {
    return FAILED;
  }
}

/**
 * Whether anybody but the bridge sees the request before the client is let in. Then it is kept itself: they may have
 * put something on it, or use it as a key.
 */
function hasHooks(engine: Engine, options: ParsedOptions): boolean {
  return (
    options.authenticate !== undefined ||
    ownAllowRequest(engine) !== undefined ||
    applicationMiddlewares(engine).length > 0 ||
    engine.listenerCount("initial_headers") > 0 ||
    engine.listenerCount("headers") > 0
  );
}

/**
 * An upgrade request that is kept for as long as its client stays, without what only serves to read a body: there is
 * none, and the stream is a fifth of an idle connection's memory. What it does not have, it makes of what it has.
 */
class KeptRequest extends IncomingMessage {
  static of(request: IncomingMessage): KeptRequest {
    const { method, url, headers, httpVersion, httpVersionMajor, httpVersionMinor, socket } = request;
    const kept = { method, url, headers, httpVersion, httpVersionMajor, httpVersionMinor, socket };
    const { _query } = request as { _query?: unknown };
    // Not constructed: the constructor is what makes the stream.
    return Object.assign(Object.create(KeptRequest.prototype) as KeptRequest, kept, { _query });
  }

  override destroy(error?: Error): this {
    this.socket.destroy(error);
    return this;
  }

  override pause(): this {
    return this;
  }

  override resume(): this {
    return this;
  }
}

Object.defineProperties(KeptRequest.prototype, {
  complete: { value: true },
  upgrade: { value: true },
  aborted: { value: false },
  rawTrailers: { get: () => [] },
  rawHeaders: {
    get(this: KeptRequest) {
      return Object.entries(this.headers).flatMap(([name, value]) =>
        [value ?? []].flat().flatMap((one) => [name, one]),
      );
    },
  },
});

/** A hook that throws has found something wrong with the request; its words may tell an attacker too much. */
const FAILED: Decision = { refusal: REFUSALS.unauthorized };

async function inTime(decision: Promise<Decision>, milliseconds: number): Promise<Decision> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<Decision>((resolve) => {
    timer = setTimeout(() => resolve({ refusal: REFUSALS.upgradeTimeout }), milliseconds);
    // The request's socket keeps the process alive as long as it matters.
    timer.unref();
  });
  try {
    return await Promise.race([decision, timeout]);
  } catch {
    return FAILED;
  } finally {
    clearTimeout(timer);
  }
}

function ask(
  request: IncomingMessage,
  socket: Duplex,
  engine: Engine,
  options: ParsedOptions,
  response: ServerResponse | undefined,
): Decision | Promise<Decision> {
  const { authenticate } = options;
  const isSeen = hasHooks(engine, options);
  return when(runMiddlewares(request, socket, engine, response), (headers) => {
    if (headers === undefined) return { refusal: REFUSALS.forbidden, message: "refused by a middleware" };
    return when(askAllowRequest(request, engine), (message) => {
      if (message !== undefined) return { refusal: REFUSALS.forbidden, message };
      return when(authenticate === undefined || authenticate(request), (answer) => {
        if (answer !== true) return refusalOf(answer);
        return when(generateId(engine, request), (id) => ({
          id,
          request: isSeen ? request : KeptRequest.of(request),
          headers,
        }));
      });
    });
  });
}

/** What becomes of a request that `authenticate` did not answer with true. */
function refusalOf(answer: Exclude<Awaited<ReturnType<Authenticate>>, true>): Decision {
  if (typeof answer !== "object") return { refusal: REFUSALS.unauthorized };
  const refusal = answer.status === 403 ? REFUSALS.forbidden : REFUSALS.unauthorized;
  return answer.message === undefined ? { refusal } : { refusal, message: answer.message };
}

/**
 * `io.engine.use(...)`: the headers that the middlewares set, or undefined if one of them refused. Over HTTP they have the real
 * response, and what they set is on it.
 */
function runMiddlewares(
  request: IncomingMessage,
  socket: Duplex,
  engine: Engine,
  real: ServerResponse | undefined,
): string[] | undefined | Promise<string[] | undefined> {
  const middlewares = applicationMiddlewares(engine);
  if (middlewares.length === 0) return [];
  // A real response with no socket: headers are gathered on it; one that is ended is a refusal.
  const response = real ?? new ServerResponse(request);
  const end = response.end.bind(response);
  const run = (index: number): string[] | undefined | Promise<string[] | undefined> => {
    const middleware = middlewares[index];
    if (middleware === undefined) {
      response.end = end;
      return real === undefined ? headersOf(response) : [];
    }
    const isPassed = calledBack<boolean>((done) => {
      const ended = (): void => done(false);
      response.end = ((...args: Parameters<ServerResponse["end"]>): ServerResponse => {
        ended();
        return real === undefined ? response : (end as (...all: unknown[]) => ServerResponse)(...args);
      }) as ServerResponse["end"];
      socket.once("close", ended);
      middleware(request, response, (failure) => {
        socket.removeListener("close", ended);
        if (failure) response.end = end;
        done(!failure);
      });
    });
    return when(isPassed, (passed) => (passed ? run(index + 1) : undefined));
  };
  return run(0);
}

function headersOf(response: ServerResponse): string[] {
  // Some middlewares (express-session) set their headers only when the head is written.
  response.writeHead(101);
  return Object.entries(response.getHeaders()).flatMap(([name, value]) =>
    [value ?? []].flat().map((one) => `${name}: ${one}`),
  );
}

/** The server's `allowRequest` option: why it refuses, or undefined. */
function askAllowRequest(
  request: IncomingMessage,
  engine: Engine,
): string | undefined | Promise<string | undefined> {
  const allowRequest = ownAllowRequest(engine);
  if (allowRequest === undefined) return undefined;
  return calledBack((done) => {
    allowRequest(request, (message, success) => {
      done(success ? undefined : (message ?? "refused by allowRequest"));
    });
  });
}

/** The body of a refusal; with fields `more` for a client that expects others (PROTOCOL.md, 1.3 and 1.6). */
export function refusalBody({ code, retryAfter }: Refusal, message: string, more: object = {}): string {
  const error = { code, message, ...(retryAfter === undefined ? {} : { retryAfter }) };
  return JSON.stringify({ ...more, error });
}

export function refusalHeaders({ retryAfter }: Refusal, body: string): Record<string, string> {
  return {
    Connection: "close",
    "Content-Type": "application/json",
    "Content-Length": String(Buffer.byteLength(body)),
    ...(retryAfter === undefined ? {} : { "Retry-After": String(Math.ceil(retryAfter / 1_000)) }),
  };
}

/** Answers an upgrade request with a refusal, and closes. */
export function refuse(
  socket: Duplex,
  refusal: Refusal,
  message: string = refusal.description,
  more?: object,
): void {
  const body = refusalBody(refusal, message, more);
  const headers = refusalHeaders(refusal, body);
  // RFC 6455, 4.4: a client that speaks another version learns which one would do.
  if (refusal === REFUSALS.badHandshake) headers["Sec-WebSocket-Version"] = "13";
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.once("finish", () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ""}\r\n${lines.join("")}\r\n${body}`,
  );
}
