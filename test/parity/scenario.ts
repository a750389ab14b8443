/** A scenario: one feature, what is done to see it, and what must be seen, whatever the client. */
import type { Carrier } from "./drivers/driver.js";
import type { Stage } from "./support/stage.js";

export interface Scenario {
  /** The feature, restated. */
  readonly name: string;
  readonly conditions: Conditions;
  /** Plays it, and returns what the server and the client saw. */
  play(stage: Stage): Promise<unknown>;
  /** What that must be. */
  readonly expected: unknown;
}

/** What else there is to say of a scenario. */
export interface Conditions {
  /** A program that it cannot do without. */
  readonly needs?: "redis";
  /** It is about clients of the bridge; socket.io-client cannot play it. */
  readonly only?: "bridge";
  /** What cannot carry it, by its nature. */
  readonly notOver?: readonly Carrier[];
}

/** Scenarios of one theme. */
export interface Theme {
  readonly title: string;
  readonly scenarios: readonly Scenario[];
  /** Ends what its scenarios share. */
  readonly end?: () => Promise<void>;
}

export function scenario(
  name: string,
  play: Scenario["play"],
  expected: unknown,
  conditions: Conditions = {},
): Scenario {
  return { name, play, expected, conditions };
}
