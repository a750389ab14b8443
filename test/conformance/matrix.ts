/** The table of clients and scenarios, as text and as a page. Pure. */

/** What came of a scenario with a client. */
export type Cell =
  | { readonly outcome: "passed" }
  | { readonly outcome: "failed"; readonly why: string }
  /** There is no such thing for this client. */
  | { readonly outcome: "not for it"; readonly why: string }
  /** It could not be played: no toolchain, say. */
  | { readonly outcome: "left out"; readonly why: string };

export interface Column {
  readonly title: string;
}

export interface Row {
  readonly title: string;
  /** In the order of the columns. */
  readonly cells: readonly Cell[];
}

export interface Table {
  readonly columns: readonly Column[];
  readonly themes: readonly { readonly title: string; readonly rows: readonly Row[] }[];
}

const MARKS: Record<Cell["outcome"], string> = {
  passed: "✓",
  failed: "✗",
  "not for it": "–",
  "left out": "",
};

/** For a terminal. */
export function asText({ columns, themes }: Table): string {
  const width = Math.max(0, ...themes.flatMap(({ rows }) => rows.map(({ title }) => title.length))) + 4;
  const line = (label: string, cells: readonly string[]): string =>
    `${label.padEnd(width)}${cells.map((cell, n) => cell.padEnd((columns[n]?.title.length ?? 0) + 2)).join("")}`.trimEnd();
  return [
    line(
      "",
      columns.map(({ title }) => title),
    ),
    ...themes.flatMap(({ title, rows }) => [
      title,
      ...rows.map((row) => line(`  ${row.title}`, row.cells.map(mark))),
    ]),
  ].join("\n");
}

/** For docs/conformance.md. */
export function asPage(table: Table): string {
  const { columns, themes } = table;
  const notes: string[] = [];
  const note = (why: string): number => {
    if (!notes.includes(why)) notes.push(why);
    return notes.indexOf(why) + 1;
  };
  const cell = (one: Cell): string =>
    one.outcome === "not for it" ? `${mark(one)} <sup>${note(one.why)}</sup>` : mark(one);
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const body = themes.flatMap(({ title, rows }) => [
    line([`**${title}**`, ...columns.map(() => "")]),
    ...rows.map((row) => line([row.title, ...row.cells.map(cell)])),
  ]);
  return [
    "# The conformance matrix",
    "",
    "Written by `npm run conformance`. Each row is a scenario, played through every client by the same code; what they are and how",
    "another client is added is in [How a client is certified](conformance-agent.md).",
    "",
    line(["", ...columns.map(({ title }) => title)]),
    line(["---", ...columns.map(() => ":-:")]),
    ...body,
    "",
    ...notes.map((why, n) => `${n + 1}. ${why[0]?.toUpperCase() ?? ""}${why.slice(1)}.`),
    "",
  ].join("\n");
}

function mark({ outcome }: Cell): string {
  return MARKS[outcome];
}
