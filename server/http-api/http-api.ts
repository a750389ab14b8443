/**
 * The HTTP API for an application's backend: routes, keys, and answers. What the operations do is declared beside it.
 *
 * Routes are hono's. The body is read here and not through hono, whose readers know no limit of time, and take invalid UTF-8 and a key that is
 * there twice without a word.
 */
import { createRequire } from "node:module";
import type { IncomingMessage, ServerResponse } from "node:http";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { Hono, type Context } from "hono";
import { hasExpired, type ApiKeys } from "../auth/api-keys.js";
import type { Authenticate } from "../auth/authenticate.js";
import type { Backend } from "../backend/backend.js";
import type { HandlerLog } from "../connections/handler-log.js";
import type { GatheredLog } from "../log/gathered-log.js";
import { callerOf, requireAllRooms, requireRoom, requireScope, shownKeyId, type Caller } from "./caller.js";
import { bodyOf, checkTarget, pathOf, queryOf } from "./checked-input.js";
import { openApiDocument } from "./openapi.js";
import type { Answer, ApiContext, Operation } from "./operation.js";
import { API_BASE, OPENAPI_PATH, OPERATIONS } from "./operations.js";
import { Problem, problemOf } from "./problem.js";
import { BODY_TIMEOUT, ClientGone } from "./request-body.js";

export interface HttpApiOptions {
  /** Without any that is good nothing is answered but whether the server lives, and is ready. */
  keys: ApiKeys;
  authenticate: Authenticate;
  backend: Backend;
  /** Bytes that the data of one message may have. */
  messageBytes: number;
  /** Milliseconds since the Unix epoch. */
  now: () => number;
  /** Whether the server has begun to close. */
  isClosing: () => boolean;
  log: HandlerLog;
  gathered: Pick<GatheredLog, "tell">;
  /** Milliseconds in which a body must have come. Default 10,000. */
  bodyTimeout?: number;
}

export interface HttpApi {
  /** Answers a request whose path is `API_BASE` or below it. */
  answer(request: IncomingMessage, response: ServerResponse): void;
  /** Resolves when what had begun before the server began to close is done; nothing begins after that. */
  settled(): Promise<void>;
}

type Env = { Bindings: HttpBindings };

