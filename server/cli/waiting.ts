/** How long a command waits for a server. */
import { ConfigError } from "../config/config-error.js";
import { DURATION_EXAMPLES, parseDuration } from "../config/units.js";

/** What a command waits that nobody watches, unless it is told otherwise. */
export const DEFAULT_TIMEOUT = "30s";

/** Milliseconds that a timer can wait. */
const LONGEST = 2 ** 31 - 1;

/** The value of --timeout in milliseconds; undefined: for ever. Throws a ConfigError. */
export function parseTimeout(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const milliseconds = parseDuration(given);
  if (milliseconds === undefined || milliseconds === 0 || milliseconds > LONGEST) {
    throw new ConfigError(
      `--timeout: ${JSON.stringify(given)} is no duration that can be waited; give ${DURATION_EXAMPLES}`,
    );
  }
  return milliseconds;
}

/** Waiting was given up. */
export class LateError extends Error {
  override readonly name = "LateError";
}

/**
 * Rejects with a LateError where the task takes longer.
 * @param timeout Milliseconds; undefined: it may take for ever.
 * @param known What is known by then, for the message.
 */
export async function within<T>(
  timeout: number | undefined,
  task: Promise<T>,
  known: () => string,
): Promise<T> {
  if (timeout === undefined) return task;
  let stop = (): void => undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new LateError(`no answer within ${timeout / 1000} s; ${known()}`));
    }, timeout);
    stop = () => clearTimeout(timer);
  });
  return Promise.race([task, late]).finally(stop);
}
