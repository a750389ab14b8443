/**
 * Which way to take for which need. What a way can do at all is known of it; among those that can, the figures decide, by the rule that is
 * written beside each. Pure.
 */
import type { SubjectName } from "../subjects.js";
import type { View } from "./view.js";
import { bytes, capital, kilobytes, list, microseconds, milliseconds, times } from "./words.js";

export interface Decision {
  need: string;
  use: string;
  /** The figures that say so. */
  why: string;
}

/** Those that need a figure which was not measured are left out. */
export function decisions(view: View): Decision[] {
  return [
    chat(view),
    ticker(view),
    blocked(view),
    hourly(view),
    lossless(view),
    idle(view),
    typing(view),
  ].filter((decision) => decision !== undefined);
}

/** What makes a plain client no alternative to a Socket.IO client: it loses what the other does not, or costs twice as much. */
const TOO_MUCH = 2;

function chat(view: View): Decision | undefined {
  const need = "Chat, on the web and in native apps";
  const [web, native] = ["rooms-socketio", "rooms-plain"] as const;
  if (
    !known(
      view.kilobytes(native),
      view.kilobytes(web),
      view.cpu(native),
      view.worstLoss(native, "with recovery"),
    )
  )
    return undefined;
  const losses = (name: SubjectName) => view.worstLoss(name, "with recovery");
  const cpu = view.cpu(native) / view.cpu(web);
  const memory = view.kilobytes(native) / view.kilobytes(web);
  if (losses(native) > losses(web))
    return {
      need,
      use: "Socket.IO on both",
      why: `The plain client lost ${losses(native)} messages in a cut, with all that it has against it; the Socket.IO client ${losses(web)}.`,
    };
  if (Math.max(cpu, memory) > TOO_MUCH)
    return {
      need,
      use: "Socket.IO on both",
      why: `A plain client costs the server ${times(cpu)} the CPU of a Socket.IO client, and ${times(memory)} the memory.`,
    };
  return {
    need,
    use: "Socket.IO on the web; in native apps the bridge’s clients (TypeScript, Kotlin, Swift, Rust), in the same rooms",
    why: [
      sideBySide(
        view,
        "Of a Socket.IO server, the bridge and Socket.IO on WebSocket take",
        "bridge",
        "socketio-websocket",
      ),
      sideBySide(view, "Of the rooms server, a plain client and a Socket.IO client take", native, web),
      slower(view, native),
      `With the rooms layer ${
        losses(native) === 0 && losses(web) === 0
          ? "neither lost a message in a cut"
          : `they lost ${losses(native)} and ${losses(web)} messages in a cut`
      }.`,
    ]
      .filter((sentence) => sentence !== "")
      .join(" "),
  };
}

/** Two clients of one server: like with like. */
function sideBySide(view: View, begin: string, one: SubjectName, other: SubjectName): string {
  const both = (figure: (name: SubjectName) => number, say: (value: number) => string) =>
    known(figure(one), figure(other)) ? [`${say(figure(one))} and ${say(figure(other))}`] : [];
  const figures = [
    ...both((name) => view.kilobytes(name), kilobytes).map((said) => `${said} of memory`),
    ...both((name) => view.cpu(name), microseconds).map((said) => `${said} of CPU`),
    ...both((name) => view.bytes(name), bytes).map((said) => `${said} a message`),
  ];
  return figures.length === 0 ? "" : `${begin} ${figures.join("; ")}.`;
}

/** What rooms cost in time. */
function slower(view: View, name: SubjectName): string {
  const [kept, bare] = [view.latency(name), view.latency("bridge")];
  return known(kept, bare) && kept > 2 * bare
    ? `A message takes ${milliseconds(kept)} there, not ${milliseconds(bare)}: it is kept on disk first.`
    : "";
}

