/** What a scenario is. */
import type { ToolName } from "../support/machine.js";
import type { Stage } from "./stage/stage.js";

/** Ids of the clients: columns of the matrix. */
export type ClientName = "socket.io-client" | "typescript" | "kotlin" | "swift" | "rust";

/** The ways to reach the server (docs/sdk.md, 6.1); a suite is played over one of them. */
export const TRANSPORTS = ["websocket", "sse", "polling"] as const;

export type TransportName = (typeof TRANSPORTS)[number];

export interface Scenario {
  /** What a client does, as a sentence: a row of the matrix. */
  readonly title: string;
  /** Clients for which there is no such thing, and why in a few words. */
  readonly not?: Partial<Record<ClientName, string>>;
  /** What it is played with beside Node.js and the client; where the machine lacks it, the scenario is left out. */
  readonly needs?: readonly ToolName[];
  /** Played once by all clients at a time, as `stage.others`. */
  readonly together?: boolean;
  play(stage: Stage): Promise<void>;
}

export interface Theme {
  readonly title: string;
  readonly scenarios: readonly Scenario[];
}
