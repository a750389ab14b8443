/** Whether a client may come in, and as whom. */
import { withoutPrototype } from "../own-properties/own-properties.js";
import { describe } from "../api/describe.js";
import { apiError } from "../api/errors.js";
import type { ApiError } from "../api/types.js";
import { deviceSchema } from "../api/values.js";
import type { Authenticate, Credentials, AuthOutcome } from "../auth/authenticate.js";
import { when } from "../auth/when.js";
import type { GatheredLog } from "../log/gathered-log.js";
import { keepAdmitted } from "./admitted.js";
import { askingClient, refusalOf, type Before } from "../rooms/before.js";
import { callerOf } from "./caller.js";
import type { HandlerLog } from "./handler-log.js";
import type { RoomsSocket } from "./rooms-io.js";

export interface AdmissionDeps {
  authenticate: Authenticate;
  /** The token that came with the request, where there was one. */
  tokenOf: (request: RoomsSocket["request"]) => string | undefined;
  /** Asked of whom `authenticate` lets in. */
  before?: Pick<Before, "connect"> | undefined;
  /** For what clients cause, any number of times. */
  gathered: Pick<GatheredLog, "tell">;
  log: HandlerLog;
}

/** As Socket.IO tells it to the client, with `data`. */
type RefusedError = Error & { data: ApiError };

/** Sets the socket's identity, or gives the error that the client gets as its `connect_error`. */
export function admit(
  socket: RoomsSocket,
  { authenticate, tokenOf, before, log, gathered }: AdmissionDeps,
): RefusedError | undefined | Promise<RefusedError | undefined> {
  const auth = withoutPrototype(socket.handshake.auth);
  const device = deviceSchema.optional().safeParse(auth["device"] ?? undefined);
  if (!device.success) return refusal(apiError("invalid_argument", describe(device.error, "auth.device")));
  const token = tokenOf(socket.request);
  const outcome = judge({ auth, ...(token === undefined ? {} : { token }) }, authenticate, log);
  return when(outcome, (outcome) => {
    if (!outcome.ok) {
      gathered.tell("warn", `a client was refused: ${outcome.error.code}`, {
        address: socket.handshake.address,
      });
      return refusal(outcome.error);
    }
    keepAdmitted(socket, {
      identity: outcome.identity,
      ...(device.data === undefined ? {} : { device: device.data }),
      ...(outcome.token === undefined ? {} : { token: outcome.token }),
    });
    return before?.connect === undefined ? undefined : askToConnect(socket, before, log);
  });
}

async function askToConnect(
  socket: RoomsSocket,
  before: Pick<Before, "connect">,
  log: HandlerLog,
): Promise<RefusedError | undefined> {
  try {
    const refused = await refusalOf(() => before.connect?.(askingClient(callerOf(socket))));
    return refused && refusal(apiError(refused.error, refused.detail, refused.retryAfter));
  } catch (error) {
    log.error({ err: error }, "the hook before a connect failed");
    return refusal(apiError("internal"));
  }
}

/** What `authenticate` says, which is somebody else's code and may throw. Never fails. */
export function judge(
  credentials: Credentials,
  authenticate: Authenticate,
  log: HandlerLog,
): AuthOutcome | Promise<AuthOutcome> {
  const failed = (error: unknown): AuthOutcome => {
    log.error({ err: error }, "authenticate failed");
    return { ok: false, error: apiError("internal") };
  };
  try {
    const outcome = when(authenticate(withoutPrototype(credentials)), withoutPrototype);
    return outcome instanceof Promise ? outcome.catch(failed) : outcome;
  } catch (error) {
    return failed(error);
  }
}

export function refusal(error: ApiError): RefusedError {
  return Object.assign(new Error(error.message), { data: error });
}