/** Of those that are as quick as the quickest and nearly as cheap as the cheapest: the one that needs the least code. */
const LEAST_CODE = ["sse", "ws", "bridge", "socketio", "long-polling", "polling-1s"] as const;
const NEARLY = 1.5;
/** Milliseconds that nobody sees. */
const UNSEEN = 20;

function ticker(view: View): Decision | undefined {
  const all = LEAST_CODE.filter((name) => known(view.cpu(name), view.latencyFast(name)));
  if (all.length < 2) return undefined;
  const quickest = Math.min(...all.map((name) => view.latencyFast(name)));
  const quick = all.filter((name) => view.latencyFast(name) <= quickest + UNSEEN);
  const cheapest = Math.min(...quick.map((name) => view.cpu(name)));
  const best = quick.find((name) => view.cpu(name) <= NEARLY * cheapest)!;
  const others = (["ws", "socketio", "long-polling"] as const).filter(
    (name) => name !== best && known(view.cpu(name)),
  );
  const loses = view.worstLoss(best, "with recovery");
  return {
    need: "One-way prices, scores or logs, in a browser",
    use: USES[best],
    why:
      `${milliseconds(view.latencyFast(best))} at 200 messages a second and ${microseconds(view.cpu(best))} of CPU for each; ` +
      `${list(others.map((name) => `${view.spoken(name)} ${microseconds(view.cpu(name))}`))}. ` +
      (known(loses) ? `With ids it lost ${loses === 0 ? "nothing" : `${loses} messages`} in a cut.` : "") +
      (best === "sse" ? heldBack(view) : ""),
  };
}

/** What a proxy does to SSE that does not say that it is not to be held back. */
function heldBack(view: View): string {
  return view.passes("sse", "proxy_pass") < 1 && view.passes("sse", "proxy_pass", true) === 1
    ? ` Behind nginx with proxy_pass alone it needs the header X-Accel-Buffering: no, or ${view.passesText("sse", "proxy_pass")} come in time.`
    : "";
}

const USES: Record<(typeof LEAST_CODE)[number], string> = {
  sse: "SSE: EventSource is in every browser, and needs no library",
  ws: "a bare WebSocket",
  bridge: "the bridge",
  socketio: "Socket.IO",
  "long-polling": "long polling",
  "polling-1s": "polling",
};

/** Of those that all came through a proxy that knows nothing of WebSocket: one that speaks both ways, by the least CPU. */
function blocked(view: View): Decision | undefined {
  if (!known(view.passes("ws", "proxy_pass"))) return undefined;
  // What Socket.IO by default costs there is what its polling costs.
  const cost = (name: SubjectName) => view.cpu(name === "socketio" ? "socketio-polling" : name);
  const through = (["bridge-sse", "bridge-polling", "socketio", "ws", "bridge"] as const)
    .filter((name) => view.passes(name, "proxy_pass") === 1)
    // What the bridge falls back to is said by its own name.
    .filter((name, _, all) => name !== "bridge" || !all.includes("bridge-sse"))
    .sort((a, b) => cost(a) - cost(b));
  const refused = (["ws", "socketio-websocket", "bridge"] as const).filter(
    (name) => view.passes(name, "proxy_pass") === 0,
  );
  const [best, ...others] = through;
  const oneWay = view.passes("sse", "proxy_pass", true) === 1 ? "SSE with X-Accel-Buffering: no" : "polling";
  // The bridge's own clients try them in this order.
  const fallbacks = [
    ...(through.includes("bridge-sse") ? ["SSE"] : []),
    ...(through.includes("bridge-polling") ? ["polling"] : []),
  ];
  const bridge = `its clients, native ones too, fall back to ${list(fallbacks, "or")} by themselves, in both directions`;
  const isBridge = best === "bridge-sse" || best === "bridge-polling";
  // A web page that has Socket.IO's client already needs no other one.
  const besides = others.includes("socketio")
    ? isBridge
      ? "; so does Socket.IO’s on the web"
      : "; Socket.IO on the web falls back by itself"
    : !isBridge && best !== "bridge" && fallbacks.length > 0
      ? `; or the bridge: ${bridge}`
      : "";
  const said = through.map((name) => `${view.spoken(name)} (${microseconds(cost(name))})`);
  const own =
    view.passes("long-polling", "proxy_pass") === 1 && known(view.cpu("long-polling"))
      ? ` By long polling too (${microseconds(view.cpu("long-polling"))}), but sending and falling back are yours to write.`
      : "";
  return {
    need: "Behind a firewall or proxy that blocks WebSocket",
    use:
      best === undefined
        ? oneWay
        : `${isBridge ? `The bridge: ${bridge}` : capital(view.spoken(best))}${besides}. If only the server speaks: ${oneWay}`,
    why: [
      (said.length > 0 ? `All messages came, for so much CPU each, by ${list(said)}.` : "") + own,
      refused.length > 0
        ? `By ${list(refused.map((name) => (name === "bridge" ? "the bridge on WebSocket alone" : view.spoken(name))))}: ${view.passesText(refused[0]!, "proxy_pass")}.`
        : "",
      `By SSE: ${view.passesText("sse", "proxy_pass")} without the header, ${view.passesText("sse", "proxy_pass", true)} with it, through nginx with proxy_pass alone.`,
    ].join(" "),
  };
}

