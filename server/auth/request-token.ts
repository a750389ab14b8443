/**
 * The token of the request that opens a connection. Where it stood in the URL it is taken out, so that it gets into no log, no
 * `socket.handshake` and no inspector.
 */
import type { IncomingMessage, Server as HttpServer } from "node:http";
import type { Authenticate } from "./authenticate.js";
import { when } from "./when.js";

/** The query parameter. */
const PARAMETER = "token";

/** Of each request that had one: asked at the upgrade, and again at the connect, when the URL has it no more. */
const tokens = new WeakMap<IncomingMessage, string>();

/**
 * The token of `Authorization: Bearer ...`, or else of the query parameter `token`; undefined if there is neither. Takes the
 * parameter out of `request.url`, and out of the parsed query that Socket.IO makes of it (`_query`, engine.io 6.6).
 */
export function requestToken(request: IncomingMessage): string | undefined {
  const inQuery = takeFromQuery(request);
  const token = tokens.get(request) ?? bearerToken(request) ?? inQuery;
  if (token !== undefined) tokens.set(request, token);
  return token;
}

/** The token of the header alone; other schemes than Bearer are somebody else's. */
export function bearerToken({ headers }: IncomingMessage): string | undefined {
  const [scheme = "", token = ""] = (headers.authorization ?? "").split(/ +/, 2);
  return scheme.toLowerCase() === "bearer" ? token : undefined;
}

/**
 * Has `requestToken` read each request that opens a connection before anybody else sees it: upgrades, and Engine.IO's own, which
 * have its version in their query. The parameter of other requests is not this module's.
 */
export function hideRequestTokens(httpServer: HttpServer): void {
  httpServer.prependListener("request", (request: IncomingMessage) => {
    if (/[?&]EIO=/.test(request.url ?? "")) requestToken(request);
  });
  httpServer.prependListener("upgrade", (request: IncomingMessage) => void requestToken(request));
}

/** A refusal of the request, as the bridge's `authenticate` gives it. */
export interface RequestRefusal {
  status: 401;
  message: string;
}

/** Judges the token of a request before it is answered; a request without one is let in, as `auth` may have it. */
export type JudgeRequest = (
  request: IncomingMessage,
) => true | RequestRefusal | Promise<true | RequestRefusal>;

export function createRequestJudge(authenticate: Authenticate): JudgeRequest {
  return (request) => {
    const token = requestToken(request);
    if (token === undefined) return true;
    return when(authenticate({ auth: undefined, token }), (outcome) =>
      outcome.ok ? true : { status: 401, message: outcome.error.message },
    );
  };
}

function takeFromQuery(request: IncomingMessage): string | undefined {
  const { _query: parsed } = request as { _query?: Record<string, unknown> };
  if (parsed !== undefined) Reflect.deleteProperty(parsed, PARAMETER);
  const url = request.url ?? "";
  const mark = url.indexOf("?");
  if (mark === -1) return undefined;
  const parts = url.slice(mark + 1).split("&");
  const kept = parts.filter((part) => !isToken(part));
  if (kept.length === parts.length) return undefined;
  request.url = kept.length === 0 ? url.slice(0, mark) : `${url.slice(0, mark)}?${kept.join("&")}`;
  return new URLSearchParams(parts.find(isToken)).get(PARAMETER) ?? undefined;
}

/** As every parser of queries would name it, percent-encoded too. */
function isToken(part: string): boolean {
  return new URLSearchParams(part).has(PARAMETER);
}
