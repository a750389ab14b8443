/** The bridge over HTTP at work: takes requests of an HTTP server, lets clients in, and makes connections of them. */
import { randomBytes } from "node:crypto";
import type { IncomingMessage, Server as HttpServer, ServerResponse } from "node:http";
import type { Admissions } from "./admission.js";
import { REFUSALS, type Refusal } from "./close-codes.js";
import type { ConnectionContext } from "./connection.js";
import { closeAfter, ignoreBody, sendJson, writeHead } from "./http/answers.js";
import { allowOrigin } from "./http/cors.js";
import { Endpoint, type Session } from "./http/endpoint.js";
import { Sessions } from "./http/sessions.js";
import { takeRequests } from "./http/take-requests.js";
import { HttpConnection, type HttpContext } from "./http-connection.js";
import type { HttpOptions, ParsedOptions } from "./options.js";
import { isFor, isOriginAllowed, refusalBody, refusalHeaders } from "./upgrade.js";

export interface HttpBridgeParts {
  readonly httpServer: HttpServer;
  readonly options: ParsedOptions;
  readonly http: HttpOptions;
  readonly admissions: Admissions;
  /** What all connections share; made when the first client comes. */
  context(): ConnectionContext;
  /** Called with each request, before anything is done about it. */
  onRequest(): void;
  isClosing(): boolean;
  /** The headers that listeners on the engine add to the answer. */
  headersFor(request: IncomingMessage): Record<string, string>;
  open(connection: HttpConnection): void;
}

/** Milliseconds, and bytes, where the application does not say. */
const RESUME_TIMEOUT = 20_000;
const MAX_REPLAY = 1024 * 1024;

export class HttpBridge {
  readonly #parts: HttpBridgeParts;
  readonly #context: HttpContext;
  readonly #stop: () => void;

  constructor(parts: HttpBridgeParts, now: () => number) {
    this.#parts = parts;
    const { options, http } = parts;
    const { resumeTimeout = RESUME_TIMEOUT, maxReplay = MAX_REPLAY, node = randomNode(), peers } = http;
    const sessions = new Sessions<Session>(node, resumeTimeout, now);
    this.#context = { sessions, resumeTimeout, maxReplay, closeTimeout: options.closeTimeout };
    const endpoint = new Endpoint({
      sessions,
      isOriginAllowed: (request) => isOriginAllowed(request, options.allowedOrigins),
      namesOrigins: options.allowedOrigins !== undefined,
      refuseOrigin: (request, response) => {
        ignoreBody(request);
        const refuse = (refusal: Refusal): void => refuseRequest(response, refusal);
        parts.admissions.refuse({ request, refuse }, REFUSALS.originNotAllowed);
      },
      open: (request, response) => this.#open(request, response),
      peerOf: (peer) => peerUrl(peers?.(peer), options.path),
    });
    this.#stop = takeRequests(parts.httpServer, {
      isFor: (request) => isFor(options.path, request),
      take: (request, response) => {
        parts.onRequest();
        // Whoever closes the server waits for connections that are kept alive.
        if (parts.isClosing()) closeAfter(response);
        endpoint.take(request, response);
      },
    });
  }

  /** How many sessions are known, those among them that were closed a moment ago. */
  get sessionCount(): number {
    return this.#context.sessions.size;
  }

  /** Takes no more requests. */
  close(): void {
    this.#stop();
  }

  #open(request: IncomingMessage, response: ServerResponse): void {
    const { admissions, options } = this.#parts;
    ignoreBody(request);
    const allow = (): void => allowOrigin(request, response, options.allowedOrigins !== undefined);
    admissions.ask({
      ...{ request, response, socket: request.socket, life: response, transport: "polling" },
      refuse: (refusal, message) => {
        if (!response.headersSent) allow();
        refuseRequest(response, refusal, message);
      },
      admit: ({ id, request: kept }, address, keepPlace) => {
        const context = this.#parts.context();
        const connection = new HttpConnection(id, kept, address, context, this.#context);
        keepPlace();
        this.#context.sessions.add(connection);
        this.#parts.open(connection);
        for (const [name, value] of Object.entries(this.#parts.headersFor(request)))
          response.setHeader(name, value);
        allow();
        const { pingInterval, pingTimeout, maxPayload } = context.limits;
        const { resumeTimeout } = this.#context;
        const session = connection.sessionId;
        sendJson(response, 201, { session, pingInterval, pingTimeout, maxPayload, resumeTimeout });
      },
    });
  }
}

/** Nobody else has the name, so that no session is taken for another server's. */
function randomNode(): string {
  return randomBytes(6).toString("base64url");
}

/** The endpoint of another node. A hook that gives no URL knows no such node. */
function peerUrl(url: string | undefined, path: string): URL | undefined {
  return url === undefined ? undefined : new URL(path, url);
}

/** Answers with a refusal of PROTOCOL.md, 1.3, unless a middleware has answered. */
function refuseRequest(response: ServerResponse, refusal: Refusal, message = refusal.description): void {
  if (response.headersSent || response.destroyed) return;
  const body = refusalBody(refusal, message);
  writeHead(response, refusal.status, refusalHeaders(refusal, body));
  response.end(body);
}
