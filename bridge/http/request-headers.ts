/** The headers of this protocol in a request (PROTOCOL.md, 12.1). Pure. */
import type { IncomingHttpHeaders } from "node:http";

export interface SessionHeaders {
  readonly session: string | undefined;
  readonly seq: number | undefined;
  readonly ack: number | undefined;
  readonly wait: number | undefined;
}

/** The headers, or which of them is no whole number. */
export function sessionHeaders(headers: IncomingHttpHeaders): SessionHeaders | { wrong: string } {
  const numbers = { seq: undefined, ack: undefined, wait: undefined } as Record<
    "seq" | "ack" | "wait",
    number | undefined
  >;
  for (const [field, name] of NUMBERS) {
    const text = headers[name.toLowerCase()];
    if (text === undefined) continue;
    const value = typeof text === "string" && /^\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (!Number.isSafeInteger(value)) return { wrong: name };
    numbers[field] = value;
  }
  const session = headers["crossroom-session"];
  return { ...numbers, session: typeof session === "string" && session !== "" ? session : undefined };
}

const NUMBERS = [
  ["seq", "Crossroom-Seq"],
  ["ack", "Crossroom-Ack"],
  ["wait", "Crossroom-Wait"],
] as const;

/** Whether a request has a body, as far as its head says. */
export function hasBody(headers: IncomingHttpHeaders): boolean {
  return (
    headers["transfer-encoding"] !== undefined ||
    (headers["content-length"] !== undefined && headers["content-length"] !== "0")
  );
}

/** Whether the body is encoded in a way that is not undone here. */
export function isEncoded(headers: IncomingHttpHeaders): boolean {
  const encoding = headers["content-encoding"];
  return encoding !== undefined && encoding.toLowerCase() !== "identity";
}

export function wantsStream(headers: IncomingHttpHeaders): boolean {
  return (headers.accept ?? "").includes("text/event-stream");
}
