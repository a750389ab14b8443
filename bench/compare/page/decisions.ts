/**
 * Which way to take for which need. What a way can do at all is known of it; among those that can, the figures decide, by the rule that is
 * written beside each. Pure.
 */
import type { SubjectName } from "../subjects.js";
import type { View } from "./view.js";
import {
  beside,
  bytes,
  capital,
  EXACT,
  kilobytes,
  list,
  microseconds,
  milliseconds,
  times,
} from "./words.js";

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
    use: "Socket.IO on the web and the bridge for native apps, in the same rooms",
    why:
      `A plain client takes ${kilobytes(view.kilobytes(native))} of the server’s memory and a Socket.IO client ` +
      `${kilobytes(view.kilobytes(web))}; CPU for a message is ${beside(view.cpu(native), view.cpu(web))}, ` +
      `bytes are ${beside(view.bytes(native), view.bytes(web), EXACT)}. With the rooms layer ${
        losses(native) === 0 && losses(web) === 0
          ? "neither lost a message in a cut"
          : `they lost ${losses(native)} and ${losses(web)} messages in a cut`
      }.`,
  };
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
      (known(loses) ? `With ids it lost ${loses === 0 ? "nothing" : `${loses} messages`} in a cut.` : ""),
  };
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
  // What Socket.IO as it comes costs there is what its polling costs.
  const cost = (name: SubjectName) => view.cpu(name === "socketio" ? "socketio-polling" : name);
  const through = (["bridge-sse", "bridge-polling", "socketio", "ws", "bridge"] as const)
    .filter((name) => view.passes(name, "proxy_pass") === 1)
    .sort((a, b) => cost(a) - cost(b));
  const refused = (["ws", "socketio-websocket", "bridge"] as const).filter(
    (name) => view.passes(name, "proxy_pass") === 0,
  );
  const [best, ...others] = through;
  const oneWay = view.passes("sse", "proxy_pass", true) === 1 ? "SSE with X-Accel-Buffering: no" : "polling";
  // A web page that has Socket.IO's client already needs no other one.
  const besides = others.includes("socketio") ? "; Socket.IO on the web falls back by itself" : "";
  const said = through.map(
    (name) => `${view.spoken(name)} at ${microseconds(cost(name))} of CPU for a message`,
  );
  return {
    need: "Behind a firewall or proxy that blocks WebSocket",
    use:
      best === undefined
        ? oneWay
        : `${capital(view.spoken(best))}${besides}. If only the server speaks: ${oneWay}`,
    why: [
      said.length > 0 ? `All messages came by ${list(said)}.` : "",
      refused.length > 0
        ? `By ${list(refused.map((name) => view.spoken(name)))}: ${view.passesText(refused[0]!, "proxy_pass")}.`
        : "",
      `By SSE: ${view.passesText("sse", "proxy_pass")} without the header, ${view.passesText("sse", "proxy_pass", true)} with it.`,
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
    `${POLLS} polls an hour cost ${milliseconds(polls)} of CPU and ${bytes(POLLS * view.firstBytes("polling-1s"))}, and the server keeps nothing ` +
    `between them; to keep ${view.spoken(least!)} open costs ${milliseconds(beats)} and ${kilobytes(kept)} of memory all the time.`;
  return polls <= 2 * beats
    ? { need: "An update once an hour", use: "Polling, each five minutes", why }
    : { need: "An update once an hour", use: capital(view.spoken(least!)), why };
}

/** Who lost nothing in cut and stall: with what is bought before what is one's own to write. */
function lossless(view: View): Decision | undefined {
  const candidates: [SubjectName, string][] = [
    ["rooms-plain", "the rooms server with its rooms layer, on either client"],
    ["bridge", "Socket.IO or the bridge with connection state recovery"],
    ["sse", "SSE with ids and a log"],
    ["ws", "a log of your own, and code that asks since which one"],
  ];
  const measured = candidates.filter(([name]) => known(view.worstLoss(name, "with recovery")));
  if (measured.length === 0) return undefined;
  const safe = measured.filter(([name]) => view.worstLoss(name, "with recovery") === 0);
  const [best] = safe;
  const unsafe = (["ws", "socketio", "bridge", "rooms-plain"] as const).filter((name) =>
    known(view.lostInCut(name, "as it comes")),
  );
  const meanwhile = view.cut(unsafe[0] ?? "ws", "as it comes")?.meanwhile ?? NaN;
  const said = unsafe.map((name) => `${view.spoken(name)} ${view.lostInCut(name, "as it comes")}`);
  return {
    need: "No message may be lost over a reconnect",
    use: best === undefined ? "None of these by itself" : capital(best[1]),
    why:
      `A cut in which ${meanwhile} messages were published, and the time until they were back, cost ${list(said)} of them as they come. ` +
      `With what each has against it, at worst: ${list(measured.map(([name]) => `${view.spoken(name)} ${view.worstLoss(name, "with recovery")}`))}.`,
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
    (name) => ["sse", "bridge", "socketio", "webrtc"].includes(name) && name !== best,
  );
  return {
    need: "10,000 idle devices, little memory",
    use:
      rich === undefined || rich === best
        ? capital(view.spoken(best))
        : `${capital(view.spoken(best))}; with events, acks and rooms, ${view.spoken(rich)}`,
    why: `For ${DEVICES.toLocaleString("en")}: ${list([best, ...others].map((name) => `${view.spoken(name)} ${megabytes(name)}`))}.`,
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
    use: `${capital(view.spoken(best!))}${view.sending("bridge") < 2 * view.sending(best!) && best !== "bridge" ? ", or the bridge with events and acks" : ""}`,
    why: `On the wire for 100 bytes sent: ${list([best!, ...others].map((name) => `${view.spoken(name)} ${view.sending(name).toFixed(0)}`))}.`,
  };
}

function known(...values: number[]): boolean {
  return values.every((value) => !Number.isNaN(value));
}