/** Polls in an hour, and the time between them, for what changes once in it. */
const POLLS = 12;

/** Polling, unless its few requests cost more CPU than to keep a connection open. */
function hourly(view: View): Decision | undefined {
  const open = (["sse", "ws", "bridge", "socketio"] as const).filter((name) =>
    known(view.idleCpu(name), view.kilobytes(name)),
  );
  if (open.length === 0 || !known(view.idleCpu("polling-1s"), view.firstBytes("polling-1s")))
    return undefined;
  // Milliseconds of CPU in an hour: of twelve polls, where a minute has sixty of those that were measured; of heartbeats.
  const polls = (view.idleCpu("polling-1s") / 60) * POLLS;
  const [least] = [...open].sort((a, b) => view.idleCpu(a) - view.idleCpu(b));
  const beats = view.idleCpu(least!) * 60;
  const kept = view.kilobytes(least!);
  const why =
    `CPU in an hour: ${milliseconds(polls)} for ${POLLS} polls, ${milliseconds(beats)} to keep ${view.spoken(least!)} open. Memory: none between polls, ` +
    `${kilobytes(kept)} for ${view.spoken(least!)} all the time. On the wire the polls take ${bytes(POLLS * view.firstBytes("polling-1s"))}; heartbeats were not counted.`;
  return polls <= 2 * beats
    ? { need: "An update once an hour", use: "Polling, each five minutes", why }
    : { need: "An update once an hour", use: capital(view.spoken(least!)), why };
}

interface Recovery {
  /** All of them have it. */
  names: readonly SubjectName[];
  use: string;
  /** What it gives beyond what was measured. */
  reason: string;
}

/** What is bought before what is one's own to write. */
const RECOVERIES: readonly Recovery[] = [
  {
    names: ["rooms-plain", "rooms-socketio"],
    use: "the rooms server with its rooms layer, on either client",
    reason:
      "Connection state recovery in memory, as here, ends with the server’s process; the rooms server’s log is on disk. " +
      "It acks a publish when it is on disk; a client that got no ack sends it again with the same id, and it is kept once.",
  },
  {
    names: ["bridge", "socketio"],
    use: "Socket.IO or the bridge with connection state recovery",
    reason: "In memory, as here, that does not outlast a restart of the server.",
  },
  { names: ["sse"], use: "SSE with ids and a log of your own", reason: "" },
  {
    names: ["ws"],
    use: "a bare WebSocket with a log of your own and code that asks since which one",
    reason: "",
  },
];

