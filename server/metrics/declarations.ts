/** Every metric of a rooms server: its name, what it means, its labels, and where its value is read. docs/metrics.md has the same, which a test checks. */
import { performance } from "node:perf_hooks";
import type { StoreStats } from "../store/store.js";
import type { DurationsRead } from "./instruments/durations.js";
import type { Metrics } from "./metrics.js";

/** What is looked at when somebody asks. */
export interface Sources {
  readonly metrics: Metrics;
  readonly rooms: { readonly liveCount: number };
  readonly users: { readonly userCount: number };
  readonly inboxes: { readonly openCount: number };
  /** Of a store in memory there is nothing to tell. */
  readonly store: StoreStats | undefined;
  /** Of the package. */
  readonly version: string;
}

export type Labels = Readonly<Record<string, string>>;
export type Reading<Value> = readonly [labels: Labels, value: Value][];

interface Declared<Type extends string, Value> {
  readonly type: Type;
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** The value for each combination of labels. */
  readonly read: (sources: Sources) => Reading<Value>;
}

export type Declaration =
  Declared<"counter", number> | Declared<"gauge", number> | Declared<"histogram", DurationsRead>;

/** The value of a metric without labels; nothing where it is not there. */
function one<Value>(value: Value | undefined): Reading<Value> {
  return value === undefined ? [] : [[{}, value]];
}

function each(
  label: string,
  entries: Iterable<readonly [string, number]>,
  also: Labels = {},
): Reading<number> {
  return [...entries].map(([value, count]) => [{ ...also, [label]: value }, count]);
}

export const DECLARATIONS: readonly Declaration[] = [
  {
    type: "gauge",
    name: "crossroom_build_info",
    help: "Always 1; the release is the label.",
    labels: ["version"],
    read: ({ version }) => [[{ version }, 1]],
  },
  {
    type: "gauge",
    name: "crossroom_connections",
    help: "Clients that are connected now.",
    labels: ["transport"],
    read: ({ metrics }) => each("transport", metrics.connections.entries()),
  },
  {
    type: "counter",
    name: "crossroom_connects_total",
    help: "Clients that were let in (ok), or were not: the code of the error that they got. Not those whose request was refused.",
    labels: ["transport", "result"],
    read: ({ metrics }) =>
      Object.entries(metrics.connects).flatMap(([transport, results]) =>
        each("result", results.entries(), { transport }),
      ),
  },
  {
    type: "counter",
    name: "crossroom_disconnects_total",
    help: "Connections that ended, by what ended them.",
    labels: ["transport", "cause"],
    read: ({ metrics }) =>
      Object.entries(metrics.disconnects).flatMap(([transport, causes]) =>
        each("cause", causes.entries(), { transport }),
      ),
  },
  {
    type: "counter",
    name: "crossroom_calls_total",
    help: "Calls that were answered: ok, or the code of the error. An event that is no call has the call unknown.",
    labels: ["call", "result"],
    read: ({ metrics }) => [
      ...Object.entries(metrics.calls).flatMap(([call, { results }]) =>
        each("result", results.entries(), { call }),
      ),
      [{ call: "unknown", result: "unknown_event" }, metrics.unknownEvents],
    ],
  },
  {
    type: "histogram",
    name: "crossroom_call_seconds",
    help: "Time from a call's arrival to its answer.",
    labels: ["call"],
    read: ({ metrics }) =>
      Object.entries(metrics.calls).map(([call, { durations }]) => [{ call }, durations.read()]),
  },
  {
    type: "counter",
    name: "crossroom_messages_delivered_total",
    help: "Messages, signals and inbox items, once for each connection that they were handed to.",
    labels: [],
    read: ({ metrics }) => one(metrics.delivered),
  },
  {
    type: "gauge",
    name: "crossroom_rooms_live",
    help: "Rooms that are in use: a connection is in them, or a call is about them.",
    labels: [],
    read: ({ rooms }) => one(rooms.liveCount),
  },
  {
    type: "gauge",
    name: "crossroom_users_present",
    help: "Users who are connected, with however many devices.",
    labels: [],
    read: ({ users }) => one(users.userCount),
  },
  {
    type: "gauge",
    name: "crossroom_inboxes_open",
    help: "Connections that have an inbox open.",
    labels: [],
    read: ({ inboxes }) => one(inboxes.openCount),
  },
  {
    type: "counter",
    name: "crossroom_refusals_total",
    help: "What limits refused: calls, requests and connections, by the setting of the limit or the name of the rate.",
    labels: ["limit"],
    read: ({ metrics }) => each("limit", metrics.refusals.entries()),
  },
  {
    type: "counter",
    name: "crossroom_slow_readers_closed_total",
    help: "Connections that were closed because too much waited for their clients.",
    labels: [],
    read: ({ metrics }) => one(metrics.slowReaders),
  },
  {
    type: "counter",
    name: "crossroom_recoveries_total",
    help: "Joins with a position: the client got all that it had missed (recovered), or not (lost).",
    labels: ["result"],
    read: ({ metrics }) => each("result", metrics.recoveries.entries()),
  },
  {
    type: "histogram",
    name: "crossroom_store_commit_seconds",
    help: "Time that it took to get a batch of changes on disk. Only with a data folder.",
    labels: [],
    read: ({ store }) => one(store?.commits.read()),
  },
  {
    type: "gauge",
    name: "crossroom_store_bytes",
    help: "Bytes of the data file that are in use. Only with a data folder.",
    labels: [],
    read: ({ store }) => one(store?.bytes()),
  },
  {
    type: "gauge",
    name: "crossroom_store_failing",
    help: "1 where the last batch of changes could not be written, else 0. Only with a data folder.",
    labels: [],
    read: ({ store }) => one(store && (store.isFailing() ? 1 : 0)),
  },
  {
    type: "counter",
    name: "crossroom_eventloop_active_seconds_total",
    help: "Time in which the event loop was busy: the rate of it is how far it is used, 1 being all.",
    labels: [],
    read: () => one(performance.eventLoopUtilization().active / 1_000),
  },
];
