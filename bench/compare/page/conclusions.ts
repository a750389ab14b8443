/** What the figures say, in sentences: each is made of them, and says something else where they do. Pure. */
import type { SubjectName } from "../subjects.js";
import type { View } from "./view.js";
import {
  beside,
  bytes,
  capital,
  count,
  EXACT,
  kilobytes,
  list,
  microseconds,
  milliseconds,
  range,
  times,
} from "./words.js";

/** Milliseconds from which on a person notices. */
const LATE = 100;

/** The page's first sentences. */
export function lead(view: View): string[] {
  const names = view.names.filter((name) => !Number.isNaN(view.latency(name)));
  const late = names.filter((name) => view.latency(name) > LATE);
  const quick = names.filter((name) => view.latency(name) <= LATE);
  const sentences: string[] = [];
  if (quick.length > 0) {
    const speed = range(
      quick.map((name) => view.latency(name)),
      milliseconds,
    );
    sentences.push(
      late.length === 0
        ? `None of these ways is slow: a message takes ${speed}.`
        : `Only ${list(late.map((name) => view.spoken(name)))} ${late.length === 1 ? "is" : "are"} slow; by all others a message takes ${speed} on one machine.`,
    );
  }
  sentences.push(
    "Choose by what each costs in bytes, CPU and memory, by what a proxy lets through, and by what is lost when the network is cut.",
  );
  return sentences;
}

export interface Comparison {
  what: string;
  socketIo: string;
  plain: string;
  /** The plain client's beside the other's. */
  said: string;
}

export interface TwoWays {
  rows: Comparison[];
  sentences: string[];
}

const WEB = "rooms-socketio";
const PLAIN = "rooms-plain";

/** The Socket.IO client and the plain client in one room of the rooms server; undefined where they were not both measured. */
export function twoWays(view: View): TwoWays | undefined {
  const { pairs } = view.results;
  if (pairs === undefined) return undefined;
  const floor = view.latency("pipe");
  /** Within the floor, two latencies cannot be told apart. */
  const latency = (a: number, b: number) => (Math.abs(a - b) <= floor ? "about the same" : beside(a, b));
  const lost = (name: SubjectName, kind: "as it comes" | "with recovery") => {
    const of = view.cut(name, kind);
    return of === undefined ? "" : list(of.cut.map((client) => String(client.lost)));
  };
  const exactly = (a: number, b: number) => beside(a, b, EXACT);
  const row = (
    what: string,
    figure: (name: SubjectName) => number,
    say: (value: number) => string,
    compare: (a: number, b: number) => string = (a, b) => beside(a, b),
  ): Comparison => ({
    what,
    socketIo: say(figure(WEB)),
    plain: say(figure(PLAIN)),
    said: compare(figure(PLAIN), figure(WEB)),
  });
  const rows = [
    row("a message arrives after, at 1 a second", (name) => view.latency(name), milliseconds, latency),
    row("at 200 a second", (name) => view.latencyFast(name), milliseconds, latency),
    row(
      "first message, round trips",
      (name) => view.roundTrips(name),
      (value) => value.toFixed(1),
      exactly,
    ),
    row("bytes for a message that it gets", (name) => view.bytes(name), bytes, exactly),
    row("bytes for a message that it sends, with ack and copy", (name) => view.sending(name), bytes, exactly),
    row("server CPU for a message that it gets", (name) => view.cpu(name), microseconds),
    row("server memory for an idle client", (name) => view.kilobytes(name), kilobytes),
    ...(["as it comes", "with recovery"] as const).map((kind) => ({
      what: `lost in a cut, ${kind === "as it comes" ? "without" : "with"} the rooms layer, by each client`,
      socketIo: lost(WEB, kind),
      plain: lost(PLAIN, kind),
      said: "",
    })),
  ].filter(({ socketIo, plain }) => !`${socketIo}${plain}`.includes("NaN") && socketIo !== "");
  return { rows, sentences: twoWaysSentences(view) };
}

