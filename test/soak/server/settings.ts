/** What the soak's server and its clients have to agree on. */

/** Milliseconds: half-open connections are found within their sum. */
export const HEARTBEAT = { pingInterval: 600, pingTimeout: 900 };

/** Signs and verifies the users' tokens. */
export const SECRET = "a secret of the soak's own, of more than 32 bytes";

/** How many messages each room keeps. In the last one a short absence is long enough to lose some, which must be said. */
export const ROOMS = [
  { room: "atrium", keeps: 1_000_000 },
  { room: "library", keeps: 1_000_000 },
  { room: "workshop", keeps: 1_000_000 },
  { room: "corridor", keeps: 40 },
];

/** What the server says to the runner: a line of JSON each. */
export type Report = { state: "ready"; port: number } | { state: "failed"; detail: string };
