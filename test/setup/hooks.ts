/** Hooks of all of mocha's tests: loaded by `--require`. */
import { forgetWays } from "../../clients/typescript/src/connection.js";
import { realEnvironment } from "../../clients/typescript/src/environment.js";

export const mochaHooks = {
  /** A port is given to many servers in turn, and what worked with one says nothing of the next. */
  beforeEach(): void {
    forgetWays(realEnvironment);
  },
};