function twoWaysSentences(view: View): string[] {
  const { pairs, settings } = view.results;
  if (pairs === undefined) return [];
  const lead = `${Math.abs(pairs.medianLead).toFixed(2)} ms`;
  const sentences = [
    `In one room, each of ${count(pairs.count, "message")} reached both` +
      (Math.abs(pairs.medianLead) <= view.latency("pipe")
        ? ` at the same time: the ${lead} between them, median, are less than an empty TCP pipe takes.`
        : `, the plain client ${lead} ${pairs.medianLead >= 0 ? "earlier" : "later"}, median; it was first with ${pairs.plainFirst}.`),
  ];
  const cost = (what: string, plain: number, web: number, noise?: number) =>
    Number.isNaN(plain / web) ? [] : [`${what} ${beside(plain, web, noise)}`];
  const costs = [
    ...cost("bytes", view.bytes(PLAIN), view.bytes(WEB), EXACT),
    ...cost("CPU", view.cpu(PLAIN), view.cpu(WEB)),
    ...cost("memory", view.kilobytes(PLAIN), view.kilobytes(WEB)),
  ];
  if (costs.length > 0)
    sentences.push(`Beside the Socket.IO client, the plain client costs: ${list(costs)}.`);
  const without = [WEB, PLAIN].map((name) => view.lostInCut(name as SubjectName, "as it comes"));
  const withLayer = [WEB, PLAIN].map((name) => view.worstLoss(name as SubjectName, "with recovery"));
  if (!without.concat(withLayer).some(Number.isNaN))
    sentences.push(
      `A cut of ${settings.cut / 1000} s, and the time until it was back, lost the one ${without[0]} messages and the other ${without[1]}; with the rooms layer ` +
        (withLayer.every((lost) => lost === 0)
          ? "neither lost any."
          : `${withLayer[0]} and ${withLayer[1]}.`),
    );
  return sentences;
}

/** One for each plot. */
export const HEADINGS = {
  latency(view: View): string {
    const [slowest] = sorted(view, (name) => view.latency(name)).reverse();
    if (slowest === undefined) return "How long a message takes";
    const others = view.names.filter((name) => view.latency(name) <= LATE);
    return view.latency(slowest) <= LATE
      ? `Every way brings a message within ${milliseconds(view.latency(slowest))}`
      : `${capital(view.spoken(slowest))} takes ${milliseconds(view.latency(slowest))}; ${others.length} of ${view.names.length} ways take less than ${LATE} ms`;
  },
  bytes(view: View): string {
    const order = sorted(view, (name) => view.bytes(name));
    const [least, most] = [order[0], order.at(-1)];
    if (least === undefined || most === undefined) return "Bytes for each message";
    return `100 bytes cost ${bytes(view.bytes(least))} by ${view.spoken(least)} and ${bytes(view.bytes(most))} by ${view.spoken(most)}`;
  },
  cpu(view: View): string {
    const order = sorted(view, (name) => view.cpu(name));
    const most = order.at(-1);
    if (most === undefined || Number.isNaN(view.cpuRatio("bridge"))) return "Server CPU for each message";
    return `${capital(view.spoken(most))} costs ${times(view.cpuRatio(most))} the CPU of a bare WebSocket; the bridge ${view.cpuRatio("bridge").toFixed(1)} times`;
  },
  idle(view: View): string {
    const [bridge, ws, socketio] = (["bridge", "ws", "socketio"] as const).map((name) =>
      view.kilobytes(name),
    );
    if (
      bridge === undefined ||
      ws === undefined ||
      socketio === undefined ||
      Number.isNaN(bridge + ws + socketio)
    )
      return "Server memory for each idle client";
    return `An idle client takes ${kilobytes(ws)} by a bare WebSocket, ${kilobytes(bridge)} by the bridge, ${kilobytes(socketio)} by Socket.IO by default`;
  },
  first(view: View): string {
    const order = sorted(view, (name) => view.roundTrips(name));
    const [least, most] = [order[0], order.at(-1)];
    if (least === undefined || most === undefined) return "Round trips to the first message";
    return `The first message takes ${range([view.roundTrips(least), view.roundTrips(most)], (value) => value.toFixed(1))} round trips`;
  },
  cut(view: View): string {
    // Those of the plot.
    const bare = view.names.filter((name) => !Number.isNaN(view.lostInCut(name, "as it comes")));
    const losing = bare.filter((name) => view.lostInCut(name, "as it comes") > 0);
    const tried = bare.filter((name) => !Number.isNaN(view.worstLoss(name, "with recovery")));
    const still = tried.filter((name) => view.worstLoss(name, "with recovery") > 0);
    if (tried.length === 0) return "What a cut loses";
    return `As they come, ${losing.length} of ${bare.length} ways lose messages in a cut; with recovery ${still.length === 0 ? "none" : still.length} of the ${tried.length} of these that have it`;
  },
  proxies(view: View): string {
    const rows = view.results.proxies;
    const none = rows.filter(({ came }) => came.proxy_pass === 0);
    const all = rows.filter(({ came, of }) => came.proxy_pass === of);
    return `Behind nginx as most people write it first, ${none.length} of ${rows.length} set-ups get nothing and ${all.length} get everything`;
  },
} as const;

