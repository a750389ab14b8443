/** A running server, as `crossroom inspect` sees it: over HTTP, with an operator's token. */
import { ConfigError } from "../config/config-error.js";
import { RefusedError } from "./refused-error.js";
import type { InboxRow, InspectSource, RoomDetail, RoomRow } from "./inspect-source.js";

/** Milliseconds for the server to answer. */
const TIMEOUT = 10_000;

/** @param url As of `serverUrl`. @param token With the claim that makes an operator. */
export function inspectServer(url: string, token: string | undefined): InspectSource {
  if (token === undefined) {
    throw new ConfigError(
      'there is no token; give one with the claim "crossroom_admin": true, with --token or CROSSROOM_TOKEN',
    );
  }
  const ask = async (query: Record<string, string>): Promise<unknown> =>
    get(new URL(`${url}/admin/inspect?${new URLSearchParams(query).toString()}`), token);
  return {
    close: () => Promise.resolve(),
    // What the server says of itself is of this release's shape: see admin.ts.
    rooms: async (roomsAfter, limit) =>
      ((await ask({ roomsAfter, limit: `${limit}` })) as { rooms: RoomRow[] }).rooms,
    inboxes: async (inboxesAfter, limit) =>
      ((await ask({ inboxesAfter, limit: `${limit}` })) as { inboxes: InboxRow[] }).inboxes,
    async room(room, last) {
      const detail = (await ask({ room, last: `${last}` })) as RoomDetail;
      return detail.position.offset === 0 && detail.members === 0 ? undefined : detail;
    },
  };
}

async function get(url: URL, token: string): Promise<unknown> {
  let response: Response;
  try {
    const headers = { authorization: `Bearer ${token}` };
    response = await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT) });
  } catch (error) {
    const { cause = error } = error instanceof Error ? error : {};
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RefusedError(`no answer from ${url.origin} (${reason}); is the server running there?`);
  }
  const body = parse(await response.text());
  if (response.ok && typeof body === "object" && body !== null) return body;
  const { error } = (body ?? {}) as { error?: { message?: unknown } };
  const said = typeof error?.message === "string" ? error.message : `status ${response.status}`;
  throw new RefusedError(`the server refused: ${said}`);
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined; // somebody else answered: the status must do
  }
}
