/**
 * Refuses Socket.IO's requests with HTTP 401, as the bridge does its own. `allowRequest` cannot: Engine.IO answers 403, or 400
 * to an upgrade.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { apiError } from "../api/errors.js";
import type { JudgeRequest, RequestRefusal } from "../auth/request-token.js";

type Middleware = (request: IncomingMessage, response: ServerResponse, next: (error?: Error) => void) => void;

export interface EngineGuardOptions {
  judge: JudgeRequest;
  /** Socket.IO's path. The bridge runs these middlewares too, and asks for itself. */
  path: string;
  /** Told when the judge itself fails; the request is refused. */
  onError: (error: unknown) => void;
}

/** To be given to `io.engine.use`. Judges each request that opens a connection, before Engine.IO answers it. */
export function engineGuard({ judge, path, onError }: EngineGuardOptions): Middleware {
  return (request, response, next) => {
    if (!(request.url ?? "").startsWith(path) || isOfConnection(request)) {
      next();
      return;
    }
    // An upgrade's socket has no listener of Node's any more, and none of Engine.IO's yet: a client that goes meanwhile must
    // not take the process with it.
    const { socket } = request;
    const onSocketError = (): void => void socket.destroy();
    socket.on("error", onSocketError);
    const settle = (answer: true | RequestRefusal): void => {
      if (answer === true) {
        socket.off("error", onSocketError);
        next();
      } else {
        refuse(request, response, 401, { code: "unauthorized", message: answer.message });
      }
    };
    const failed = (error: unknown): void => {
      onError(error);
      refuse(request, response, 500, apiError("internal"));
    };
    let answer: ReturnType<JudgeRequest>;
    try {
      answer = judge(request);
    } catch (error) {
      failed(error);
      return;
    }
    if (answer instanceof Promise) answer.then(settle, failed);
    else settle(answer);
  };
}

/** Requests of a connection that is open already have its id, as Engine.IO has parsed it (engine.io 6.6, `prepare`). */
function isOfConnection(request: IncomingMessage): boolean {
  const { _query } = request as { _query?: Record<string, unknown> };
  const sid = _query?.["sid"];
  return typeof sid === "string" && sid !== "";
}

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  status: 401 | 500,
  { code, message }: { code: string; message: string },
): void {
  const body = JSON.stringify({ error: { code, message } });
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    connection: "close",
  };
  if (request.headers.upgrade === undefined) {
    response.writeHead(status, headers).end(body);
    return;
  }
  // What Engine.IO gives as the response to an upgrade writes nothing (engine.io 6.6, WebSocketResponse).
  const reason = status === 401 ? "Unauthorized" : "Internal Server Error";
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const { socket } = request;
  socket.once("finish", () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${reason}\r\n${lines.join("")}\r\n${body}`);
}