export function createHttpApi(options: HttpApiOptions): HttpApi {
  const { keys, now, log, gathered, isClosing, bodyTimeout = BODY_TIMEOUT } = options;
  const { version } = createRequire(import.meta.url)("crossroom/package.json") as { version: string };
  const { backend, messageBytes } = options;
  const unready = async (): Promise<string | undefined> => {
    if (isClosing()) return "The server is closing.";
    // Any room tells whether the store can be read.
    return backend.room("readyz").then(
      () => undefined,
      (error: unknown) => String(error),
    );
  };
  const context: ApiContext = { backend, messageBytes, now, version, unready };
  const isOpen = (): boolean => keys.all().some((key) => !hasExpired(key, now()));

  async function admit(request: IncomingMessage, { scope }: Operation): Promise<Caller> {
    if (scope === null) return NOBODY;
    const caller = await callerOf(request, options);
    if (scope !== "any") requireScope(caller, scope);
    return caller;
  }

  async function perform(c: Context<Env>, operation: Operation): Promise<Answer> {
    const request = c.env.incoming;
    if (operation.scope !== null && !isOpen()) throw closed();
    const caller = await admit(request, operation);
    const path = pathOf(operation, (name) => c.req.param(name));
    const query = queryOf(operation, c.req.url);
    const { room } = path;
    if (operation.reach === "nothing") requireAllRooms(caller);
    if (operation.reach === "room" && typeof room === "string") requireRoom(caller, room);
    const body = await bodyOf(operation, request, context, bodyTimeout);
    if (isClosing() && operation.scope !== null)
      throw new Problem("unavailable", "The server is closing. Try again later.");
    const answer = await counted(async () => operation.handle({ path, query, body, caller }, context));
    if (operation.isLogged === true) {
      const fields = { key: caller.id, operation: operation.id, ...path, ...query, ...told(body) };
      if (log.info === undefined) log.warn(fields, DONE);
      else log.info(fields, DONE);
    }
    return answer;
  }

  const underWay = new Set<Promise<unknown>>();
  async function counted<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = work();
    underWay.add(result);
    try {
      return await result;
    } finally {
      underWay.delete(result);
    }
  }

  /** The answer to what went wrong. */
  function refuse(request: IncomingMessage, error: unknown): Response {
    let problem = problemOf(error);
    if (problem === undefined) {
      if (!(error instanceof ClientGone)) log.error({ err: error }, "a request of the HTTP API failed");
      problem = new Problem("internal");
    }
    const { status, code, detail } = problem.body;
    if (status === 401 || status === 403) {
      const key = shownKeyId(request);
      gathered.tell("warn", "the HTTP API refused a key", {
        ...(key === undefined ? {} : { key }),
        code,
        detail,
      });
    }
    return respond(request, status, problem.body, {
      "content-type": "application/problem+json",
      ...problem.headers,
    });
  }

  const app = new Hono<Env>({ strict: true });
  const paths = new Map<string, Operation[]>();
  for (const one of OPERATIONS) paths.set(one.path, [...(paths.get(one.path) ?? []), one]);
  for (const [path, operations] of paths) {
    const route = `${API_BASE}${path.replace(/\{(\w+)\}/g, ":$1")}`;
    for (const one of operations) {
      app.on(one.method, route, async (c) => {
        const { status, body } = await perform(c, one);
        return respond(c.env.incoming, status, body);
      });
    }
    app.all(route, () => notAllowed(operations.map(({ method }) => method)));
  }
  let document: object | undefined;
  app.get(`${API_BASE}${OPENAPI_PATH}`, (c) => {
    if (!isOpen()) throw closed();
    return respond(c.env.incoming, 200, (document ??= openApiDocument(version)));
  });
  app.all(`${API_BASE}${OPENAPI_PATH}`, () => notAllowed(["GET"]));
  app.notFound((c) => refuse(c.env.incoming, isOpen() ? new Problem("not_found") : closed()));
  app.onError((error, c) => refuse(c.env.incoming, error));

  const listener = getRequestListener((request, env) => app.fetch(request, env), {
    // The process is the application's as well.
    overrideGlobalObjects: false,
    // Node does the same for what is not read; where there may be more of it, the connection is closed.
    autoCleanupIncoming: false,
    hostname: "localhost",
  });
  return {
    answer(request, response) {
      try {
        checkTarget(request.url ?? "");
      } catch (error) {
        return void send(response, refuse(request, error));
      }
      // Whose name it is makes no difference here, and some that are sent are none.
      request.headers.host = "localhost";
      void listener(request, response);
    },
    async settled() {
      await Promise.allSettled(underWay);
    },
  };
}

const DONE = "done over the HTTP API";

/** Of operations that ask for no key. */
const NOBODY: Caller = { id: "nobody", scopes: [] };

function closed(): Problem {
  return new Problem(
    "not_found",
    "The HTTP API is off, as there is no key. Make one with crossroom key create.",
  );
}

function notAllowed(methods: readonly string[]): never {
  const allow = methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])).join(", ");
  throw new Problem("method_not_allowed", `Only ${allow} are answered here.`, { headers: { allow } });
}

/** Whom an administrative act concerned: never what was sent. */
function told(body: unknown): object {
  return typeof body === "object" && body !== null ? { target: body } : {};
}

function respond(
  request: IncomingMessage,
  status: number,
  body?: object,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const text = body === undefined ? null : `${JSON.stringify(body)}\n`;
  return new Response(text, {
    status,
    headers: {
      ...(text === null
        ? {}
        : { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) }),
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      // What was not read would be taken for the next request of the connection.
      ...(hasBody(request) && !request.complete ? { connection: "close" } : {}),
      ...headers,
    },
  });
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

async function send(response: ServerResponse, answer: Response): Promise<void> {
  const text = await answer.text();
  response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(text);
}
