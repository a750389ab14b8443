/** The body of a request, read within a limit of bytes and of time. */
import type { IncomingMessage } from "node:http";
import { parseStrictJson } from "./json-text.js";
import { Problem } from "./problem.js";

/** Milliseconds in which a body must have come. */
export const BODY_TIMEOUT = 10_000;

/** The client has gone, so that nobody waits for an answer. */
export class ClientGone extends Error {
  override readonly name = "ClientGone";
}

/** The JSON value of a body. Throws a Problem, or ClientGone. */
export async function readJson(
  request: IncomingMessage,
  maxBytes: number,
  timeout: number,
): Promise<unknown> {
  const { headers } = request;
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  if (encoding !== "identity") {
    throw new Problem("unsupported_media_type", "Send the body as it is, without content-encoding.", {
      headers: { "accept-encoding": "identity" },
    });
  }
  if (!isJson(headers["content-type"])) {
    throw new Problem("unsupported_media_type", "Send JSON, with content-type: application/json.", {
      headers: { accept: "application/json" },
    });
  }
  const bytes = await readBytes(request, maxBytes, timeout);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Problem("invalid_argument", "The body is not UTF-8.");
  }
  const parsed = parseStrictJson(text);
  if (!parsed.ok) throw new Problem("invalid_argument", `The body ${parsed.fault}.`);
  return parsed.value;
}

/** RFC 8259, 11: a charset means nothing, and JSON is UTF-8; another one than that is somebody's mistake. */
function isJson(header = ""): boolean {
  const [type = "", ...parameters] = header.split(";").map((part) => part.trim().toLowerCase());
  return type === "application/json" && parameters.every((one) => !/^charset="?(?!utf-8"?$)/.test(one));
}

function readBytes(request: IncomingMessage, maxBytes: number, timeout: number): Promise<Buffer> {
  const tooLarge = (): Problem =>
    new Problem("body_too_large", `The body must have at most ${maxBytes} bytes here.`);
  return new Promise((resolve, reject) => {
    if (Number(request.headers["content-length"] ?? 0) > maxBytes) return reject(tooLarge());
    const chunks: Buffer[] = [];
    let size = 0;
    const end = (action: () => void): void => {
      clearTimeout(timer);
      request.off("data", onData).off("end", onEnd).off("close", onClose).pause();
      action();
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > maxBytes) end(() => reject(tooLarge()));
      else chunks.push(chunk);
    };
    const onEnd = (): void => end(() => resolve(Buffer.concat(chunks)));
    const onClose = (): void => end(() => reject(new ClientGone()));
    const late = new Problem("request_timeout", `The body must have come within ${timeout / 1_000} seconds.`);
    const timer = setTimeout(() => end(() => reject(late)), timeout);
    request.on("data", onData).on("end", onEnd).on("close", onClose);
    // An abort is an error too, which comes before the close.
    request.on("error", () => undefined);
  });
}
