/** What a scenario is. Types only. */
import type { Stage } from "./stage/stage.js";

/** Ids of the clients: columns of the matrix. */
export type ClientName = "socket.io-client" | "typescript" | "kotlin" | "swift" | "rust";

export interface Scenario {
  /** What a client does, as a sentence: a row of the matrix. */
  readonly title: string;
  /** Clients for which there is no such thing, and why in a few words. */
  readonly not?: Partial<Record<ClientName, string>>;
  /** Played once by all clients at a time, as `stage.others`. */
  readonly together?: boolean;
  play(stage: Stage): Promise<void>;
}

export interface Theme {
  readonly title: string;
  readonly scenarios: readonly Scenario[];
}
