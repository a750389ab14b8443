/** What each plot of the page shows. Pure. */
import type { SubjectName } from "../subjects.js";
import { cheaper, cutSentences, HEADINGS, sorted } from "./conclusions.js";
import type { Chart, Row } from "./plots.js";
import type { View } from "./view.js";
import { microseconds, milliseconds } from "./words.js";

export interface Section {
  id: string;
  heading: string;
  /** What is measured, and in which units. */
  note: string;
  chart: Chart;
}

export function sections(view: View): Section[] {
  return [latency(view), bytes(view), cpu(view), idle(view), first(view), cut(view)].filter(
    ({ chart }) => chart.rows.length > 0,
  );
}

function rows(
  view: View,
  figure: (name: SubjectName) => number,
  label: (value: number) => string,
  other?: (name: SubjectName) => number,
): Row[] {
  return sorted(view, figure).map((name) => ({
    name: view.title(name),
    ours: view.subject(name).ours,
    value: figure(name),
    label: label(figure(name)),
    ...(other === undefined ? {} : { other: other(name) }),
  }));
}

/** Ticks from below the least to above the most. */
export function ticksFor(values: readonly number[], steps: readonly number[]): number[] {
  const known = values.filter((value) => !Number.isNaN(value));
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const from = steps.findLastIndex((step) => step <= least);
  const to = steps.findIndex((step) => step >= most);
  return steps.slice(Math.max(0, from), to === -1 ? undefined : to + 1);
}

const values = (all: readonly Row[]) => all.flatMap(({ value, other = NaN }) => [value, other]);

function latency(view: View): Section {
  const all = rows(
    view,
    (name) => view.latency(name),
    milliseconds,
    (name) => view.latencyFast(name),
  );
  const floor = view.latency("pipe");
  const heading = HEADINGS.latency(view);
  return {
    id: "latency",
    heading,
    note:
      "Milliseconds from publish to the application's code, median. ● at 1 message a second, ○ at 200. Left of the dashed line, what an empty TCP " +
      "pipe takes at 1 a second: two ways that differ by less than that are the same.",
    chart: {
      ...{ title: heading, rows: all, axis: "ms", scale: "log" },
      ticks: ticksFor([...values(all), floor], [0.01, 0.1, 1, 10, 100, 1_000, 10_000]),
      ...(Number.isNaN(floor) ? {} : { rule: { value: floor, text: "an empty pipe" } }),
    },
  };
}

function bytes(view: View): Section {
  const all = rows(
    view,
    (name) => view.bytes(name),
    (value) => value.toFixed(0),
    (name) => view.bytesFast(name),
  );
  const heading = HEADINGS.bytes(view);
  return {
    id: "bytes",
    heading,
    note:
      "Bytes on the wire for each message of 100 bytes that is delivered, both ways together, heartbeats and requests included, without the headers of " +
      "TCP and IP. ● at 1 message a second, ○ at 200: a poll then brings many at once.",
    chart: {
      ...{ title: heading, rows: all, axis: "bytes", scale: "log" },
      ticks: ticksFor([...values(all), 100], [50, 100, 200, 500, 1_000, 2_000, 5_000]),
    },
  };
}

function cpu(view: View): Section {
  const all = rows(view, (name) => view.cpu(name), microseconds);
  const heading = HEADINGS.cpu(view);
  const floor = view.cpu("pipe");
  return {
    id: "cpu",
    heading,
    note:
      `Microseconds of the server's CPU for each message that is delivered, with the requests that belong to it: ${view.results.settings.cpuClients} clients, ` +
      "20 messages a second, so that a poll each second brings 20. The rooms server also keeps each message on disk." +
      cheaper(view),
    chart: {
      ...{ title: heading, rows: all, axis: "µs", scale: "log" },
      ticks: ticksFor([...values(all), floor], [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000]),
      ...(Number.isNaN(floor) ? {} : { rule: { value: floor, text: "an empty pipe" } }),
    },
  };
}

function idle(view: View): Section {
  const all = rows(
    view,
    (name) => view.kilobytes(name),
    (value) => value.toFixed(0),
  );
  const heading = HEADINGS.idle(view);
  return {
    id: "idle",
    heading,
    note:
      `Kilobytes of the server's memory for each of ${view.results.settings.idleClients.toLocaleString("en")} idle clients (fewer for WebRTC), kernel's buffers not included. ` +
      "1 kilobyte is 1,000 bytes.",
    chart: {
      ...{ title: heading, rows: all, axis: "kB", scale: "log" },
      ticks: ticksFor(values(all), [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000]),
    },
  };
}

function first(view: View): Section {
  const all = rows(
    view,
    (name) => view.roundTrips(name),
    (value) => value.toFixed(1),
  );
  const heading = HEADINGS.first(view);
  const most = Math.max(...all.map(({ value }) => value));
  return {
    id: "first",
    heading,
    note: "Round trips from the beginning of the connection to the first message, over a way of 100 ms there and back. TLS would add one (TLS 1.3) to each, WebRTC has its own in it.",
    chart: {
      ...{ title: heading, rows: all, axis: "trips", scale: "linear" },
      ticks: [0, 2, 4, 6, 8, 10, 12, 14, 16].filter((tick) => tick < most + 2),
    },
  };
}

function cut(view: View): Section {
  const names = view.names.filter((name) => !Number.isNaN(view.lostInCut(name, "as it comes")));
  const all = names
    .sort((a, b) => view.lostInCut(a, "as it comes") - view.lostInCut(b, "as it comes"))
    .map((name) => {
      const [bare, recovered] = [view.lostInCut(name, "as it comes"), view.lostInCut(name, "with recovery")];
      return {
        name: view.title(name),
        ours: view.subject(name).ours,
        value: Number.isNaN(recovered) ? NaN : recovered,
        other: bare,
        label: Number.isNaN(recovered) ? String(bare) : `${bare}, ${recovered}`,
      };
    });
  const { cut: length, instances } = view.results.settings;
  const most = Math.max(0, ...all.map(({ other }) => other));
  const heading = HEADINGS.cut(view);
  return {
    id: "cut",
    heading,
    note:
      `Messages lost by one client when its connection is cut and none can be made for ${length / 1000} s, at 10 messages a second; median of ${instances}. ` +
      `○ as it comes, with no recovery; ● with what it has for that (the table below says what). ${cutSentences(view)}`,
    chart: {
      ...{ title: heading, rows: all, axis: "lost", scale: "linear" },
      ticks: [0, 20, 40, 60, 80, 100, 120, 140].filter((tick) => tick < most + 20),
    },
  };
}
