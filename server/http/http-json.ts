/** JSON over plain HTTP: requests whose body is an object, answers, and errors of one shape. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** Answers a request. */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** A request that is refused. */
export class HttpError extends Error {
  override readonly name = "HttpError";

  /** @param code For programs; the message says what to do. */
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** Answers with what `answer` resolves to; else as `answering`. */
export function jsonHandler(
  answer: (request: IncomingMessage) => object | Promise<object>,
  onError: (error: unknown) => void,
): HttpHandler {
  return answering(
    async (request, response) => sendJson(request, response, 200, await answer(request)),
    onError,
  );
}

/** Has `answer` answer; or answers with the HttpError that it throws. Any other error is handed to `onError`, and the client gets a 500. */
export function answering(answer: HttpHandler, onError: (error: unknown) => void): HttpHandler {
  return async (request, response) => {
    try {
      await answer(request, response);
    } catch (error) {
      const known =
        error instanceof HttpError
          ? error
          : new HttpError(500, "internal", "The server failed. Its log says why; try again later.");
      if (known !== error) onError(error);
      for (const [name, value] of Object.entries(known.headers)) response.setHeader(name, value);
      // What was not read would be taken for the next request of the connection.
      if (hasBody(request) && !request.complete) response.setHeader("connection", "close");
      const { code, message } = known;
      sendJson(request, response, known.status, { error: { code, message } });
    }
  };
}

/**
 * The body of a request. Throws an HttpError if it is too large, or anything else than a JSON object.
 * @param maxBytes Of the largest that this route needs: each body is held whole.
 */
export async function readObject(request: IncomingMessage, maxBytes: number): Promise<object> {
  const type = request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new HttpError(415, "unsupported_media_type", "Send JSON, with content-type: application/json.");
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) {
      throw new HttpError(413, "body_too_large", `The body must have at most ${maxBytes} bytes.`);
    }
    chunks.push(chunk);
  }
  const value = parseJson(Buffer.concat(chunks).toString("utf8"));
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new HttpError(400, "invalid_argument", "The body must be a JSON object.");
  }
  return value;
}

/** Throws an HttpError for a request of another method. */
export function requireMethod(request: IncomingMessage, method: "GET" | "POST"): void {
  if (request.method === method) return;
  throw new HttpError(405, "method_not_allowed", `Only ${method} is answered here.`, { allow: method });
}

export function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: object,
): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
  });
  response.end(request.method === "HEAD" ? undefined : text);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the caller says what is wanted
  }
}
