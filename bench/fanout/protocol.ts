/** What the orchestrator asks its child processes, and what they answer. */

/** How receivers enter a server: after the WebSocket handshake alone, or with a `connect` of the protocol, over HTTP for `sse`. */
export type Entry = "raw" | "socket.io" | "bridge" | "sse";

export type ServerQuestion =
  /** Issue `ticks` bursts of `burst` broadcasts, each burst in an event-loop tick of its own. Answer: `Done`. */
  | { ask: "broadcast"; ticks: number; burst: number }
  /** Answer: `Usage`. With `gc` a full garbage collection is forced before. */
  | { ask: "usage"; gc: boolean };

export type ReceiverQuestion =
  /** Open `count` connections more for `group`. Answer: `Done`, when all have entered. */
  | { ask: "connect"; group: string; entry: Entry; port: number; count: number }
  /** Answer: `Done`, when each connection of the group got exactly `bytes` more; an error after `deadline` ms. */
  | { ask: "expect"; group: string; bytes: number; deadline: number }
  /** Cut all connections of the group. Answer: `Done`. */
  | { ask: "drop"; group: string };
