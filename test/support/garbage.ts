/** Garbage collection on demand, for tests that look at the memory. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Resolves once all is collected that nobody holds. Twice, with a turn between: what the first collection finds may have finalizers. */
export async function collectGarbage(): Promise<void> {
  for (let times = 0; times < 2; times++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
