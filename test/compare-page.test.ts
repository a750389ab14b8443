import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { differences } from "../bench/compare/against.js";
import { browserHeaders } from "../bench/compare/browser-headers.js";
import { latencyOf } from "../bench/compare/latency.js";
import { Tally } from "../bench/compare/load/tally.js";
import { makeMessage, MESSAGE_BYTES, readMessage } from "../bench/compare/message.js";
import { configuration } from "../bench/compare/nginx.js";
import {
  cheaper,
  cutSentences,
  HEADINGS,
  lead,
  proxySentence,
  stallSentence,
  twoWays,
} from "../bench/compare/page/conclusions.js";
import { decisions } from "../bench/compare/page/decisions.js";
import { page } from "../bench/compare/page/page.js";
import { charts } from "../bench/compare/page/plots.js";
import { sections, ticksFor } from "../bench/compare/page/charts.js";
import { View } from "../bench/compare/page/view.js";
import { lowerQuartile } from "../bench/shared/statistics.js";
import { beside } from "../bench/compare/page/words.js";
import { pairsOf } from "../bench/compare/parts/steady.js";
import { gapsOf } from "../bench/compare/publishing.js";
import { tables } from "../bench/compare/report.js";
import type { Results, SubjectResult } from "../bench/compare/results.js";
import type { SubjectName } from "../bench/compare/subjects.js";

const read = (path: string) => readFileSync(path, "utf8");

/** The run that is in docs/: each call gives a copy that a test may change. */
const sample = (): Results => JSON.parse(read("docs/compare.json")) as Results;

/** The sample with other figures of one way. */
function changed(name: SubjectName, change: (subject: SubjectResult) => void): View {
  const results = sample();
  change(subjectOf(results, name));
  return new View(results);
}

function subjectOf(results: Results, name: SubjectName): SubjectResult {
  const subject = results.subjects.find((one) => one.name === name);
  if (subject === undefined) throw new Error(`${name} was not measured`);
  return subject;
}

/** The sample where one way lost so many messages in a cut, with all that it has against it. */
function losing(names: readonly SubjectName[], lost: number): View {
  const results = sample();
  for (const cut of results.cuts)
    if (names.includes(cut.name) && cut.kind === "with recovery")
      cut.cut = cut.cut.map(() => ({ lost, repeated: 0 }));
  return new View(results);
}

const chosen = (view: View, need: string) => {
  const decision = decisions(view).find((one) => one.need.includes(need));
  if (decision === undefined) throw new Error(`there is no decision on ${need}`);
  return decision;
};

