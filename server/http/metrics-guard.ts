/** Who may read the metrics: a key with the scope `ops`, or an operator's token. */
import { findKey, hasExpired, KEY_PREFIX, type ApiKeys } from "../auth/api-keys.js";
import type { Authenticate } from "../auth/authenticate.js";
import { bearerToken } from "../auth/request-token.js";
import { requireAdmin } from "./admin.js";
import { HttpError } from "./http-json.js";
import type { Guard } from "./metrics.js";

export interface MetricsGuardOptions {
  keys: ApiKeys;
  authenticate: Authenticate;
  /** Milliseconds since the Unix epoch. */
  now: () => number;
}

export function metricsGuard({ keys, authenticate, now }: MetricsGuardOptions): Guard {
  return async (request) => {
    const text = bearerToken(request) ?? "";
    if (!text.startsWith(KEY_PREFIX)) return requireAdmin(request, authenticate);
    const key = findKey(keys.all(), text);
    if (key === undefined || hasExpired(key, now())) {
      const challenge = { "www-authenticate": 'Bearer error="invalid_token"' };
      throw new HttpError(401, "unauthorized", "There is no such key, or it has expired.", challenge);
    }
    if (key.scopes.includes("ops")) return;
    throw new HttpError(403, "forbidden", `This key has not the scope ops; it has ${key.scopes.join(", ")}.`);
  };
}
