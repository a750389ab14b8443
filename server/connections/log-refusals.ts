/** Tells the log, gathered, whom the transports refuse for a limit. */
import type { IncomingMessage } from "node:http";
import { CLOSE_CODES, REFUSALS } from "@crossroom/bridge";
import type { RoomsIo } from "./rooms-io.js";
import type { AddressOf } from "../config/trust-proxy.js";
import type { GatheredLog } from "../log/gathered-log.js";

/** What Engine.IO and the bridge tell with `connection_error`. */
interface ConnectionError {
  /** Null for WebTransport. */
  req: IncomingMessage | null;
  message: string;
  context?: { name?: unknown };
}

/** The refusals that are worth a line: limits, and tokens that are not taken. Not what any scanner of ports would cause. */
const TOLD: ReadonlySet<unknown> = new Set([
  REFUSALS.unauthorized.code,
  REFUSALS.tooManyFromAddress.code,
  REFUSALS.tooManyConnections.code,
  REFUSALS.upgradeTimeout.code,
  CLOSE_CODES.tooManyMessages.reason,
]);

/** @param addressOf Where the server has been told which proxies stand in front. */
export function logRefusals(io: RoomsIo, log: Pick<GatheredLog, "tell">, addressOf?: AddressOf): void {
  io.engine.on("connection_error", ({ req, message, context }: ConnectionError) => {
    const code = context?.name;
    if (typeof code !== "string" || !TOLD.has(code)) return;
    const forwardedFor = req?.headers["x-forwarded-for"];
    const isOfProxy =
      code === REFUSALS.tooManyFromAddress.code && addressOf === undefined && forwardedFor !== undefined;
    const hint = isOfProxy
      ? " The requests come through a proxy, and all its clients count as one: name it with --trust-proxy."
      : "";
    // The bridge's hooks may answer with words of their own, for each client others.
    const why = code === REFUSALS.unauthorized.code ? REFUSALS.unauthorized.description : message;
    const address = req && (addressOf?.(req) ?? req.socket.remoteAddress);
    log.tell("warn", `a connection was refused: ${why}${hint}`, { code, address });
  });
}