describe("the page of the comparison", () => {
  it("is the one in docs/ that the program makes of its JSON there", () => {
    const folder = mkdtempSync(join(tmpdir(), "crossroom-test-"));
    try {
      const program = join(import.meta.dirname, "..", "bench", "compare.js");
      const file = join(folder, "compare.html");
      const args = [program, "--from", "docs/compare.json", "--page", file];
      const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
      expect(status, stderr).to.equal(0);
      for (const name of ["compare.html", "compare.json", "compare.css"])
        expect(read(join(folder, name)) === read(`docs/${name}`), `${name} is as in docs/`).to.be.true;
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("needs nothing but its style sheet: no script, no style of its own, nothing from elsewhere", () => {
    const html = page(sample());
    expect(html).not.to.match(/<script|<style|\sstyle=|\son[a-z]+=|\bsrc=/i);
    expect(html.match(/<link [^>]*>/g)).to.deep.equal(['<link rel="stylesheet" href="compare.css" />']);
  });

  it("has a plot for wide pages and one for phones, and the project's own dots alone in colour", () => {
    const html = page(sample());
    const widths = [...html.matchAll(/<svg [^>]*width="(\d+)"/g)].map(([, width]) => width);
    const sets = sections(new View(sample())).length;
    expect(widths).to.deep.equal(Array.from({ length: sets }, () => ["680", "358"]).flat());
    expect(html).to.match(/<g [^>]*class="ours"/);
    expect(html).not.to.match(/(fill|stroke)="(#|rgb|var)/);
  });

  it("names no figure that was not measured", () => {
    const results = { ...sample(), proxies: [], cuts: [] };
    delete results.pairs;
    for (const subject of results.subjects) delete subject.idle;
    expect(page(results)).not.to.match(/NaN|undefined|Infinity/);
    expect(page(sample())).not.to.match(/NaN|undefined|Infinity/);
  });

  it("covers the needs that people come with", () => {
    const needs = decisions(new View(sample())).map(({ need }) => need);
    for (const need of ["Chat", "prices", "blocks WebSocket", "once an hour", "lost", "10,000 idle"])
      expect(needs.join("\n"), need).to.include(need);
  });
});

describe("the page's sentences are made of the figures", () => {
  it("a slow way is called slow only where it is", () => {
    expect(lead(new View(sample()))[0]).to.include("polling each 10 s");
    const none = sample();
    for (const { latency } of none.subjects) if (latency !== undefined) latency.p50 = 1;
    expect(lead(new View(none))[0]).to.match(/^None of these ways is slow/);
  });

  it("headings name the dearest way, whichever it is", () => {
    const view = changed("sse", (subject) => (subject.cpuMicros = [5_000]));
    expect(HEADINGS.cpu(view)).to.match(/^SSE costs/);
    const bytes = changed("bridge", (subject) => (subject.bytes = { up: 0, down: 9_000 }));
    expect(HEADINGS.bytes(bytes)).to.include("9.0 kB by the bridge");
  });

  it("the heading of the cut counts those that lose nothing", () => {
    const [before, after] = [new View(sample()), losing(["sse"], 3)].map((view) => HEADINGS.cut(view));
    expect(after).not.to.equal(before);
  });

  it("a plain client that loses messages is not advised for chats", () => {
    expect(chosen(new View(sample()), "Chat").use).to.include("bridge");
    const { use, why } = chosen(losing(["rooms-plain"], 7), "Chat");
    expect(use).to.equal("Socket.IO on both");
    expect(why).to.include("lost 7 messages");
  });

  it("a plain client that costs too much is not either", () => {
    const view = changed("rooms-plain", (subject) => (subject.cpuMicros = [9_999]));
    expect(chosen(view, "Chat").use).to.equal("Socket.IO on both");
  });

  it("prices go by SSE, unless that is dear", () => {
    expect(chosen(new View(sample()), "prices").use).to.match(/^SSE/);
    const view = changed("sse", (subject) => (subject.cpuMicros = [9_999]));
    expect(chosen(view, "prices").use).to.equal("a bare WebSocket");
  });

  it("behind a proxy the cheapest that comes through it is advised", () => {
    const results = sample();
    const passing = (names: readonly SubjectName[]) => {
      for (const proxy of results.proxies)
        proxy.came.proxy_pass = names.includes(proxy.name) || proxy.unbuffered ? proxy.of : 0;
      return chosen(new View(results), "blocks WebSocket").use;
    };
    expect(passing(["socketio"])).to.match(/^Socket\.IO\. If only the server speaks: SSE/);
    expect(passing(["bridge"])).to.match(/^The bridge\./);
    expect(passing(["bridge-sse", "bridge-polling", "socketio"])).to.match(
      /^The bridge: its clients, native ones too, fall back to SSE or polling .*; so does Socket\.IO’s/,
    );
    expect(passing(["bridge-polling"])).to.include("fall back to polling by themselves");
    expect(passing(["ws", "bridge-polling"])).to.match(/^A bare WebSocket; or the bridge: its clients/);
    expect(passing([])).to.match(/^SSE/);
    subjectOf(results, "bridge").cpuMicros = [9_999];
    expect(passing(["socketio", "bridge"])).to.match(/^Socket\.IO/);
    subjectOf(results, "bridge").cpuMicros = [1];
    expect(passing(["socketio", "bridge"])).to.match(/^The bridge; Socket\.IO on the web falls back/);
  });

  it("polling is advised for rare updates, unless polls cost more than an open connection", () => {
    expect(chosen(new View(sample()), "once an hour").use).to.match(/^Polling/);
    const view = changed("polling-1s", ({ idle }) => {
      if (idle !== undefined) idle.cpuMillisPerMinute = 9_999;
    });
    expect(chosen(view, "once an hour").use).not.to.match(/^Polling/);
  });

  it("what loses nothing is advised where nothing may be lost", () => {
    expect(chosen(new View(sample()), "may be lost").use).to.match(/^The rooms server/);
    expect(chosen(losing(["rooms-plain"], 1), "may be lost").use).to.match(/^Socket\.IO or the bridge/);
    expect(chosen(losing(["rooms-plain", "bridge", "sse", "ws"], 1), "may be lost").use).to.match(/^None/);
  });

  it("says why of those that lose nothing the first is advised", () => {
    expect(chosen(new View(sample()), "may be lost").why).to.include("log is on disk");
    const { why } = chosen(losing(["rooms-socketio"], 3), "may be lost");
    expect(why).to.include("on either client lost 3.");
    expect(why).to.match(/With recovery none was: Socket\.IO or the bridge/);
    expect(why).not.to.include("log is on disk");
  });

  it("compares a plain client with a Socket.IO client of the same server", () => {
    const { why } = chosen(
      changed("bridge", ({ idle }) => {
        if (idle !== undefined) idle.kilobytes = 77;
      }),
      "Chat",
    );
    expect(why).to.match(/the bridge and Socket\.IO on WebSocket take 77 kB and \d+ kB/);
    expect(why).to.include("kept on disk first");
    const quick = changed("rooms-plain", ({ latency }) => {
      if (latency !== undefined) latency.p50 = 0.1;
    });
    expect(chosen(quick, "Chat").why).not.to.include("kept on disk first");
  });

  it("SSE is advised with a warning where a proxy holds it back", () => {
    expect(chosen(new View(sample()), "prices").why).to.include("or 0 of 30 come in time");
    const results = sample();
    for (const proxy of results.proxies) proxy.came.proxy_pass = proxy.of;
    expect(chosen(new View(results), "prices").why).not.to.include("nginx");
    expect(proxySentence(new View(results))).not.to.include("buffering");
    expect(proxySentence(new View(sample()))).to.include("buffering");
  });

  it("what a cut and a stall did is said as it was", () => {
    expect(cutSentences(new View(sample()))).to.match(/^50 were published .* None as it comes: .*WebRTC/);
    const results = sample();
    for (const cut of results.cuts) {
      cut.cut = [{ lost: 7, repeated: 0 }];
      cut.stall = [{ lost: 1, repeated: 0 }];
    }
    expect(cutSentences(new View(results))).to.equal("");
    expect(stallSentence(new View(sample()))).to.include("nobody lost any");
    expect(stallSentence(new View(results))).not.to.include("nobody");
  });

  it("the bridge is said to be cheaper only where it is", () => {
    expect(cheaper(new View(sample()))).to.include("a frame once for all");
    expect(cheaper(changed("bridge", (subject) => (subject.cpuMicros = [9_999])))).to.equal("");
  });

  it("for many idle devices the one with the least memory is advised", () => {
    const view = changed("long-polling", ({ idle }) => {
      if (idle !== undefined) idle.kilobytes = 0.1;
    });
    expect(chosen(view, "10,000 idle").use).to.match(/^Long polling/);
  });

  it("the two clients of one room are told apart only where they differ", () => {
    const same = changed("rooms-plain", (subject) => {
      const web = subjectOf(sample(), "rooms-socketio");
      if (web.bytes !== undefined) subject.bytes = web.bytes;
    });
    expect(twoWays(same)?.sentences.join(" ")).to.include("bytes about the same");
    expect(twoWays(same)?.sentences[0]).to.include("at the same time");
    const results = sample();
    if (results.pairs !== undefined) results.pairs.medianLead = -3;
    expect(twoWays(new View(results))?.sentences[0]).to.include("3.00 ms later");
    const dear = changed("rooms-plain", (subject) => (subject.bytes = { up: 0, down: 99_999 }));
    expect(twoWays(dear)?.sentences.join(" ")).to.match(/bytes \d+ times as much/);
    const lost = twoWays(losing(["rooms-socketio"], 4))?.sentences.join(" ");
    expect(lost).to.include("with the rooms layer 4 and 0");
  });
});

describe("the comparison's figures", () => {
  it("say which of two numbers is more, and call the same what is within the noise", () => {
    expect([beside(110, 100), beside(130, 100), beside(310, 100), beside(60, 100)]).to.deep.equal([
      ...["about the same", "30 % more", "3.1 times as much", "40 % less"],
    ]);
  });

  it("of CPU are lower quartiles: what disturbs some rounds does not count", () => {
    expect(lowerQuartile([30, 11, 40, 10, 12, 13, 90])).to.equal(11);
    expect(lowerQuartile([5])).to.equal(5);
    expect(lowerQuartile([])).to.be.NaN;
  });

  it("are medians and quantiles of all latencies", () => {
    expect(latencyOf([5, 1, 3, 2, 4])).to.deep.equal({ p50: 3, p95: 5, count: 5 });
  });

  it("set two clients' latencies side by side, message for message", () => {
    expect(pairsOf([2, 5, 3], [1, 6, 1])).to.deep.equal({ count: 3, plainFirst: 2, medianLead: 1 });
    expect(pairsOf([1], undefined)).to.be.undefined;
  });

  it("are held against those of another run", () => {
    expect(differences(sample(), sample())).to.be.empty;
    const other = sample();
    subjectOf(other, "ws").bytes = { up: 0, down: 200 };
    subjectOf(other, "sse").cpuMicros = [9_999];
    for (const cut of other.cuts) if (cut.name === "bridge") cut.cut = [{ lost: 9, repeated: 0 }];
    const lines = differences(sample(), other).join("\n");
    expect(lines).to.match(/^ws, bytes at 1\/s: \d+ and 200/m);
    expect(lines).to.match(/^sse, CPU, as times of ws/m);
    expect(lines).to.include("bridge, lost with recovery: 0 and 9");
  });

  it("are there as tables for a terminal", () => {
    const text = tables(sample());
    expect(text).to.match(/^the bridge +\d/m);
    expect(text).not.to.include("NaN");
  });

  it("have ticks around them", () => {
    expect(ticksFor([3, 30, NaN], [1, 10, 100, 1_000])).to.deep.equal([1, 10, 100]);
  });

  it("are drawn where they are known, and none where they are not", () => {
    const row = { name: "a", ours: true, label: "7", value: 7 };
    const svg = charts({
      ...{ title: "t", axis: "ms", scale: "linear", ticks: [0, 10] },
      rows: [row, { ...row, name: "b", value: NaN, other: 5 }],
    });
    expect(svg.match(/<circle/g)).to.have.length(2 * 2);
  });
});

describe("the comparison's parts", () => {
  it("carry messages of one size, each of them different", () => {
    const texts = [1, 12, 4_711].map((n) => JSON.stringify(makeMessage(n, 123_456_789_012)));
    for (const text of texts) expect(text).to.have.length(MESSAGE_BYTES);
    expect(new Set(texts)).to.have.length(3);
    expect(() => readMessage("[]")).to.throw("no message");
  });

  it("publish at random and in the same time in each run", () => {
    const gaps = gapsOf({ count: 60, perSecond: 1, seed: 1 });
    expect(gaps).to.deep.equal(gapsOf({ count: 60, perSecond: 1, seed: 1 }));
    expect(gaps.reduce((sum, gap) => sum + gap, 0)).to.be.closeTo(60e6, 1);
    expect(Math.max(...gaps)).to.be.above(2 * Math.min(...gaps));
  });

  it("see a message that is lost, comes twice or out of order", () => {
    const tally = (...numbers: number[]) => {
      const made = new Tally();
      for (const n of numbers) made.take(makeMessage(n));
      return made;
    };
    expect(tally(0, 1, 2, 3).latencies(1, 3)).to.have.length(3);
    expect(() => tally(1, 3).latencies(1, 3)).to.throw("1 of 3 messages were lost");
    expect(() => tally(1, 2, 2, 3).latencies(1, 3)).to.throw("more than once");
    expect(() => tally(1, 3, 2).latencies(1, 3)).to.throw("message 2 came after 3");
    expect(tally(1, 3, 3).missed(1, 4)).to.deep.equal({ lost: 2, repeated: 1 });
  });

  it("send what a browser sends: no cookie, and the page's own origin", () => {
    const headers = browserHeaders("post", 1234);
    expect(headers["Origin"]).to.equal("http://127.0.0.1:1234");
    expect(Object.keys(headers).join()).not.to.match(/cookie/i);
  });

  it("put nginx before each server, with a folder of its own", () => {
    const text = configuration(
      "/f",
      new Map([
        ["80 proxy_pass", 8_001],
        ["80 upgrade", 8_002],
      ]),
    );
    expect(text).to.include("listen 127.0.0.1:8001; location / { proxy_pass http://127.0.0.1:80; }");
    expect(text).to.match(/8002;.*\$http_upgrade/);
    for (const line of text.split("\n").filter((one) => one.includes("_path") || one.startsWith("pid")))
      expect(line).to.include(" /f/");
  });
});
