/** What applications give to be called, and what they throw. */
import { runApart } from "./platform.js";

/**
 * Runs the application's code. What it throws surfaces as an uncaught exception, as it does from an event handler of the
 * platform, and upsets neither the client nor the listeners that come after.
 */
export function callUser(task: () => unknown): void {
  try {
    task();
  } catch (thrown) {
    runApart(() => {
      throw thrown;
    });
  }
}

/** What was thrown, as an Error. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
