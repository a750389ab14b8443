/** The page: sentences, tables and plots, all made of the results. It needs `compare.css` beside it, and no script. Pure. */
import { UPGRADE_LINES, UPGRADE_MAP } from "../nginx-lines.js";
import type { Results } from "../results.js";
import { sections } from "./charts.js";
import { burstSentence, HEADINGS, lead, proxySentence, stallSentence, twoWays } from "./conclusions.js";
import { decisions } from "./decisions.js";
import { scrolling, table, text } from "./html.js";
import { charts } from "./plots.js";
import { cutTable, figuresTable, proxyTable } from "./tables.js";
import { View } from "./view.js";
import { count } from "./words.js";

export function page(results: Results): string {
  const view = new View(results);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" />
<meta name="description" content="Polling, SSE, WebSocket, Socket.IO, the bridge and WebRTC, measured side by side in one run." />
<title>Which way to bring messages to clients?</title>
<link rel="stylesheet" href="compare.css" />
</head>
<body>
<main>
${[
  intro(view),
  decisionSection(view),
  twoWaysSection(view),
  ...sections(view).map(
    ({ id, heading, note, chart }) =>
      `<section id="${id}">\n<h2>${text(heading)}</h2>\n<p class="note">${text(note)}</p>\n${charts(chart)}\n${id === "cut" ? cuts(view) : ""}</section>`,
  ),
  proxySection(view),
  figuresSection(view),
  limits(view),
]
  .filter((part) => part !== "")
  .join("\n\n")}
</main>
</body>
</html>
`;
}

function paragraphs(sentences: readonly string[]): string {
  return `<p>${sentences
    .filter((sentence) => sentence !== "")
    .map(text)
    .join(" ")}</p>`;
}

function intro(view: View): string {
  const { date, node, cores, cpu, versions, seconds, slip } = view.results.machine;
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `<header>
<h1>Which way to bring messages to clients?</h1>
${paragraphs(lead(view))}
<p>Of this project’s own: <b>the bridge</b> lets a <b>plain client</b>, whatever sends JSON over a WebSocket or over HTTP, into a Socket.IO server as one of its sockets; there are clients in TypeScript, Kotlin, Swift and Rust.
The <b>rooms server</b> (“rooms:” below) is Socket.IO, the bridge, and rooms that keep their messages; its <b>rooms layer</b> is a part of each of these clients, and a library for Socket.IO’s on the web.
“The bridge” alone is by WebSocket, “by SSE” and “by polling” is what its clients fall back to, in this order, where that is refused.</p>
<p class="machine">${text(
    `One run of ${Math.round(seconds)} s on ${date}: ${cores} cores (${cpu}), Node.js ${node}, ${names.join(", ")}; loopback, no TLS, no compression. ` +
      `The publisher was late by ${slip.toFixed(1)} ms at worst; times count from when it did publish. Compare within the page: ratios hold on other machines, times do not.`,
  )}</p>
<p class="legend"><span class="dot ours"></span> this project’s own <span class="dot"></span> all others</p>
</header>`;
}

function decisionSection(view: View): string {
  const all = decisions(view);
  if (all.length === 0) return "";
  return `<section id="choose">
<h2>Choose by need</h2>
${table({
  className: "decisions",
  head: ["Need", "Use", "Because"],
  rows: all.map(({ need, use, why }) => [need, use, why.trim()]),
})}
</section>`;
}

function twoWaysSection(view: View): string {
  const found = twoWays(view);
  if (found === undefined) return "";
  return `<section id="two-ways">
<h2>Two ways into one room: Socket.IO client or plain client</h2>
${paragraphs(found.sentences)}
${table({
  className: "two-ways",
  head: ["In a room of the rooms server", "Socket.IO client", "plain client", "plain is"],
  rows: found.rows.map(({ what, socketIo, plain, said }) => [what, socketIo, plain, said]),
})}
<p class="note">The same server as <code>npm start</code> runs, which keeps each message on disk before it is delivered; both clients over WebSocket here, and by themselves over HTTP where that is refused. The plain client is JSON over a
WebSocket that anything can open (<a href="https://www.npmjs.com/package/@crossroom/client">@crossroom/client</a> here).</p>
</section>`;
}

function cuts(view: View): string {
  return `<details>
<summary>What each has against losses, and what each client lost</summary>
<p class="note">${text(stallSentence(view))}</p>
${scrolling("Losses", cutTable(view))}
</details>
`;
}

function proxySection(view: View): string {
  if (view.results.proxies.length === 0) return "";
  return `<section id="proxies">
<h2>${text(HEADINGS.proxies(view))}</h2>
<p class="note">Messages that came within 2 s through nginx, with <code>proxy_pass</code> alone, and with the lines that its documentation adds for WebSocket.
${text(proxySentence(view))}</p>
${scrolling("Through a proxy", proxyTable(view))}
<details>
<summary>The lines for WebSocket</summary>
<pre><code>${text([UPGRADE_MAP, ...UPGRADE_LINES.map((line) => `${line.padEnd(50)}# in the location`)].join("\n"))}</code></pre>
</details>
</section>`;
}

function figuresSection(view: View): string {
  return `<section id="figures">
<h2>All figures</h2>
<p>${text(`${burstSentence(view)} Bytes to send are without an ack, but for the rooms server: there they are with it, and with the copy that comes back. CPU is the lower quartile of ${count(view.rounds, "round")}, as others on the machine only add to it, and differs by up to a fifth from run to run; × ws is as times of the bare WebSocket’s.`.trim())}</p>
${scrolling("All figures", figuresTable(view))}
</section>`;
}

function limits(view: View): string {
  return `<section id="limits">
<h2>What this does not show</h2>
<ul>
<li>One machine, and a network without loss. On mobile networks a lost packet holds back what comes after it in all of these, but for a WebRTC channel that is set to let it be lost (here it is sent again).</li>
<li>No TLS. It adds a round trip to the first message, about 25 bytes to each write, and memory for each connection; most where there are many small requests.</li>
<li>Clients are programs in Node.js with a browser’s headers, not browsers. Cookies would be sent with each request, and cost polling and SSE’s sends most.</li>
<li>What is lost is a matter of the application’s code: any of these loses nothing once somebody keeps the messages, and asks since which one.</li>
<li>The cut ends connections cleanly. A phone that leaves a network leaves one that seems open until a heartbeat fails; what is sent into it until then is lost too, unless a recovery brings it again.</li>
<li>One room of ${view.results.settings.cpuClients} clients and small messages. What many receivers cost is in <code>npm run bench:fanout</code>.</li>
</ul>
<h2>Measure it yourself</h2>
<pre><code>npm ci
npm run compare                                   # tables, in less than six minutes
npm run compare -- --page .cache/compare.html     # this page
npm run --silent compare -- --json                # one JSON object</code></pre>
<p>How each figure is come by, and the rules of fairness, are in <code>docs/compare.md</code>. The figures of this page are in <a href="compare.json">compare.json</a>.</p>
</section>`;
}
