/** The requests of the bridge over HTTP, up to the sessions that they are for (PROTOCOL.md, 12). */
import type { IncomingMessage, ServerResponse } from "node:http";
import { ignoreBody, sendError } from "./answers.js";
import { allowOrigin, answerPreflight, METHODS } from "./cors.js";
import { HTTP_ERRORS } from "./errors.js";
import { handOn, isHandedOn } from "./hop.js";
import type { Close } from "./reader.js";
import { hasBody, isEncoded, sessionHeaders, wantsStream, type SessionHeaders } from "./request-headers.js";
import type { Sessions } from "./sessions.js";

/** What requests ask of a session. */
export interface Session {
  readonly sessionId: string;
  onForgotten(): void;
  /** Why it is closed, if it is. */
  readonly closedWith: Close | undefined;
  /** The client has so many frames. False if there never were so many. */
  acknowledge(count: number): boolean;
  /** Whether a client that has so many frames would miss none. */
  canResume(count: number): boolean;
  /** Counts a GET of a client that has so many frames; false if it is closed for it. */
  countRead(ack: number): boolean;
  /** Has it send on this response. */
  stream(response: ServerResponse, ack: number): void;
  /** @param wait Milliseconds, at most, until the answer ends without a frame. */
  poll(response: ServerResponse, ack: number, wait: number): void;
  /** Takes a POST; `seq` is the number of its first line. */
  post(request: IncomingMessage, response: ServerResponse, seq: number | undefined): void;
  /** The client leaves. */
  depart(): void;
}

export interface EndpointOptions {
  readonly sessions: Sessions<Session>;
  /** Whether pages of the request's origin may come. */
  readonly isOriginAllowed: (request: IncomingMessage) => boolean;
  /** Whether the application names the origins that may. */
  readonly namesOrigins: boolean;
  /** Answers a request of an origin that may not. */
  readonly refuseOrigin: (request: IncomingMessage, response: ServerResponse) => void;
  /** Opens a session, or refuses to. */
  readonly open: (request: IncomingMessage, response: ServerResponse) => void;
  /** Where another node is; undefined where there is none of that name. */
  readonly peerOf: (node: string) => URL | undefined;
}

export class Endpoint {
  readonly #options: EndpointOptions;

  constructor(options: EndpointOptions) {
    this.#options = options;
  }

  readonly take = (request: IncomingMessage, response: ServerResponse): void => {
    // A client that goes in the middle is told of by "close".
    response.on("error", () => response.destroy());
    const { isOriginAllowed, namesOrigins, refuseOrigin } = this.#options;
    if (!isOriginAllowed(request)) {
      refuseOrigin(request, response);
      return;
    }
    const headers = sessionHeaders(request.headers);
    if (request.method !== "OPTIONS" && "session" in headers && headers.session !== undefined) {
      if (this.#takesOtherNode(request, response, headers.session)) return;
    }
    // A middleware of the application's may set these itself at an opening, and then it is to be the only one that does.
    const isOpening = isOpeningOf(request, headers);
    if (!isOpening) allowOrigin(request, response, namesOrigins);
    if (isOpening) this.#options.open(request, response);
    else this.#dispatch(request, response, headers);
  };

  /** Hands a request on to the node that has its session, if that is another one. */
  #takesOtherNode(request: IncomingMessage, response: ServerResponse, id: string): boolean {
    const { sessions, peerOf } = this.#options;
    const node = sessions.otherNode(id);
    const peer = node === undefined || isHandedOn(request) ? undefined : peerOf(node);
    if (peer === undefined) return false;
    handOn(request, response, peer);
    return true;
  }

  #dispatch(
    request: IncomingMessage,
    response: ServerResponse,
    headers: SessionHeaders | { wrong: string },
  ): void {
    const { method } = request;
    if (method === "OPTIONS") {
      answerPreflight(request, response);
      return;
    }
    if (method !== "POST") ignoreBody(request);
    if (method !== "GET" && method !== "POST" && method !== "DELETE") {
      response.setHeader("Allow", METHODS);
      sendError(response, HTTP_ERRORS.methodNotAllowed);
    } else if ("wrong" in headers) {
      refuseRequest(request, response, `${headers.wrong} must be a whole number, in decimal digits`);
    } else if (headers.session === undefined) {
      ignoreBody(request);
      sendError(response, HTTP_ERRORS.noSession, { message: NO_SESSION });
    } else {
      const session = this.#options.sessions.get(headers.session);
      if (session === undefined) {
        ignoreBody(request);
        sendError(response, HTTP_ERRORS.unknownSession);
      } else this.#forSession(session, request, response, headers);
    }
  }

  #forSession(
    session: Session,
    request: IncomingMessage,
    response: ServerResponse,
    { seq, ack, wait }: SessionHeaders,
  ): void {
    if (ack !== undefined && !session.acknowledge(ack)) {
      refuseRequest(request, response, `Crossroom-Ack is ${ack}, and so many frames were not sent`);
      return;
    }
    switch (request.method) {
      case "GET":
        this.#read(session, request, response, ack ?? 0, wait);
        return;
      case "POST":
        if (isEncoded(request.headers)) {
          refuseRequest(request, response, "the body must not have a Content-Encoding");
        } else if (refuseClosed(session, response)) ignoreBody(request);
        else session.post(request, response, seq);
        return;
      default:
        session.depart();
        response.setHeader("Cache-Control", "no-store");
        response.writeHead(204).end();
    }
  }

  #read(
    session: Session,
    request: IncomingMessage,
    response: ServerResponse,
    ack: number,
    wait: number | undefined,
  ): void {
    if (session.closedWith === undefined && !session.countRead(ack) && refuseClosed(session, response))
      return;
    if (!session.canResume(ack)) {
      if (!refuseClosed(session, response)) sendError(response, HTTP_ERRORS.cannotResume);
    } else if (wantsStream(request.headers)) session.stream(response, ack);
    else session.poll(response, ack, wait ?? Infinity);
  }
}

const NO_SESSION =
  "a session is opened by a POST without a body, and the other requests name it in Crossroom-Session; " +
  "a WebSocket is opened with Upgrade";

function isOpeningOf(request: IncomingMessage, headers: SessionHeaders | { wrong: string }): boolean {
  if (request.method !== "POST" || hasBody(request.headers)) return false;
  return "session" in headers && headers.session === undefined;
}

function refuseRequest(request: IncomingMessage, response: ServerResponse, message: string): void {
  ignoreBody(request);
  sendError(response, HTTP_ERRORS.badRequest, { message });
}

/** Answers with why a session is closed, if it is. */
export function refuseClosed({ closedWith }: Pick<Session, "closedWith">, response: ServerResponse): boolean {
  if (closedWith === undefined) return false;
  const { code, reason } = closedWith;
  sendError(response, HTTP_ERRORS.closed, { close: { code, reason } });
  return true;
}