/** Those that have the figure, by it. */
export function sorted(view: View, figure: (name: SubjectName) => number): SubjectName[] {
  return view.names.filter((name) => !Number.isNaN(figure(name))).sort((a, b) => figure(a) - figure(b));
}

/** What bursts say: long polling has to ask again, which the loopback hides. */
export function burstSentence(view: View): string {
  const [quick, slow] = [view.burst("ws"), view.burst("long-polling")];
  if (Number.isNaN(quick + slow)) return "";
  return (
    `Over a round trip of 100 ms, the last of five messages in a row takes ${milliseconds(quick)} by a bare WebSocket and ` +
    `${milliseconds(slow)} by long polling${slow > quick + 20 ? ", which has to ask again for the next ones" : ""}.`
  );
}

/** Why some lose nothing in a cut that is short enough, with no recovery turned on. */
const KEEPS: Partial<Record<SubjectName, string>> = {
  webrtc:
    "WebRTC, which is cut as a network without packets is: its connection outlasts that, and sends again what was not acknowledged",
  "bridge-sse": "the bridge by SSE, whose session is kept and read on",
  "bridge-polling": "the bridge by polling, likewise",
};

/** Beside the plot of the cut: why more is lost than was published in it, and why some lose nothing. */
export function cutSentences(view: View): string {
  const { cuts } = view.results;
  const bare = cuts.filter(({ kind }) => kind === "as it comes");
  const beyond = bare.some(({ cut, meanwhile }) => cut.some(({ lost }) => lost > meanwhile));
  const keeping = bare.flatMap(({ name }) =>
    view.worstLoss(name, "as it comes") === 0 ? [KEEPS[name] ?? view.spoken(name)] : [],
  );
  return [
    beyond
      ? `${bare[0]!.meanwhile} were published in the cut; the rest were lost until the client tried again.`
      : "",
    keeping.length > 0 ? `None as it comes: ${keeping.join("; ")}.` : "",
  ]
    .filter((sentence) => sentence !== "")
    .join(" ");
}

/** What a stall is, and what it did. */
export function stallSentence(view: View): string {
  const lost = view.results.cuts.some(({ stall }) => stall.some((client) => client.lost > 0));
  return (
    `In a stall nothing passes for ${view.results.settings.cut / 1000} s, but no connection ends` +
    (lost ? "." : ": what waited comes afterwards, and nobody lost any.")
  );
}

/** What the figures of proxies say of networks that are not this one. */
export function proxySentence(view: View): string {
  const held = view.passes("sse", "proxy_pass") < 1 && view.passes("sse", "proxy_pass", true) === 1;
  return (
    "A firewall that refuses WebSocket does to it what the first column shows; many let it pass with TLS (wss), as they cannot see inside." +
    (held
      ? " What SSE lacks there is nginx’s buffering, which its own header X-Accel-Buffering: no turns off; other proxies may not know it, and let only polling through."
      : "")
  );
}

/** Why the bridge can cost less than a bare WebSocket. */
export function cheaper(view: View): string {
  return view.cpuRatio("bridge") < 1
    ? " The bridge costs less than a bare WebSocket: it makes a frame once for all clients, and writes to each once a tick."
    : "";
}
