/** What the client needs of the world around it; besides what both clients do, to know when the network goes away. */
import * as shared from "./shared/environment.js";

export interface Environment extends shared.Environment {
  /** Runs the task when the device goes offline, until the function that it returns was called. */
  onOffline: (task: () => void) => () => void;
}

/** The environment of the running program: a page, a worker, or Node. */
export const realEnvironment: Environment = {
  ...shared.realEnvironment,
  onOffline: (task) => {
    // Node has no global event target: there a lost network shows as a silent connection only.
    if (typeof addEventListener !== "function") return () => undefined;
    addEventListener("offline", task);
    return () => removeEventListener("offline", task);
  },
};
