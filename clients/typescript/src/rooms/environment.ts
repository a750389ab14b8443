/** What the layer needs of the world around it; besides what both clients do, ids. */
import * as shared from "../shared/environment.js";
import { randomBytes } from "../shared/platform.js";

export interface Environment extends shared.Environment {
  /** A string that is never the same twice: 128 random bits. */
  newId: () => string;
}

export const realEnvironment: Environment = {
  ...shared.realEnvironment,
  // Not randomUUID: pages that came over plain HTTP have none.
  newId: () => Array.from(randomBytes(16), (byte) => byte.toString(16).padStart(2, "0")).join(""),
};
