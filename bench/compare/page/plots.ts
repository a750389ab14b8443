/**
 * The page's plots, as SVG: dots on a line for each way. No style is in them but what the page's style sheet gives to their classes, so
 * that they follow the reader's colours and are let in by a strict content security policy.
 */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";

export interface Row {
  name: string;
  /** The project's own, which alone is in colour. */
  ours: boolean;
  /** NaN: there is none. */
  value: number;
  label: string;
  /** A second figure, as a ring. */
  other?: number;
}

export interface Chart {
  /** For who cannot see it; the figures are in the page's table. */
  title: string;
  rows: readonly Row[];
  axis: string;
  scale: "linear" | "log";
  /** From the first to the last. */
  ticks: readonly number[];
  tickText?: (value: number) => string;
  /** A line across, and what it is. */
  rule?: { value: number; text: string };
}

/** Of the page on a desktop and on a phone. */
export const WIDTHS = { wide: 680, narrow: 358 } as const;

const ROW = 24;
const NAMES = 158;
const RIGHT = 64;
const BOTTOM = 28;
const FONT = 12;
/** Pixels between the middles of two labels of an axis, at least. */
const APART = 40;

/** Both, of which the style sheet shows the one that fits. */
export function charts(chart: Chart): string {
  const widths = Object.entries(WIDTHS) as [keyof typeof WIDTHS, number][];
  return widths.map(([name, width]) => draw(chart, width, name)).join("\n");
}

function draw(chart: Chart, width: number, className: string): string {
  const { title, rows, axis, scale, ticks, tickText = String, rule } = chart;
  const { document } = parseHTML("<html><body></body></html>");
  const domain: [number, number] = [ticks[0] ?? 0, ticks.at(-1) ?? 1];
  const top = rule === undefined ? 4 : 24;
  const isDot = ({ value }: Row) => !Number.isNaN(value);
  const isRing = ({ other = NaN }: Row) => !Number.isNaN(other);
  const drawn = rows.filter((row) => isDot(row) || isRing(row));
  const [own, others] = [drawn.filter(({ ours }) => ours), drawn.filter(({ ours }) => !ours)];
  const [lowest] = domain;
  const x = (value: number) => Math.max(value, lowest);
  // A label is right of both marks.
  const end = ({ value, other = NaN }: Row) =>
    x(Math.max(...[value, other].filter((one) => !Number.isNaN(one))));
  const marks: Plot.Markish[] = [
    Plot.gridX(ticks, { stroke: "currentColor", strokeOpacity: 0.13 }),
    // As text: on a log scale Plot's own axis leaves out labels as it thinks fit.
    Plot.text(readable(ticks, domain, scale, width - NAMES - RIGHT), {
      ...{ x: (tick: number) => tick, text: (tick: number) => tickText(tick), className: "axis" },
      ...{ frameAnchor: "bottom", dy: 18, fontSize: FONT },
    }),
    Plot.text([axis], {
      frameAnchor: "bottom-right",
      dx: RIGHT - 4,
      dy: 12,
      fontSize: FONT,
      className: "axis",
    }),
    Plot.axisY({ tickSize: 0, fontSize: FONT, label: null, textAnchor: "start", dx: 12 - NAMES }),
    ...(rule === undefined
      ? []
      : [
          Plot.ruleX([rule.value], { stroke: "currentColor", strokeDasharray: "3 3", className: "rule" }),
          Plot.text([rule], {
            ...{
              x: "value",
              text: "text",
              frameAnchor: "top",
              dy: -14,
              fontSize: 11,
              className: "rule-text",
            },
          }),
        ]),
    Plot.link(
      drawn.filter((row) => isDot(row) && isRing(row)),
      {
        x1: (row: Row) => x(row.value),
        x2: (row: Row) => x(row.other ?? NaN),
        y1: "name",
        y2: "name",
        stroke: "currentColor",
        strokeOpacity: 0.35,
      },
    ),
    ...[others, own].flatMap((some, i) => {
      const name = i === 0 ? "others" : "ours";
      const options = { y: "name", className: name };
      return [
        Plot.dot(some.filter(isRing), {
          ...options,
          x: (row: Row) => x(row.other ?? NaN),
          r: 4,
          stroke: "currentColor",
          fill: "none",
          strokeWidth: 1.5,
        }),
        Plot.dot(some.filter(isDot), {
          ...options,
          x: (row: Row) => x(row.value),
          r: 5,
          fill: "currentColor",
        }),
        Plot.text(some, { ...options, x: end, text: "label", dx: 10, textAnchor: "start", fontSize: FONT }),
      ];
    }),
  ];
  const svg = Plot.plot({
    document,
    width,
    height: rows.length * ROW + top + BOTTOM,
    ...{ marginLeft: NAMES, marginRight: RIGHT, marginTop: top, marginBottom: BOTTOM },
    x: { type: scale, domain, axis: null },
    y: { domain: rows.map(({ name }) => name) },
    marks,
  });
  svg.querySelector("style")?.remove();
  svg.setAttribute("class", className);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", title);
  svg.setAttribute("font-family", "inherit");
  return svg.outerHTML;
}

/** The ticks whose labels have room: of even ones each second or third, from the first on; of others the last one in any case. */
function readable(
  ticks: readonly number[],
  [from, to]: readonly [number, number],
  scale: Chart["scale"],
  pixels: number,
): number[] {
  if (scale === "linear") {
    const apart = pixels / (ticks.length - 1);
    return ticks.filter((_, i) => i % Math.ceil(APART / apart) === 0);
  }
  const at = (tick: number) => (Math.log(tick / from) / Math.log(to / from)) * pixels;
  const kept: number[] = [];
  for (const tick of [...ticks].reverse()) {
    const right = kept[0];
    if (right === undefined || at(right) - at(tick) >= APART) kept.unshift(tick);
  }
  return kept;
}
