/**
 * What is counted while the server runs. Plain numbers that are read when somebody asks (declarations.ts), so that what is counted pays no
 * more than an addition. Labels are of closed sets: no room, no user and no address is ever one.
 */
import { CALLS, type CallName } from "../api/calls.js";
import { COMMON_ERRORS } from "../api/declaration.js";
import { transportSchema } from "../api/shapes.js";
import type { Ack, Transport } from "../api/types.js";
import { RATE_NAMES } from "../limits/rates.js";
import { Durations } from "./instruments/durations.js";
import { Tally } from "./instruments/tally.js";

export const TRANSPORTS: readonly Transport[] = transportSchema.options;

/** Why a client was not let in, beside `ok`. */
const CONNECT_RESULTS = [
  "ok",
  "invalid_argument",
  "unauthorized",
  "token_expired",
  "token_revoked",
  "internal",
  "other",
] as const;

/** Why connections end, by Socket.IO's own words for it. */
const CAUSES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "client namespace disconnect": "client",
    "server namespace disconnect": "server",
    "server shutting down": "shutdown",
    "transport close": "transport_close",
    "transport error": "transport_error",
    "ping timeout": "ping_timeout",
    "forced close": "forced_close",
    "parse error": "parse_error",
  }),
);

/** What refuses a call, by the code of its error; of `rate_limited` the limiter says which rate it was. */
const LIMIT_OF_CODE: ReadonlyMap<string, string> = new Map(
  Object.entries({
    message_too_large: "messageBytes",
    too_many_rooms: "roomsPerDevice",
    too_many_devices: "devicesPerRoom",
    room_full: "maxMembers",
    inbox_full: "inboxItems",
    overloaded: "pendingCalls",
  }),
);

/** Options of the bridge that refuse or end connections. */
export const TRANSPORT_LIMITS = [
  "maxConnections",
  "maxConnectionsPerAddress",
  "maxWaitingUpgrades",
  "upgradeTimeout",
  "maxMessagesPerSecond",
] as const;

type TransportLimit = (typeof TRANSPORT_LIMITS)[number];

interface CallCounts {
  readonly results: Tally<string>;
  readonly durations: Durations;
}

function forEach<Label extends string, Value>(
  labels: readonly Label[],
  make: (label: Label) => Value,
): Readonly<Record<Label, Value>> {
  return Object.fromEntries(labels.map((label) => [label, make(label)])) as Record<Label, Value>;
}

export class Metrics {
  /** At this moment. */
  readonly connections = new Tally<Transport>(TRANSPORTS);
  readonly connects = forEach(TRANSPORTS, () => new Tally<string>(CONNECT_RESULTS, "other"));
  readonly disconnects = forEach(TRANSPORTS, () => new Tally<string>([...CAUSES.values()], "other"));
  readonly calls = forEach(Object.keys(CALLS) as CallName[], (name): CallCounts => ({
    results: new Tally<string>(["ok", ...CALLS[name].errors, ...COMMON_ERRORS], "other"),
    durations: new Durations(),
  }));
  /** Events that are no call. */
  unknownEvents = 0;
  /** Messages, signals and items of inboxes, once for each connection that they were handed to. */
  delivered = 0;
  readonly refusals = new Tally<string>([...RATE_NAMES, ...LIMIT_OF_CODE.values(), ...TRANSPORT_LIMITS]);
  slowReaders = 0;
  readonly recoveries = new Tally<"recovered" | "lost">(["recovered", "lost"]);
  /** Milliseconds of a clock that nobody sets. */
  readonly #uptime: () => number;

  constructor(uptime: () => number) {
    this.#uptime = uptime;
  }

  /** A client was let in, or not. @param code Of the error that it got. */
  connect(transport: Transport, code = "ok"): void {
    this.connects[transport].add(code);
  }

  /** @param reason As Socket.IO tells it. */
  disconnect(transport: Transport, reason: string): void {
    this.disconnects[transport].add(CAUSES.get(reason) ?? "other");
  }

  refused(limit: TransportLimit): void {
    this.refusals.add(limit);
  }

  /** Counts a call when it is answered, the first time that it is. @returns What answers. */
  call(name: CallName, answer: (ack: Ack) => void): (ack: Ack) => void {
    const began = this.#uptime();
    let isAnswered = false;
    return (ack) => {
      if (!isAnswered) this.#answered(name, ack, this.#uptime() - began);
      isAnswered = true;
      answer(ack);
    };
  }

  #answered(name: CallName, ack: Ack, milliseconds: number): void {
    const { results, durations } = this.calls[name];
    durations.observe(milliseconds);
    if (!ack.ok) {
      const { code } = ack.error;
      results.add(code);
      const limit = LIMIT_OF_CODE.get(code);
      if (limit !== undefined) this.refusals.add(limit);
      return;
    }
    results.add("ok");
    if (name === "join" && "recovered" in ack)
      this.recoveries.add(ack.recovered === true ? "recovered" : "lost");
  }
}
