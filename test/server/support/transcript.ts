/**
 * Runs the transcripts of documents. A line is `name> frame` (sent) or `name< frame` (received), the name left out where
 * there is one client. Ids and times differ from run to run: where a transcript shows one, any value will do, but the
 * same one must stand for it everywhere.
 */
import { expect } from "chai";
import type { Sent, TestClient } from "./clients.js";

export interface Line {
  client: string;
  way: ">" | "<";
  frame: Record<string, unknown>;
}

/** The transcripts in a Markdown text, in order. Throws where a line of one is none. */
export function transcriptsIn(markdown: string): Line[][] {
  return [...markdown.matchAll(/^```transcript\n(.*?)^```$/gms)].map(([, body = ""]) =>
    body.trimEnd().split("\n").map(parseLine),
  );
}

function parseLine(line: string): Line {
  const [, client = "", way, json = ""] = /^(\w*)([<>]) (.*)$/.exec(line) ?? [];
  if (way !== ">" && way !== "<") throw new Error(`not a line of a transcript: ${line}`);
  return { client, way, frame: JSON.parse(json) as Record<string, unknown> };
}

/** Fields whose values are new in each run. `id` of a frame is a number, and is not meant. */
const VOLATILE = new Set([
  "sid",
  "user",
  "at",
  "id",
  "transport",
  "token",
  "epoch",
  "device",
  "expiresAt",
  "pingInterval",
  "pingTimeout",
  "maxPayload",
]);

/** Plays the sent lines and compares the received ones. Closes its clients, which must have nothing left unread. */
export async function play(lines: readonly Line[], open: () => TestClient): Promise<void> {
  const clients = new Map<string, TestClient>();
  const known = new Map<string, unknown>();
  for (const { client: name, way, frame } of lines) {
    const client = clients.get(name) ?? open();
    clients.set(name, client);
    if (way === ">") client.send(restore(frame, known) as Sent);
    else expect(rename(await client.frames.next(JSON.stringify(frame)), frame, known)).to.deep.equal(frame);
  }
  for (const client of clients.values()) {
    expect(client.frames.left).to.deep.equal([]);
    client.close();
  }
}

/** What is to be sent, with the values of this run in place of those which the transcript has for them. */
function restore(shown: unknown, known: Map<string, unknown>): unknown {
  if (Array.isArray(shown)) return shown.map((item) => restore(item, known));
  if (typeof shown === "object" && shown !== null) {
    return Object.fromEntries(Object.entries(shown).map(([name, value]) => [name, restore(value, known)]));
  }
  const token = typeof shown === "string" && [...known].find(([, name]) => name === shown)?.[0];
  return token ? token.slice(token.indexOf(":") + 1) : shown;
}

/** `real` with its volatile values replaced by those which the transcript has for them. */
function rename(real: unknown, shown: unknown, known: Map<string, unknown>, key = ""): unknown {
  if (Array.isArray(real)) {
    return real.map((item, i) => rename(item, Array.isArray(shown) ? shown[i] : undefined, known));
  }
  if (typeof real === "object" && real !== null) {
    const model = (typeof shown === "object" ? shown : null) as Record<string, unknown> | null;
    const renamed = Object.entries(real).map(([name, value]) => [
      name,
      rename(value, model?.[name], known, name),
    ]);
    return Object.fromEntries(renamed.filter(([, value]) => value !== undefined));
  }
  const isId = VOLATILE.has(key) && !(key === "id" && typeof real === "number");
  const isMadeUpName = key === "name" && typeof real === "string" && real.startsWith("Guest ");
  if ((!isId && !isMadeUpName) || typeof real !== typeof shown) return real;
  const token = `${key}:${String(real)}`;
  if (known.has(token)) return known.get(token);
  // Two different values must not stand for one: the second is left as it is, and the comparison fails.
  const isTaken = [...known].some(([other, name]) => name === shown && other.startsWith(`${key}:`));
  if (isTaken) return real;
  known.set(token, shown);
  return shown;
}
