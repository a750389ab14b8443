/** A stream of events (the HTML standard's text/event-stream): pure. */
import { makeMessage } from "../message.js";

export const GREETING = `data: ${JSON.stringify(makeMessage(0))}\n\n`;

/** A comment, which no application sees. */
export const BEAT = ":\n\n";

/** With its number as the event's id, which a browser shows again in Last-Event-ID when it comes back. */
export function event(n: number, text: string): string {
  return `id: ${n}\ndata: ${text}\n\n`;
}

export function headers(unbuffered: boolean): Record<string, string> {
  return {
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    ...(unbuffered ? { "x-accel-buffering": "no" } : {}),
  };
}