/** Who lost nothing in cut and stall. */
function lossless(view: View): Decision | undefined {
  const measured = RECOVERIES.map((recovery) => ({
    ...recovery,
    lost: Math.max(
      ...recovery.names.map((name) => view.worstLoss(name, "with recovery")).filter((lost) => known(lost)),
    ),
  })).filter(({ lost }) => lost >= 0);
  if (measured.length === 0) return undefined;
  const safe = measured.filter(({ lost }) => lost === 0);
  const unsafe = measured.filter(({ lost }) => lost > 0);
  const [best] = safe;
  const bare = (["ws", "socketio", "bridge", "rooms-plain"] as const).filter((name) =>
    known(view.lostInCut(name, "as it comes")),
  );
  const said = bare.map((name) => `${view.spoken(name)} ${view.lostInCut(name, "as it comes")}`);
  return {
    need: "No message may be lost over a reconnect",
    use: best === undefined ? "None of these by itself" : capital(best.use),
    why: [
      said.length > 0
        ? `With no recovery, what was published in a cut of ${view.results.settings.cut / 1000} s and until the client was back is lost: ${list(said)}.`
        : "",
      safe.length > 0 ? `With recovery none was: ${safe.map(({ use }) => use).join("; ")}.` : "",
      ...unsafe.map(({ use, lost }) => `${capital(use)} lost ${lost}.`),
      best?.reason ?? "",
    ]
      .filter((sentence) => sentence !== "")
      .join(" "),
  };
}

const DEVICES = 10_000;

/** Of those by which the server can speak at any time: the least memory. */
function idle(view: View): Decision | undefined {
  const all = view.names.filter((name) => known(view.kilobytes(name)) && !name.startsWith("polling"));
  if (all.length < 2) return undefined;
  const megabytes = (name: SubjectName) => kilobytes(view.kilobytes(name) * DEVICES);
  const sorted = [...all].sort((a, b) => view.kilobytes(a) - view.kilobytes(b));
  const best = sorted[0]!;
  // With events, acks and rooms: what a bare connection has not.
  const rich = sorted.find((name) => ["bridge", "socketio", "socketio-websocket"].includes(name));
  const others = sorted.filter(
    (name) => ["sse", "bridge", "socketio-websocket", "socketio", "webrtc"].includes(name) && name !== best,
  );
  return {
    need: "10,000 idle devices, little memory",
    use:
      rich === undefined || rich === best
        ? capital(view.spoken(best))
        : `${capital(view.spoken(best))}; with events, acks and rooms, ${view.spoken(rich)}`,
    why:
      `${view.results.settings.idleClients.toLocaleString("en")} clients’ memory, multiplied (of fewer for WebRTC): ` +
      `${list([best, ...others].map((name) => `${name === "socketio" ? "Socket.IO by default" : view.spoken(name)} ${megabytes(name)}`))}. ` +
      "A client that polls every few minutes takes none in between, but hears nothing until it asks.",
  };
}

/** Of those that browsers have: the fewest bytes for what a client sends. */
function typing(view: View): Decision | undefined {
  const all = (["ws", "bridge", "socketio", "sse", "sse-h2", "long-polling"] as const).filter((name) =>
    known(view.sending(name)),
  );
  if (all.length < 2) return undefined;
  const sorted = [...all].sort((a, b) => view.sending(a) - view.sending(b));
  const [best, ...others] = sorted;
  return {
    need: "Clients that send often: typing, cursors, positions",
    use: `${capital(view.spoken(best!))}${view.sending("bridge") < 2 * view.sending(best!) && best !== "bridge" ? "; for events and acks, the bridge" : ""}`,
    why:
      `On the wire for 100 bytes sent, HTTP’s answers included, with no ack: ${list([best!, ...others].map((name) => `${view.spoken(name)} ${view.sending(name).toFixed(0)}`))}. ` +
      "Where a late one is of no use, as between two players, a WebRTC data channel can be told neither to keep the order nor to send again; that was not measured.",
  };
}

function known(...values: number[]): boolean {
  return values.every((value) => !Number.isNaN(value));
}
