/** The page's tables of figures. Pure. */
import type { CutResult } from "../results.js";
import type { SubjectName } from "../subjects.js";
import { table } from "./html.js";
import type { View } from "./view.js";

export function figuresTable(view: View): string {
  const names = view.results.subjects.map(({ name }) => name);
  const figure = (value: number, digits: number) => (Number.isNaN(value) ? "–" : value.toFixed(digits));
  return table({
    className: "figures",
    head: [
      ...["", "ms at 1/s", "ms at 200/s", "bytes at 1/s", "at 200/s", "bytes to send"],
      ...["CPU, µs", "× ws", "idle, kB", "idle CPU, ms/min each", "round trips", "5 in a row, ms"],
    ],
    rows: names.map((name) => [
      view.title(name),
      ...[figure(view.latency(name), 2), figure(view.latencyFast(name), 2)],
      ...[view.bytes(name), view.bytesFast(name), view.sending(name)].map((value) => figure(value, 0)),
      ...[figure(view.cpu(name), 1), figure(view.cpuRatio(name), 2)],
      ...[figure(view.kilobytes(name), 1), figure(view.idleCpu(name), 2)],
      ...[figure(view.roundTrips(name), 1), figure(view.burst(name), 0)],
    ]),
    own: names.map((name) => view.subject(name).ours),
  });
}

export function cutTable(view: View): string {
  const { cuts } = view.results;
  const lost = (of: CutResult["cut"]) => of.map((client) => client.lost).join(", ");
  const repeated = ({ cut, stall }: CutResult) =>
    [...cut, ...stall].reduce((sum, client) => sum + client.repeated, 0);
  return table({
    className: "cuts",
    head: ["", "", "by", "lost in the cut", "in a stall", "came twice"],
    rows: cuts.map((cut) => [
      ...[view.title(cut.name), cut.kind, cut.by],
      ...[lost(cut.cut), lost(cut.stall), String(repeated(cut))],
    ]),
    own: cuts.map(({ name }) => view.subject(name).ours),
  });
}

export function proxyTable(view: View): string {
  const { proxies } = view.results;
  return table({
    className: "proxies",
    head: ["", "proxy_pass alone", "with the lines for WebSocket"],
    rows: proxies.map(({ name, unbuffered }) => [
      proxiedTitle(view, name, unbuffered),
      ...(["proxy_pass", "upgrade"] as const).map((kind) => view.passesText(name, kind, unbuffered)),
    ]),
    own: proxies.map(({ name }) => view.subject(name).ours),
  });
}

function proxiedTitle(view: View, name: SubjectName, unbuffered: boolean): string {
  return view.title(name) + (unbuffered ? ", with X-Accel-Buffering: no" : "");
}
